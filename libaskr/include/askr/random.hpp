// SPDX-License-Identifier: MIT
#pragma once

/// Chance comes in two types, so that a seeded source can never make a key:
/// `rng` for jitter and choices (replayable by its seed), `entropy` for keys, nonces and masks.

#include <askr/bytes.hpp>

#include <array>
#include <cstdint>

namespace askr {

/// xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. Not for secrets. Not thread-safe.
class rng {
 public:
  explicit rng(std::uint64_t seed) noexcept;

  std::uint64_t next() noexcept;
  /// Uniform in [0, bound). `bound` 0 gives 0.
  std::uint64_t below(std::uint64_t bound) noexcept;
  /// Uniform in [0, 1).
  double unit() noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

/// The operating system's random source (libsodium's `randombytes_buf`). Thread-safe.
class entropy {
 public:
  void fill(mutable_byte_span out) const noexcept;
  std::uint64_t next() const noexcept;
};

}  // namespace askr
