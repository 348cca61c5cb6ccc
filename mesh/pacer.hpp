// SPDX-License-Identifier: MIT
#pragma once

/// Spaces out what comes in bursts: so many at once, then one per interval. A leaky bucket, kept as one point in time.
/// Source: the generic cell rate algorithm, ITU-T I.371, annex A.

#include <askr/time.hpp>

#include <algorithm>
#include <cstddef>

namespace askr::mesh {

class pacer {
 public:
  pacer(duration interval, std::size_t burst)
      : interval_(interval), slack_(interval * (std::max<std::size_t>(burst, 1) - 1)) {}

  /// When the next may go; the past if it may go at once.
  time_point ready() const noexcept { return taken_until_ - slack_; }
  /// Gives the next turn away: when it is.
  time_point take(time_point now) noexcept {
    const auto turn = std::max(now, ready());
    taken_until_ = std::max(now, taken_until_) + interval_;
    return turn;
  }

 private:
  duration interval_;
  duration slack_;
  time_point taken_until_{};
};

}  // namespace askr::mesh
