// SPDX-License-Identifier: MIT
#pragma once

/// A rate: so much per second, and a burst of so much at once.

#include <askr/time.hpp>

#include <algorithm>

namespace askr::mesh {

class token_bucket {
 public:
  token_bucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  /// True if one more is within the rate; then it counts.
  bool take(time_point now) {
    if (!has(now)) return false;
    tokens_ -= 1;
    return true;
  }
  /// True if one more would be within the rate.
  bool has(time_point now) {
    if (now > filled_) {
      tokens_ = std::min(burst_, tokens_ + per_second_ * std::chrono::duration<double>(now - filled_).count());
      filled_ = now;
    }
    return tokens_ >= 1;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  time_point filled_{};
};

}  // namespace askr::mesh
