// SPDX-License-Identifier: MIT
#include "crypto/hex.hpp"

namespace askr::crypto {

std::string to_hex(byte_span bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

bool from_hex(mutable_byte_span out, std::string_view text) noexcept {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = hex_digits.find(text[i]);
    if (digit == std::string_view::npos) return false;
    auto& byte = out[i / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
  }
  return true;
}

}  // namespace askr::crypto
