// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace askr::detail {

/// A value that is only ever replaced as a whole: who has got it keeps what it was then. Thread-safe. `T` may be
/// incomplete.
template <class T>
class replaceable {
 public:
  /// Null before the first set().
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace askr::detail
