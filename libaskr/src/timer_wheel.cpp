// SPDX-License-Identifier: MIT
#include "libaskr/src/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace askr {

std::int64_t timer_wheel::tick_of(time_point when) noexcept {
  return std::chrono::duration_cast<milliseconds>(when.time_since_epoch()) / tick_length;
}

void timer_wheel::schedule(slot which, time_point deadline) {
  if (which >= timers_.size()) timers_.resize(std::max<std::size_t>(which + 1, 2 * timers_.size()));
  // The tick after the deadline's own: when that one has begun, the deadline has passed.
  timers_[which].tick = std::max(tick_of(deadline) + 1, done_ + 1);
  link(which);
  ++count_;
}

void timer_wheel::cancel(slot which) noexcept {
  if (which >= timers_.size() || timers_[which].tick < 0) return;
  unlink(which);
  timers_[which].tick = -1;
  --count_;
}

void timer_wheel::expire(time_point now, std::vector<slot>& expired) {
  const auto until = tick_of(now);
  if (count_ == 0) {
    done_ = std::max(done_, until);
    return;
  }
  const auto first = std::max(done_ + 1, until - static_cast<std::int64_t>(ticks) + 1);
  for (auto tick = first; tick <= until; ++tick) {
    for (slot each = heads_[static_cast<std::size_t>(tick) % ticks]; each != none;) {
      const slot next = timers_[each].next;
      if (timers_[each].tick <= until) {
        cancel(each);
        expired.push_back(each);
      }
      each = next;
    }
  }
  done_ = std::max(done_, until);
}

time_point timer_wheel::next_timeout() const noexcept {
  if (count_ == 0) return time_point::max();
  const auto start = static_cast<std::size_t>(done_ + 1);
  for (std::size_t step = 0; step < ticks;) {
    const auto at = (start + step) % ticks;
    const auto word = occupied_[at / 64] >> (at % 64);
    if (word != 0) {
      const auto tick = static_cast<std::int64_t>(start + step + static_cast<std::size_t>(std::countr_zero(word)));
      return time_point(tick * tick_length);
    }
    step += 64 - at % 64;
  }
  return time_point::max();
}

void timer_wheel::link(slot which) noexcept {
  const auto at = static_cast<std::size_t>(timers_[which].tick) % ticks;
  timers_[which].next = heads_[at];
  timers_[which].previous = none;
  if (heads_[at] != none) timers_[heads_[at]].previous = which;
  heads_[at] = which;
  occupied_[at / 64] |= std::uint64_t{1} << (at % 64);
}

void timer_wheel::unlink(slot which) noexcept {
  const auto& timer = timers_[which];
  const auto at = static_cast<std::size_t>(timer.tick) % ticks;
  if (timer.previous != none) timers_[timer.previous].next = timer.next;
  if (timer.next != none) timers_[timer.next].previous = timer.previous;
  if (heads_[at] == which) heads_[at] = timer.next;
  if (heads_[at] == none) occupied_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
}

}  // namespace askr
