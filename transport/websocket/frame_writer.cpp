// SPDX-License-Identifier: MIT
#include "transport/websocket/frame_writer.hpp"

#include <askr/assert.hpp>

#include "transport/websocket/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace askr::websocket {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t rsv1_bit = 0x40;
constexpr std::uint8_t mask_bit = 0x80;

void put_big_endian(std::uint8_t* at, std::uint64_t number, std::size_t bytes) noexcept {
  for (std::size_t i = bytes; i-- > 0; number >>= 8) at[i] = static_cast<std::uint8_t>(number);
}

/// Writes opcode and length, and says how many octets that were.
std::size_t put_header(std::uint8_t* at, std::uint8_t first, std::size_t payload_bytes, std::uint8_t mask) noexcept {
  at[0] = first;
  if (payload_bytes <= 125) {
    at[1] = static_cast<std::uint8_t>(mask | payload_bytes);
    return 2;
  }
  if (payload_bytes <= 0xffff) {
    at[1] = mask | 126;
    put_big_endian(at + 2, payload_bytes, 2);
    return 4;
  }
  at[1] = mask | 127;
  put_big_endian(at + 2, payload_bytes, 8);
  return 10;
}

/// Grows `out` by n octets that the caller writes.
std::uint8_t* extend(byte_buffer& out, std::size_t n) {
  const std::size_t before = out.size();
  resize_in_one_piece(out, before + n);
  return out.data() + before;
}

void copy(std::uint8_t* to, byte_span from) noexcept {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

void append_frame(byte_buffer& out, opcode code, byte_span payload, bool compressed) {
  ASKR_ASSERT(!is_control(code) || payload.size() <= control_bytes_max);
  const auto first = static_cast<std::uint8_t>(fin_bit | (compressed ? rsv1_bit : 0) | static_cast<std::uint8_t>(code));
  std::array<std::uint8_t, header_bytes_max> header;
  const std::size_t n = put_header(header.data(), first, payload.size(), 0);
  std::uint8_t* at = extend(out, n + payload.size());
  std::memcpy(at, header.data(), n);
  copy(at + n, payload);
}

void append_masked_frame(byte_buffer& out, opcode code, byte_span payload, const mask_key& key) {
  ASKR_ASSERT(!is_control(code) || payload.size() <= control_bytes_max);
  const auto first = static_cast<std::uint8_t>(fin_bit | static_cast<std::uint8_t>(code));
  std::array<std::uint8_t, header_bytes_max> header;
  std::size_t n = put_header(header.data(), first, payload.size(), mask_bit);
  std::memcpy(header.data() + n, key.data(), key.size());
  n += key.size();
  std::uint8_t* at = extend(out, n + payload.size());
  std::memcpy(at, header.data(), n);
  copy(at + n, payload);
  unmask({at + n, payload.size()}, key);
}

byte_span close_payload(close_code code, std::string_view reason,
                        std::array<std::uint8_t, control_bytes_max>& storage) {
  if (code == close_codes::none_received) return {};
  ASKR_ASSERT(may_be_sent(code));
  const byte_span text = as_bytes(truncate_utf8(reason, reason_bytes_max));
  put_big_endian(storage.data(), code, 2);
  copy(storage.data() + 2, text);
  return byte_span(storage).first(2 + text.size());
}

}  // namespace askr::websocket
