// SPDX-License-Identifier: MIT
#pragma once

/// Appends msgpack to a buffer, always in the shortest form. Hand-coded, because the wire codecs write a handful of
/// known fields per message and must neither build an object nor call through a library to do so. Source:
/// https://github.com/msgpack/msgpack/blob/master/spec.md

#include <askr/bytes.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace askr::transport {

/// Makes room for `count` bytes at the end and returns where they start. The caller writes all of them.
inline std::uint8_t* grow(byte_buffer& out, std::size_t count) {
  const auto before = out.size();
  resize_in_one_piece(out, before + count);
  return out.data() + before;
}

inline void write_raw(byte_buffer& out, byte_span bytes) {
  if (!bytes.empty()) std::memcpy(grow(out, bytes.size()), bytes.data(), bytes.size());
}

inline void write_raw(byte_buffer& out, std::string_view text) { write_raw(out, as_bytes(text)); }

/// Stores an unsigned integer in network order.
template <std::unsigned_integral T>
void store_be(std::uint8_t* at, T number) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) number = __builtin_bswap16(number);
    if constexpr (sizeof(T) == 4) number = __builtin_bswap32(number);
    if constexpr (sizeof(T) == 8) number = __builtin_bswap64(number);
  }
  std::memcpy(at, &number, sizeof number);
}

namespace detail {

inline void write_byte(byte_buffer& out, std::uint8_t byte) { *grow(out, 1) = byte; }

template <class T>
void write_tagged(byte_buffer& out, std::uint8_t tag, T number) {
  auto* at = grow(out, 1 + sizeof number);
  *at = tag;
  store_be(at + 1, number);
}

}  // namespace detail

inline void write_nil(byte_buffer& out) { detail::write_byte(out, 0xc0); }
inline void write_bool(byte_buffer& out, bool flag) { detail::write_byte(out, flag ? 0xc3 : 0xc2); }

inline void write_uint(byte_buffer& out, std::uint64_t number) {
  if (number < 0x80) return detail::write_byte(out, static_cast<std::uint8_t>(number));
  if (number <= 0xff) return detail::write_tagged(out, 0xcc, static_cast<std::uint8_t>(number));
  if (number <= 0xffff) return detail::write_tagged(out, 0xcd, static_cast<std::uint16_t>(number));
  if (number <= 0xffffffff) return detail::write_tagged(out, 0xce, static_cast<std::uint32_t>(number));
  detail::write_tagged(out, 0xcf, number);
}

inline void write_int(byte_buffer& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= 0) return write_uint(out, bits);
  if (number >= -32) return detail::write_byte(out, static_cast<std::uint8_t>(bits));
  if (number >= INT8_MIN) return detail::write_tagged(out, 0xd0, static_cast<std::uint8_t>(bits));
  if (number >= INT16_MIN) return detail::write_tagged(out, 0xd1, static_cast<std::uint16_t>(bits));
  if (number >= INT32_MIN) return detail::write_tagged(out, 0xd2, static_cast<std::uint32_t>(bits));
  detail::write_tagged(out, 0xd3, bits);
}

inline void write_double(byte_buffer& out, double number) {
  detail::write_tagged(out, 0xcb, std::bit_cast<std::uint64_t>(number));
}

/// Sizes and counts above 2^32 - 1 do not exist on either wire; the callers' limits lie far below.
inline void write_str_header(byte_buffer& out, std::size_t bytes) {
  if (bytes < 32) return detail::write_byte(out, static_cast<std::uint8_t>(0xa0 | bytes));
  if (bytes <= 0xff) return detail::write_tagged(out, 0xd9, static_cast<std::uint8_t>(bytes));
  if (bytes <= 0xffff) return detail::write_tagged(out, 0xda, static_cast<std::uint16_t>(bytes));
  detail::write_tagged(out, 0xdb, static_cast<std::uint32_t>(bytes));
}

inline void write_bin_header(byte_buffer& out, std::size_t bytes) {
  if (bytes <= 0xff) return detail::write_tagged(out, 0xc4, static_cast<std::uint8_t>(bytes));
  if (bytes <= 0xffff) return detail::write_tagged(out, 0xc5, static_cast<std::uint16_t>(bytes));
  detail::write_tagged(out, 0xc6, static_cast<std::uint32_t>(bytes));
}

inline void write_str(byte_buffer& out, std::string_view text) {
  write_str_header(out, text.size());
  write_raw(out, text);
}

inline void write_bin(byte_buffer& out, byte_span bytes) {
  write_bin_header(out, bytes.size());
  write_raw(out, bytes);
}

inline void write_array_header(byte_buffer& out, std::size_t count) {
  if (count < 16) return detail::write_byte(out, static_cast<std::uint8_t>(0x90 | count));
  if (count <= 0xffff) return detail::write_tagged(out, 0xdc, static_cast<std::uint16_t>(count));
  detail::write_tagged(out, 0xdd, static_cast<std::uint32_t>(count));
}

inline void write_map_header(byte_buffer& out, std::size_t count) {
  if (count < 16) return detail::write_byte(out, static_cast<std::uint8_t>(0x80 | count));
  if (count <= 0xffff) return detail::write_tagged(out, 0xde, static_cast<std::uint16_t>(count));
  detail::write_tagged(out, 0xdf, static_cast<std::uint32_t>(count));
}

}  // namespace askr::transport
