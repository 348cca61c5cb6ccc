// SPDX-License-Identifier: MIT
#include "libaskr/src/event_tree.hpp"

#include <algorithm>
#include <functional>

namespace askr {
namespace {

constexpr std::size_t leaves_max = 4096;

std::uint64_t mix(std::uint64_t hash, std::uint64_t more) noexcept {
  hash ^= more + 0x9e3779b97f4a7c15 + (hash << 6U) + (hash >> 2U);
  hash *= 0xff51afd7ed558ccd;
  return hash ^ hash >> 33U;
}

}  // namespace

link_id event_tree::way_to(time_point now, mesh::routes& paths, interested_node& to) {
  const auto version = paths.update(now);
  const auto* kept = to.way_version == version ? peers_.find(to.way) : nullptr;
  if (kept != nullptr && !kept->retiring && !kept->closing) return to.way;
  // A link is a way before both ends have told others of it, and until it is let go: meanwhile they go around it, or
  // not yet.
  auto way = peers_.link_to(to.node);
  const auto* child = way == no_link ? paths.tree_from(now, self_).child_towards(to.node) : nullptr;
  if (child != nullptr) way = peers_.link_to(*child);
  if (to.way != no_link && to.way != way) {
    to.wants_heads = true;
    interest_.note_owed(to);
  }
  to.way = way;
  to.way_version = version;
  return way;
}

bool event_tree::has_children(time_point now, mesh::routes& paths, const node_id& origin) {
  const auto version = paths.update(now);
  auto& known = leaves_[origin];
  if (known.version == version) return known.has_children;
  if (leaves_.size() > leaves_max) leaves_.clear();
  const bool has = !paths.tree_from(now, origin).children().empty();
  leaves_[origin] = {version, has};
  return has;
}

const std::vector<event_tree::branch>& event_tree::branches_for(time_point now, mesh::routes& paths,
                                                                const std::vector<subscriber>& matched,
                                                                const node_id& origin, link_id came_by) {
  branches_.clear();
  const auto& tree = paths.tree_from(now, origin);
  for (const auto& each : matched) {
    const auto* wants =
        each.what == subscriber::kind::node ? interest_.at(static_cast<std::uint32_t>(each.id)) : nullptr;
    const auto* child = wants != nullptr ? tree.child_towards(wants->node) : nullptr;
    if (child == nullptr) continue;
    const auto link = peers_.link_to(*child);
    if (link == no_link || link == came_by) continue;
    const bool is_leaf = *child == wants->node;
    const auto known =
        std::find_if(branches_.begin(), branches_.end(), [&](const auto& each) { return each.link == link; });
    if (known == branches_.end()) {
      branches_.push_back({link, is_leaf});
    } else {
      known->is_leaf &= is_leaf;
    }
  }
  return branches_;
}

bool event_tree::is_new(const event& what) {
  if (passed_on_.empty()) passed_on_.resize(remembered);
  auto hash = mix(std::hash<node_id>{}(what.origin), what.epoch);
  hash = mix(mix(hash, std::hash<std::string_view>{}(what.topic)), what.sequence) | 1U;
  auto& place = passed_on_[(hash >> 1U) % remembered];
  if (place == hash) return false;
  place = hash;
  return true;
}

}  // namespace askr
