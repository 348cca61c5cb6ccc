// SPDX-License-Identifier: MIT
#include "mesh/beacon_schedule.hpp"

#include <algorithm>

namespace askr::mesh {

void beacon_schedule::start(time_point now) {
  due_ = now;
  sent_ = 0;
  nodes_ = 0;
  interval_ = first_interval;
}

bool beacon_schedule::take_due(time_point now, std::size_t nodes) {
  if (now < due_) return false;
  if (++sent_ < first_beacons) {
    due_ = now + interval_;
    return true;
  }
  nodes_ = nodes;
  interval_ = nodes > large ? longest(nodes) : std::min(2 * interval_, interval_max);
  due_ = jittered(now);
  return true;
}

void beacon_schedule::hasten(time_point now, std::size_t nodes) {
  if (due_ == time_point::max()) return;
  nodes_ = nodes;
  interval_ = std::min(interval_, longest(nodes));
  due_ = std::min(due_, jittered(now));
}

milliseconds beacon_schedule::longest(std::size_t nodes) noexcept {
  return interval_max * std::max(nodes, large) / large;
}

time_point beacon_schedule::jittered(time_point now) {
  const auto jitter = random_.below(static_cast<std::uint64_t>(interval_.count()) + 1);
  return now + interval_ / 2 + milliseconds(jitter);
}

bool beacon_schedule::is_news(const node_id& origin, incarnation life, std::uint64_t counter) {
  const auto known = newest_.find(origin);
  if (known == newest_.end()) {
    if (newest_.size() >= origins_max) newest_.erase(newest_.begin());
    newest_.emplace(origin, std::pair(life, counter));
    return true;
  }
  if (std::pair(life, counter) <= known->second) return false;
  known->second = {life, counter};
  return true;
}

}  // namespace askr::mesh
