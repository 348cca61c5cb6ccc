// SPDX-License-Identifier: MIT
#pragma once

/// Deadlines of many small things at about 10 ns each: a hashed timing wheel over slot numbers (Varghese and Lauck,
/// 1987). Ticks are 8 ms; a deadline is never early, and late by less than two ticks.

#include <askr/time.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace askr {

class timer_wheel {
 public:
  using slot = std::uint32_t;
  static constexpr milliseconds tick_length = 8ms;
  static constexpr std::size_t ticks = 2048;  ///< One turn is 16 s; later deadlines go round again.

  /// `which` must not be scheduled already.
  void schedule(slot which, time_point deadline);
  /// Does nothing if `which` is not scheduled.
  void cancel(slot which) noexcept;
  /// Appends every slot whose deadline has come; they are no longer scheduled.
  void expire(time_point now, std::vector<slot>& expired);
  /// When to call expire() next; time_point::max() if nothing is scheduled.
  time_point next_timeout() const noexcept;

 private:
  static constexpr slot none = UINT32_MAX;
  struct timer {
    slot next = none;
    slot previous = none;
    std::int64_t tick = -1;  ///< -1: not scheduled.
  };

  static std::int64_t tick_of(time_point when) noexcept;
  void link(slot which) noexcept;
  void unlink(slot which) noexcept;

  std::vector<timer> timers_;
  std::array<slot, ticks> heads_ = filled();
  std::array<std::uint64_t, ticks / 64> occupied_{};
  std::int64_t done_ = 0;  ///< All ticks up to this one have been expired.
  std::size_t count_ = 0;

  static constexpr std::array<slot, ticks> filled() {
    std::array<slot, ticks> heads{};
    heads.fill(none);
    return heads;
  }
};

}  // namespace askr
