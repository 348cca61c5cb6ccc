// SPDX-License-Identifier: MIT
#include <askr/random.hpp>

#include <bit>

namespace askr {
namespace {

// Source: splitmix64, Sebastiano Vigna, 2015 (public domain).
std::uint64_t splitmix64(std::uint64_t& state) noexcept {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

rng::rng(std::uint64_t seed) noexcept : state_{} {
  for (auto& word : state_) word = splitmix64(seed);
}

// Source: xoshiro256**, David Blackman and Sebastiano Vigna, 2018 (public domain).
std::uint64_t rng::next() noexcept {
  const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return out;
}

std::uint64_t rng::below(std::uint64_t bound) noexcept {
  if (bound == 0) return 0;
  const std::uint64_t unbiased_min = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t draw = next();
    if (draw >= unbiased_min) return draw % bound;
  }
}

double rng::unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

}  // namespace askr
