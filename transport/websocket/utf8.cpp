// SPDX-License-Identifier: MIT
#include "transport/websocket/utf8.hpp"

#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace askr::websocket {
namespace {

/// The first place at or after `at` where an octet above 127 may be: the rest of that block is looked at one by one.
const std::uint8_t* skip_ascii(const std::uint8_t* at, const std::uint8_t* end) noexcept {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16)
    if (_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) != 0) return at;
#endif
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    if ((word & 0x8080808080808080ULL) != 0) return at;
  }
  return at;
}

}  // namespace

bool utf8_validator::start(std::uint8_t lead) noexcept {
  lower_ = 0x80;
  upper_ = 0xbf;
  if (lead < 0x80) return true;
  if (lead >= 0xc2 && lead <= 0xdf) {
    missing_ = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    missing_ = 2;
    if (lead == 0xe0) lower_ = 0xa0;  // Below: overlong.
    if (lead == 0xed) upper_ = 0x9f;  // Above: surrogates.
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    missing_ = 3;
    if (lead == 0xf0) lower_ = 0x90;  // Below: overlong.
    if (lead == 0xf4) upper_ = 0x8f;  // Above: beyond U+10FFFF.
  } else {
    return false;
  }
  return true;
}

bool utf8_validator::feed(byte_span text) noexcept {
  const std::uint8_t* at = text.data();
  const std::uint8_t* const end = at + text.size();
  while (at != end) {
    if (missing_ == 0) {
      if (*at < 0x80) at = skip_ascii(at, end);
      if (at == end) return true;
      if (!start(*at++)) return false;
      continue;
    }
    if (*at < lower_ || *at > upper_) return false;
    lower_ = 0x80;
    upper_ = 0xbf;
    --missing_;
    ++at;
  }
  return true;
}

bool is_utf8(byte_span text) noexcept {
  utf8_validator validator;
  return validator.feed(text) && validator.complete();
}

std::string_view truncate_utf8(std::string_view text, std::size_t bytes_max) noexcept {
  utf8_validator validator;
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size() && i < bytes_max; ++i) {
    if (!validator.feed(as_bytes(text.substr(i, 1)))) break;
    if (validator.complete()) end = i + 1;
  }
  return text.substr(0, end);
}

}  // namespace askr::websocket
