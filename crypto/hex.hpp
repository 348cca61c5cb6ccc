// SPDX-License-Identifier: MIT
#pragma once

/// Keys and hashes as text: two lower-case hexadecimal digits a byte.

#include <askr/bytes.hpp>

#include <string>
#include <string_view>

namespace askr::crypto {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

std::string to_hex(byte_span bytes);
/// False, and `out` is of no use, unless the text has exactly the digits that fill it.
[[nodiscard]] bool from_hex(mutable_byte_span out, std::string_view text) noexcept;

}  // namespace askr::crypto
