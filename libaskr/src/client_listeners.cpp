// SPDX-License-Identifier: MIT
#include "libaskr/src/client_listeners.hpp"

#include <askr/permissions.hpp>

#include <algorithm>
#include <utility>

namespace askr {
namespace {

constexpr std::size_t places_max = 4096;     // Beyond them a new stream is not remembered.
constexpr std::size_t positions_max = 1024;  // A node takes so many.

}  // namespace

bool client_listeners::add(std::uint64_t id, std::string pattern, detail::listener listener, listen_options options) {
  table_.add(pattern, {subscriber::kind::listener, id});
  rows_.emplace(id, std::make_shared<row>(row{pattern, std::move(listener), std::move(options)}));
  return ++patterns_[std::move(pattern)] == 1;
}

std::optional<std::string> client_listeners::remove(std::uint64_t id) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return std::nullopt;
  auto pattern = std::move(found->second->pattern);
  table_.remove(pattern, {subscriber::kind::listener, id});
  rows_.erase(found);
  const auto count = patterns_.find(pattern);
  if (--count->second > 0) return std::nullopt;
  patterns_.erase(count);
  // What nobody listens to is not to be gone on with later.
  std::erase_if(places_, [&](const auto& each) {
    matched_.clear();
    table_.match(each.first, matched_);
    if (matched_.empty()) places_count_ -= each.second.size();
    return matched_.empty();
  });
  return pattern;
}

client_listeners::wish client_listeners::wanted(std::string_view pattern) const {
  wish out;
  for (const auto& [id, each] : rows_) {
    if (each->pattern != pattern) continue;
    out.last = std::max(out.last, each->options.last);
    if (out.since.empty()) out.since = each->options.since;
    if (out.overflow == overflow_policy::drop_oldest) out.overflow = each->options.overflow;
    if (each->options.on_ready)
      out.ready_timeout = std::max(out.ready_timeout.value_or(0ms), each->options.ready_timeout);
  }
  return out;
}

std::vector<transport::client_position> client_listeners::positions(std::string_view pattern) const {
  std::vector<transport::client_position> out;
  for (const auto& [topic, places] : places_) {
    if (!pattern_matches(pattern, topic)) continue;
    for (const auto& each : places) {
      if (out.size() < positions_max) out.push_back({topic, each.origin, each.epoch, each.sequence});
    }
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return std::pair(a.topic, a.from) < std::pair(b.topic, b.from); });
  return out;
}

bool client_listeners::go_to(std::string_view topic, std::string_view origin, incarnation epoch,
                             std::uint64_t sequence) {
  auto found = places_.find(topic);
  if (found == places_.end()) {
    if (places_count_ >= places_max) return true;
    found = places_.emplace(std::string(topic), std::vector<place>{}).first;
  }
  auto& places = found->second;
  const auto known =
      std::find_if(places.begin(), places.end(), [&](const auto& each) { return each.origin == origin; });
  if (known == places.end()) {
    if (places_count_ >= places_max) return true;
    ++places_count_;
    places.push_back({std::string(origin), epoch, sequence});
    return true;
  }
  if (epoch < known->epoch || (epoch == known->epoch && sequence <= known->sequence)) return false;
  known->epoch = epoch;
  known->sequence = sequence;
  return true;
}

bool client_listeners::hear(const event& heard) {
  // An event without a number is of a node that does not count.
  if (heard.sequence != 0 && !go_to(heard.topic, heard.origin_name, heard.epoch, heard.sequence)) return true;
  return for_each_match(heard.topic, [&](row& each) { each.call(heard); });
}

bool client_listeners::report(const event_gap& gap) {
  if (gap.to != 0) go_to(gap.topic, gap.origin_name, gap.epoch, gap.to);
  return for_each_match(gap.topic, [&](row& each) {
    if (each.options.on_gap) each.options.on_gap(gap);
  });
}

template <class Call>
bool client_listeners::for_each_match(std::string_view topic, Call call) {
  matched_.clear();
  table_.match(topic, matched_);
  bool heard_by_all = true;
  for (const auto& each : matched_) {
    try {
      call(*rows_.at(each.id));
    } catch (...) {
      heard_by_all = false;
    }
  }
  return heard_by_all;
}

void client_listeners::on_ready(std::string_view pattern, const listen_ready& how) {
  std::vector<std::shared_ptr<row>> waiting;
  for (const auto& [id, each] : rows_) {
    if (each->pattern == pattern && each->options.on_ready) waiting.push_back(each);
  }
  for (const auto& each : waiting) {
    auto call = std::exchange(each->options.on_ready, {});
    call(how);
  }
}

}  // namespace askr
