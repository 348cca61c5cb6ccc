// SPDX-License-Identifier: MIT
#pragma once

/// Key material that cannot leak by accident: no copy, no comparison, no printing, and zeroed when it goes. It lies in
/// pages of its own that are locked in memory as far as RLIMIT_MEMLOCK allows, and left out of core dumps.

#include <askr/assert.hpp>
#include <askr/bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace askr::crypto {

/// Zeroes memory in a way that the compiler cannot remove.
void wipe(mutable_byte_span bytes) noexcept;

namespace detail {
/// At least `bytes` (1 to 4,096), all zero, at a multiple of 64. From any thread. Throws bad_alloc.
std::uint8_t* take_locked(std::size_t bytes);
/// Zeroes it first. `bytes` as it was taken.
void give_locked(std::uint8_t* memory, std::size_t bytes) noexcept;
}  // namespace detail

/// N bytes, all zero until filled. Moving leaves the source without any; `copy()` is the one, visible way to have it
/// twice.
template <std::size_t N>
class secret {
 public:
  static constexpr std::size_t size = N;

  secret() : bytes_(detail::take_locked(N)) {}
  /// `bytes` must have exactly N bytes.
  explicit secret(byte_span bytes) : secret() {
    ASKR_ASSERT(bytes.size() == N);
    std::copy(bytes.begin(), bytes.end(), bytes_);
  }
  secret(secret&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  secret& operator=(secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    other.clear();
    return *this;
  }
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { clear(); }

  secret copy() const { return secret(span()); }
  byte_span span() const noexcept { return {bytes_, bytes_ == nullptr ? 0 : N}; }
  mutable_byte_span mutable_span() noexcept { return {bytes_, bytes_ == nullptr ? 0 : N}; }
  const std::uint8_t* data() const noexcept { return bytes_; }
  std::uint8_t* data() noexcept { return bytes_; }

 private:
  void clear() noexcept {
    if (auto* gone = std::exchange(bytes_, nullptr)) detail::give_locked(gone, N);
  }

  std::uint8_t* bytes_;
};

}  // namespace askr::crypto
