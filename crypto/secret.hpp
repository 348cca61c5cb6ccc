// SPDX-License-Identifier: MIT
#pragma once

/// Key material that cannot leak by accident: no copy, no comparison, no printing, and zeroed when it goes.

#include <askr/assert.hpp>
#include <askr/bytes.hpp>

#include <algorithm>
#include <array>

namespace askr::crypto {

/// Zeroes memory in a way that the compiler cannot remove.
void wipe(mutable_byte_span bytes) noexcept;

/// N bytes, all zero until filled. Moving zeroes the source; `copy()` is the one, visible way to have it twice.
template <std::size_t N>
class secret {
 public:
  static constexpr std::size_t size = N;

  secret() noexcept = default;
  /// `bytes` must have exactly N bytes.
  explicit secret(byte_span bytes) {
    ASKR_ASSERT(bytes.size() == N);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }
  secret(secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  secret& operator=(secret&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    wipe(other.bytes_);
    return *this;
  }
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { wipe(bytes_); }

  secret copy() const { return secret(byte_span(bytes_)); }
  byte_span span() const noexcept { return bytes_; }
  mutable_byte_span mutable_span() noexcept { return bytes_; }
  const std::uint8_t* data() const noexcept { return bytes_.data(); }
  std::uint8_t* data() noexcept { return bytes_.data(); }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

}  // namespace askr::crypto
