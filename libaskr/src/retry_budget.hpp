// SPDX-License-Identifier: MIT
#pragma once

/// How many commands may be tried again, so that retries do not finish off servers that are overloaded already: a share
/// of what was sent lately, and a few per second for nodes that send little. (Source: Finagle's RetryBudget.)

#include <askr/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace askr {

class retry_budget {
 public:
  /// A command that was sent allows `share` of a retry, and each second allows `per_second`, for `window`.
  retry_budget(double share, std::size_t per_second, duration window);

  void on_sent(time_point now) { ++bucket_at(now).sent; }
  /// True if one more may be tried again; then it counts.
  bool take(time_point now);

 private:
  static constexpr std::size_t buckets = 10;
  struct bucket {
    std::uint64_t sent = 0;
    std::uint64_t retried = 0;
  };

  bucket& bucket_at(time_point now) {
    if (now >= bucket_ends_) advance(now);
    return buckets_[current_];
  }
  void advance(time_point now);

  double share_;
  double reserve_;  ///< Of the whole window.
  duration bucket_length_;
  std::array<bucket, buckets> buckets_{};
  std::size_t current_ = 0;
  time_point bucket_ends_ = time_point::min();
};

}  // namespace askr
