// SPDX-License-Identifier: MIT
#include "libaskr/src/event_source.hpp"

#include <askr/permissions.hpp>

#include <algorithm>

namespace askr {

event_source::event_source(const node_limits& limits, const event_limits& events) : limits_(limits), events_(events) {
  begin_life(0);
}

void event_source::begin_life(incarnation life) {
  life_ = life;
  rows_.clear();
  history_ = mesh::event_history({.events_max = events_.history_events_max,
                                  .bytes_max = events_.history_bytes_max,
                                  .total_bytes_max = events_.history_total_bytes_max,
                                  .topics_max = limits_.topics_max});
}

bool event_source::is_always_kept(std::string_view topic) const {
  return std::any_of(events_.history_topics.begin(), events_.history_topics.end(),
                     [&](const auto& pattern) { return pattern_matches(pattern, topic); });
}

result<mesh::event_sequence> event_source::add(time_point now, std::string_view topic, payload_view data, bool wanted) {
  auto found = rows_.find(topic);
  if (found == rows_.end()) {
    const bool always = !events_.history_topics.empty() && is_always_kept(topic);
    if (!wanted && !always) return 0;
    if (rows_.size() >= limits_.topics_max) return error{errc::overloaded, "too many topics"};
    found = rows_.emplace(std::string(topic), row{.always_kept = always, .wanted = now, .emitted = now}).first;
  }
  auto& row = found->second;
  if (wanted) row.wanted = now;
  row.emitted = now;
  ++row.last;
  if (wanted || row.always_kept || now - row.wanted <= events_.history_linger) {
    history_.append(topic, row.last, data.kind(), data.bytes());
  } else {
    history_.forget(topic);
  }
  return row.last;
}

mesh::replay event_source::range(std::string_view topic, mesh::sequence_range wanted, std::size_t events_max) {
  const auto last = last_of(topic);
  if (wanted.from > last || wanted.from > wanted.to) return {};
  wanted.to = std::min(wanted.to, last);
  if (history_.last_sequence(topic) != last) return {.missing = wanted, .events = {}};
  return history_.range(topic, wanted, events_max);
}

mesh::event_sequence event_source::last_of(std::string_view topic) const noexcept {
  const auto found = rows_.find(topic);
  return found == rows_.end() ? 0 : found->second.last;
}

}  // namespace askr
