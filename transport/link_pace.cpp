// SPDX-License-Identifier: MIT
#include "transport/link_pace.hpp"

namespace askr::transport {
namespace {

constexpr double slow_bytes_per_second = 200e6;
constexpr duration remembered = milliseconds(100);
constexpr duration slow_for_sure = milliseconds(20);  // Megabytes would have gone by then.
constexpr double newest_counts = 0.25;

}  // namespace

void link_pace::on_full(time_point now, std::size_t queued) noexcept {
  if (full_) return;
  full_ = true;
  full_since_ = now;
  queued_ = queued;
}

void link_pace::on_room(time_point now, std::size_t queued) noexcept {
  if (!full_) return;
  full_ = false;
  was_full_ = now;
  const auto took = std::chrono::duration<double>(now - full_since_).count();
  if (queued >= queued_ || took <= 0) return;
  const auto seen = static_cast<double>(queued_ - queued) / took;
  bytes_per_second_ += (bytes_per_second_ == 0 ? 1 : newest_counts) * (seen - bytes_per_second_);
}

bool link_pace::is_bottleneck(time_point now) const noexcept {
  if (full_ && now - full_since_ >= slow_for_sure) return true;
  if (!full_ && (was_full_ == time_point::min() || now - was_full_ > remembered)) return false;
  return bytes_per_second_ > 0 && bytes_per_second_ < slow_bytes_per_second;
}

}  // namespace askr::transport
