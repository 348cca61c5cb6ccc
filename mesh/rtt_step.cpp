// SPDX-License-Identifier: MIT
#include "mesh/rtt_step.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace askr::mesh {
namespace {

constexpr std::uint64_t finest_us = 16;
constexpr std::uint64_t sqrt2_in_2_16 = 92682;

// Integers only: every node must come to the same weights.
constexpr auto step_table = [] {
  std::array<std::uint32_t, rtt_step_max + 1> out{};
  for (std::size_t step = 0; step < out.size(); ++step) {
    const std::uint64_t even = finest_us << (step / 2);
    out[step] = static_cast<std::uint32_t>(step % 2 == 0 ? even : (even * sqrt2_in_2_16) >> 16);
  }
  return out;
}();

}  // namespace

rtt_step to_step(duration rtt) noexcept {
  const auto us = std::chrono::ceil<microseconds>(rtt).count();
  const auto at = std::lower_bound(step_table.begin(), step_table.end(), us,
                                   [](std::int64_t each, std::int64_t wanted) { return each < wanted; });
  return static_cast<rtt_step>(std::min<std::ptrdiff_t>(at - step_table.begin(), rtt_step_max));
}

std::uint32_t step_microseconds(rtt_step step) noexcept { return step_table[std::min(step, rtt_step_max)]; }

bool rtt_publisher::publish(rtt_step step) {
  off_since_.reset();
  const bool changed = !measured_ || step != published_;
  measured_ = true;
  published_ = step;
  return changed;
}

bool rtt_publisher::on_sample(time_point now, duration rtt) {
  // Source: RFC 6298, section 2: SRTT with alpha = 1/8.
  smoothed_ = measured_ ? smoothed_ + (rtt - smoothed_) / 8 : rtt;
  const auto step = to_step(std::max(smoothed_, indifferent));
  if (!measured_) return publish(step);
  if (std::abs(step - published_) < steps_off_min) {
    off_since_.reset();
    return false;
  }
  const bool same_side = off_since_ && (step > published_) == (nearest_ > published_);
  if (!same_side) {
    off_since_ = now;
    nearest_ = step;
  }
  nearest_ = step > published_ ? std::min(nearest_, step) : std::max(nearest_, step);
  return now - *off_since_ >= held_for && publish(nearest_);
}

}  // namespace askr::mesh
