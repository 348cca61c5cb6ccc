// SPDX-License-Identifier: MIT
#pragma once

/// Round-trip times as the mesh tells them: steps of sqrt 2, published only when they changed for good. Routes are
/// computed by every node from the same numbers, so these must be integers and must not flutter: each change is flooded
/// to all.

#include <askr/time.hpp>

#include <cstdint>
#include <optional>

namespace askr::mesh {

/// Step s stands for 16 us * sqrt(2)^s: 0 is 16 us and less, 12 is 1 ms, 40 is 17 s and more.
using rtt_step = std::uint8_t;

inline constexpr rtt_step rtt_step_max = 40;

/// The lowest step that is not below `rtt`.
rtt_step to_step(duration rtt) noexcept;
/// What a step stands for, in microseconds; steps above the highest count as the highest.
std::uint32_t step_microseconds(rtt_step step) noexcept;

/// Which step a link reports. The first measurement counts at once; later ones, smoothed, only when they have been at
/// least two steps off, to the same side, for ten seconds. What is below the cost of a hop decides hardly any
/// route, and counts as 1 ms, so that the flutter of a LAN is no news.
class rtt_publisher {
 public:
  /// True if published() changed.
  bool on_sample(time_point now, duration rtt);

  /// `rtt_step_max` before the first sample.
  rtt_step published() const noexcept { return published_; }
  /// Zero before the first sample.
  duration smoothed() const noexcept { return smoothed_; }

 private:
  bool publish(rtt_step step);

  duration smoothed_{};
  rtt_step published_ = rtt_step_max;
  rtt_step nearest_ = 0;  ///< Of those seen since `off_since_`, the closest to what is published.
  bool measured_ = false;
  std::optional<time_point> off_since_;

  static constexpr duration indifferent = milliseconds(1);
  static constexpr int steps_off_min = 2;
  static constexpr seconds held_for = seconds(10);
};

}  // namespace askr::mesh
