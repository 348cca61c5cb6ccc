// SPDX-License-Identifier: MIT
#pragma once

/// Is it UTF-8? Incremental, and false at the very first octet that no valid text could have there, so that a bad text
/// message is refused before it is complete. Source: RFC 3629; the bounds are those of the WHATWG Encoding Standard's
/// decoder.

#include <askr/bytes.hpp>

#include <cstdint>
#include <string_view>

namespace askr::websocket {

class utf8_validator {
 public:
  /// False: not UTF-8, and never will be.
  bool feed(byte_span text) noexcept;
  /// Whether what was fed so far ends at a code point.
  bool complete() const noexcept { return missing_ == 0; }
  void reset() noexcept { *this = {}; }

 private:
  bool start(std::uint8_t lead) noexcept;

  std::uint8_t missing_ = 0;   // Continuation octets still to come,
  std::uint8_t lower_ = 0x80;  // the first of which must lie in here.
  std::uint8_t upper_ = 0xbf;
};

bool is_utf8(byte_span text) noexcept;

/// The longest prefix of valid UTF-8 that has at most `bytes_max` octets and ends at a code point.
std::string_view truncate_utf8(std::string_view text, std::size_t bytes_max) noexcept;

}  // namespace askr::websocket
