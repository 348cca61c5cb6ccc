// SPDX-License-Identifier: MIT
#include "mesh/beacon_schedule.hpp"

#include <algorithm>

namespace askr::mesh {

void beacon_schedule::start(time_point now) {
  due_ = now;
  sent_ = 0;
  interval_ = first_interval;
}

bool beacon_schedule::take_due(time_point now) {
  if (now < due_) return false;
  if (++sent_ < first_beacons) {
    due_ = now + interval_;
    return true;
  }
  interval_ = std::min(2 * interval_, interval_max);
  const auto jitter = random_.below(static_cast<std::uint64_t>(interval_.count()) + 1);
  due_ = now + interval_ / 2 + milliseconds(jitter);
  return true;
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
