// SPDX-License-Identifier: MIT
#include <askr/node_id.hpp>

#include <algorithm>
#include <optional>

namespace askr {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<std::uint8_t> nibble(char digit) {
  const auto at = digits.find(digit);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

}  // namespace

std::string node_id::to_string() const {
  std::string text;
  text.reserve(2 * size);
  for (const auto byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

result<node_id> node_id::from_string(std::string_view text) {
  if (text.size() != 2 * size) return error{errc::bad_message, "a node id has 32 hexadecimal digits"};
  node_id id;
  for (std::size_t i = 0; i < size; ++i) {
    const auto high = nibble(text[2 * i]);
    const auto low = nibble(text[2 * i + 1]);
    if (!high || !low) return error{errc::bad_message, "a node id has hexadecimal digits only"};
    id.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return id;
}

result<node_id> node_id::from_bytes(byte_span bytes) {
  if (bytes.size() != size) return error{errc::bad_message, "a node id has 16 bytes"};
  node_id id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

}  // namespace askr
