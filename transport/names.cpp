// SPDX-License-Identifier: MIT
#include "transport/names.hpp"

#include "transport/msgpack_reader.hpp"

#include <algorithm>
#include <cstdint>

namespace askr::transport {
namespace {

/// Code points that are no part of a name: controls, spaces, what lines are broken with, and what turns the direction
/// of text or is not seen.
bool spoils_name(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t offset) {
    return at + offset < text.size() ? static_cast<std::uint8_t>(text[at + offset]) : 0;
  };
  if (byte(0) <= 0x20 || byte(0) == 0x7f) return true;
  if (byte(0) == 0xc2) return byte(1) <= 0xa0;  // U+0080 to U+00A0
  if (byte(0) == 0xe2 && byte(1) == 0x80) return byte(2) <= 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xaf);  // U+2000 ...
  if (byte(0) == 0xe2 && byte(1) == 0x81) return byte(2) >= 0x9f && byte(2) <= 0xaf;  // U+205F to U+206F
  if (byte(0) == 0xe3 && byte(1) == 0x80) return byte(2) == 0x80;                     // U+3000
  return byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf;                       // U+FEFF
}

bool is_plain(char character) noexcept { return character > 0x20 && character < 0x7f; }

}  // namespace

bool is_name(std::string_view text) noexcept {
  const bool fits = !text.empty() && text.size() <= name_bytes_max;
  if (fits && std::all_of(text.begin(), text.end(), is_plain)) return true;
  if (!fits || !is_utf8(as_bytes(text))) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (spoils_name(text, at)) return false;
  }
  return true;
}

}  // namespace askr::transport
