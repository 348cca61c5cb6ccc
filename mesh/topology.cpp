// SPDX-License-Identifier: MIT
#include "mesh/topology.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <bit>
#include <iterator>

namespace askr::mesh {
namespace {

constexpr seconds one_second{1};

bool contains(std::span<const node_id> sorted, const node_id& id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

node_id finger_point(const node_id& id, unsigned k) noexcept {
  ASKR_ASSERT(k >= 1 && k <= 64);
  // The added bit lies in the upper half, and what is carried out of that wraps around the ring.
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) head = head << 8 | id.bytes[i];
  head += std::uint64_t{1} << (64 - k);
  auto out = id;
  for (std::size_t i = 8; i-- > 0; head >>= 8) out.bytes[i] = static_cast<std::uint8_t>(head);
  return out;
}

topology::topology(const topology_options& options, const node_id& self) : options_(options), self_(self) {}

void topology::on_message(time_point now, const node_id& far) {
  if (!ring_ || options_.direct_messages == 0 || far == self_) return;
  if (talkers_.size() >= options_.talkers_max && !talkers_.contains(far)) {
    forget_quiet(now);
    if (talkers_.size() >= options_.talkers_max) return;
  }
  auto& row = talkers_[far];
  if (now - row.second >= one_second) {
    row.second = now;
    row.messages = 0;
  }
  if (++row.messages < options_.direct_messages) return;
  const bool news = row.wanted_until < now;
  row.wanted_until = now + options_.direct_keep;
  if (news) next_timeout_ = std::min(next_timeout_, now);
}

void topology::forget_quiet(time_point now) {
  std::erase_if(talkers_, [&](const auto& each) {
    return now - each.second.second >= one_second && each.second.wanted_until < now;
  });
}

topology_plan topology::plan(time_point now, const topology_view& view) {
  next_timeout_ = time_point::max();
  choose_mode(view.up.size() + (contains(view.up, self_) ? 0 : 1));
  topology_plan out;
  if (ring_) {
    want_ring(view, out.wanted);
    want_direct(now, view, out.wanted);
  } else {
    out.wanted.assign(view.up.begin(), view.up.end());
    talkers_.clear();
  }
  std::sort(out.wanted.begin(), out.wanted.end());
  out.wanted.erase(std::unique(out.wanted.begin(), out.wanted.end()), out.wanted.end());
  std::erase(out.wanted, self_);
  out.may_close = unwanted(now, view, out.wanted);
  return out;
}

void topology::choose_mode(std::size_t nodes) {
  if (nodes > options_.full_mesh_max) ring_ = true;
  if (nodes < options_.full_mesh_again) ring_ = false;
}

bool topology::would_want(std::vector<node_id> up, const node_id& node) const {
  up.insert(std::lower_bound(up.begin(), up.end(), node), node);
  std::vector<node_id> wanted;
  want_ring({.up = up, .linked = up, .wanted_here = {}, .failed = {}}, wanted);
  return std::find(wanted.begin(), wanted.end(), node) != wanted.end();
}

void topology::want_ring(const topology_view& view, std::vector<node_id>& wanted) const {
  const auto after = [&](const node_id& point) {
    return static_cast<std::size_t>(std::lower_bound(view.up.begin(), view.up.end(), point) - view.up.begin());
  };
  const auto successor =
      static_cast<std::size_t>(std::upper_bound(view.up.begin(), view.up.end(), self_) - view.up.begin());
  want_one_of(view, successor, options_.successors, wanted);
  const auto nodes = view.up.size() + (contains(view.up, self_) ? 0 : 1);
  const auto fingers = static_cast<unsigned>(std::bit_width(nodes)) - 1;  // floor(log2 N)
  for (unsigned k = 1; k <= fingers && wanted.size() < options_.links_max; ++k) {
    want_one_of(view, after(finger_point(self_, k)), 1, wanted);
  }
}

// The first `count` of the nodes from `at` on that can be linked. While one of these is not linked yet, those that
// stood in for it so far stay wanted: new links come up before old ones go. If none can be linked, the first is tried
// for ever.
void topology::want_one_of(const topology_view& view, std::size_t at, std::size_t count,
                           std::vector<node_id>& wanted) const {
  const auto nodes = view.up.size();
  std::vector<node_id> choices;
  for (std::size_t i = 0; i < nodes && choices.size() < options_.choices + count - 1; ++i) {
    const auto& each = view.up[(at + i) % nodes];
    if (each != self_) choices.push_back(each);
  }
  std::size_t chosen = 0;
  std::size_t missing = 0;
  for (const auto& each : choices) {
    const bool linked = contains(view.linked, each);
    if (chosen < count ? !linked && contains(view.failed, each) : !linked || missing == 0) continue;
    wanted.push_back(each);
    if (chosen >= count) {
      --missing;
    } else {
      ++chosen;
      missing += linked ? 0 : 1;
    }
  }
  if (chosen == 0 && !choices.empty()) wanted.push_back(choices.front());
}

void topology::want_direct(time_point now, const topology_view& view, std::vector<node_id>& wanted) {
  std::erase_if(talkers_, [&](const auto& each) { return !contains(view.up, each.first); });
  std::vector<std::pair<time_point, node_id>> direct;
  for (const auto& [id, row] : talkers_) {
    if (row.wanted_until < now || (contains(view.failed, id) && !contains(view.linked, id))) continue;
    direct.emplace_back(row.wanted_until, id);
  }
  std::sort(direct.begin(), direct.end(), std::greater<>());  // Those that talked last come first.
  const auto room = options_.links_max - std::min(options_.links_max, wanted.size());
  direct.resize(std::min({direct.size(), options_.direct_max, room}));
  for (const auto& [until, id] : direct) {
    wanted.push_back(id);
    next_timeout_ = std::min(next_timeout_, until + clock::duration(1));
  }
}

std::vector<node_id> topology::unwanted(time_point now, const topology_view& view, const std::vector<node_id>& wanted) {
  std::vector<node_id> out;
  std::erase_if(unwanted_since_, [&](const auto& each) { return !contains(view.linked, each.first); });
  std::size_t surplus =
      view.linked.size() - std::min(view.linked.size(), ring_ ? options_.links_max : view.linked.size());
  for (const auto& each : view.linked) {
    if (contains(wanted, each) || contains(view.wanted_here, each)) {
      unwanted_since_.erase(each);
      continue;
    }
    const auto since = unwanted_since_.try_emplace(each, now).first->second;
    if (now - since >= options_.keep || surplus > 0) {
      out.push_back(each);
      surplus -= surplus > 0 ? 1 : 0;
    } else {
      next_timeout_ = std::min(next_timeout_, since + options_.keep);
    }
  }
  return out;
}

}  // namespace askr::mesh
