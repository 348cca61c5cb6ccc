// SPDX-License-Identifier: MIT
#include "libaskr/src/retry_budget.hpp"

namespace askr {

retry_budget::retry_budget(double share, std::size_t per_second, duration window)
    : share_(share),
      reserve_(static_cast<double>(per_second) * std::chrono::duration<double>(window).count()),
      bucket_length_(window / buckets) {}

bool retry_budget::take(time_point now) {
  auto& present = bucket_at(now);
  std::uint64_t sent = 0, retried = 0;
  for (const auto& each : buckets_) {
    sent += each.sent;
    retried += each.retried;
  }
  if (static_cast<double>(retried) + 1 > share_ * static_cast<double>(sent) + reserve_) return false;
  ++present.retried;
  return true;
}

void retry_budget::advance(time_point now) {
  if (bucket_ends_ == time_point::min() || now - bucket_ends_ >= bucket_length_ * buckets) {
    buckets_.fill({});
    bucket_ends_ = now + bucket_length_;
    return;
  }
  for (; now >= bucket_ends_; bucket_ends_ += bucket_length_) {
    current_ = (current_ + 1) % buckets;
    buckets_[current_] = {};
  }
}

}  // namespace askr
