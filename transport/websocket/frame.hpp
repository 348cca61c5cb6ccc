// SPDX-License-Identifier: MIT
#pragma once

/// The vocabulary of WebSocket frames: opcodes, roles and close codes. Source: RFC 6455, sections 5.2, 7.4 and 11.7.

#include <cstddef>
#include <cstdint>

namespace askr::websocket {

enum class role : std::uint8_t { server, client };

enum class opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

constexpr bool is_control(opcode code) noexcept { return (static_cast<std::uint8_t>(code) & 0x8) != 0; }

inline constexpr std::size_t header_bytes_max = 14;  ///< Two octets, 64-bit length, mask.
inline constexpr std::size_t control_bytes_max = 125;
inline constexpr std::size_t reason_bytes_max = control_bytes_max - 2;

/// Close codes are open numbers (3000 to 4999 belong to libraries and applications), so this is no enum.
using close_code = std::uint16_t;

namespace close_codes {
inline constexpr close_code normal = 1000;
inline constexpr close_code going_away = 1001;
inline constexpr close_code protocol_error = 1002;
inline constexpr close_code unsupported_data = 1003;
inline constexpr close_code none_received = 1005;  ///< Never on the wire: the Close frame had no code.
inline constexpr close_code abnormal = 1006;       ///< Never on the wire: there was no Close frame.
inline constexpr close_code invalid_payload = 1007;
inline constexpr close_code policy_violation = 1008;
inline constexpr close_code too_big = 1009;
inline constexpr close_code internal_error = 1011;
inline constexpr close_code service_restart = 1012;
inline constexpr close_code try_again_later = 1013;
}  // namespace close_codes

/// Whether a Close frame may carry this code.
constexpr bool may_be_sent(close_code code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace askr::websocket
