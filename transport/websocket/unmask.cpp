// SPDX-License-Identifier: MIT
#include "transport/websocket/unmask.hpp"

#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace askr::websocket {
namespace {

#if defined(__SSE2__)
/// 64 octets a step: SSE2 is part of x86-64 itself, so nothing needs to be dispatched. Returns where it stopped.
std::uint8_t* unmask_blocks(std::uint8_t* at, const std::uint8_t* end, std::uint64_t word) noexcept {
  const __m128i mask = _mm_set1_epi64x(static_cast<long long>(word));
  for (; end - at >= 64; at += 64) {
    auto* block = reinterpret_cast<__m128i*>(at);
    for (int lane = 0; lane < 4; ++lane)
      _mm_storeu_si128(block + lane, _mm_xor_si128(_mm_loadu_si128(block + lane), mask));
  }
  return at;
}
#else
std::uint8_t* unmask_blocks(std::uint8_t* at, const std::uint8_t*, std::uint64_t) noexcept { return at; }
#endif

}  // namespace

void unmask(mutable_byte_span data, const mask_key& key, std::size_t phase) noexcept {
  std::array<std::uint8_t, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(phase + i) % 4];
  std::uint64_t word = 0;
  std::memcpy(&word, turned.data(), sizeof word);

  std::uint8_t* const end = data.data() + data.size();
  std::uint8_t* at = unmask_blocks(data.data(), end, word);
  for (; end - at >= 8; at += 8) {
    std::uint64_t octets = 0;
    std::memcpy(&octets, at, sizeof octets);
    octets ^= word;
    std::memcpy(at, &octets, sizeof octets);
  }
  for (std::size_t i = 0; at + i != end; ++i) at[i] ^= turned[i];
}

}  // namespace askr::websocket
