// SPDX-License-Identifier: MIT
#pragma once

/// Appends msgpack to a buffer, always in the shortest form. Hand-coded, because the wire codecs write a handful of
/// known fields per message and must neither build an object nor call through a library to do so. Source:
/// https://github.com/msgpack/msgpack/blob/master/spec.md

#include <askr/assert.hpp>
#include <askr/bytes.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace askr::transport {

/// Makes room for `count` bytes at the end and returns where they start. The caller writes all of them.
inline std::uint8_t* grow(byte_buffer& out, std::size_t count) {
  const auto before = out.size();
  resize_in_one_piece(out, before + count);
  return out.data() + before;
}

/// Room for the head of a message, whose largest size is known, at the end of a buffer: its fields are written without
/// a look at the buffer for each. What is not used is given back at the end.
class head_room {
 public:
  head_room(byte_buffer& out, std::size_t bytes_max)
      : out_(out), at_(transport::grow(out, bytes_max)), end_(at_ + bytes_max) {}
  ~head_room() { out_.resize(static_cast<std::size_t>(at_ - out_.data())); }
  head_room(const head_room&) = delete;
  head_room& operator=(const head_room&) = delete;

  std::uint8_t* take(std::size_t count) noexcept {
    ASKR_ASSERT(count <= static_cast<std::size_t>(end_ - at_));
    return std::exchange(at_, at_ + count);
  }

 private:
  byte_buffer& out_;
  std::uint8_t* at_;
  std::uint8_t* end_;
};

inline std::uint8_t* grow(head_room& out, std::size_t count) noexcept { return out.take(count); }

/// Where a writer below may write to.
template <class Out>
concept writable = requires(Out& out) {
  grow(out, 1);
};

template <writable Out>
void write_raw(Out& out, byte_span bytes) {
  if (!bytes.empty()) std::memcpy(grow(out, bytes.size()), bytes.data(), bytes.size());
}

template <writable Out>
void write_raw(Out& out, std::string_view text) {
  write_raw(out, as_bytes(text));
}

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

template <writable Out>
void write_byte(Out& out, std::uint8_t byte) {
  *grow(out, 1) = byte;
}

template <writable Out, class T>
void write_tagged(Out& out, std::uint8_t tag, T number) {
  auto* at = grow(out, 1 + sizeof number);
  *at = tag;
  store_be(at + 1, number);
}

}  // namespace detail

template <writable Out>
void write_nil(Out& out) {
  detail::write_byte(out, 0xc0);
}
template <writable Out>
void write_bool(Out& out, bool flag) {
  detail::write_byte(out, flag ? 0xc3 : 0xc2);
}

template <writable Out>
void write_uint(Out& out, std::uint64_t number) {
  if (number < 0x80) return detail::write_byte(out, static_cast<std::uint8_t>(number));
  if (number <= 0xff) return detail::write_tagged(out, 0xcc, static_cast<std::uint8_t>(number));
  if (number <= 0xffff) return detail::write_tagged(out, 0xcd, static_cast<std::uint16_t>(number));
  if (number <= 0xffffffff) return detail::write_tagged(out, 0xce, static_cast<std::uint32_t>(number));
  detail::write_tagged(out, 0xcf, number);
}

template <writable Out>
void write_int(Out& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= 0) return write_uint(out, bits);
  if (number >= -32) return detail::write_byte(out, static_cast<std::uint8_t>(bits));
  if (number >= INT8_MIN) return detail::write_tagged(out, 0xd0, static_cast<std::uint8_t>(bits));
  if (number >= INT16_MIN) return detail::write_tagged(out, 0xd1, static_cast<std::uint16_t>(bits));
  if (number >= INT32_MIN) return detail::write_tagged(out, 0xd2, static_cast<std::uint32_t>(bits));
  detail::write_tagged(out, 0xd3, bits);
}

template <writable Out>
void write_double(Out& out, double number) {
  detail::write_tagged(out, 0xcb, std::bit_cast<std::uint64_t>(number));
}

/// Sizes and counts above 2^32 - 1 do not exist on either wire; the callers' limits lie far below.
template <writable Out>
void write_str_header(Out& out, std::size_t bytes) {
  if (bytes < 32) return detail::write_byte(out, static_cast<std::uint8_t>(0xa0 | bytes));
  if (bytes <= 0xff) return detail::write_tagged(out, 0xd9, static_cast<std::uint8_t>(bytes));
  if (bytes <= 0xffff) return detail::write_tagged(out, 0xda, static_cast<std::uint16_t>(bytes));
  detail::write_tagged(out, 0xdb, static_cast<std::uint32_t>(bytes));
}

template <writable Out>
void write_bin_header(Out& out, std::size_t bytes) {
  if (bytes <= 0xff) return detail::write_tagged(out, 0xc4, static_cast<std::uint8_t>(bytes));
  if (bytes <= 0xffff) return detail::write_tagged(out, 0xc5, static_cast<std::uint16_t>(bytes));
  detail::write_tagged(out, 0xc6, static_cast<std::uint32_t>(bytes));
}

template <writable Out>
void write_str(Out& out, std::string_view text) {
  if (text.size() < 32) {  // Most are names.
    auto* const at = grow(out, 1 + text.size());
    *at = static_cast<std::uint8_t>(0xa0 | text.size());
    std::copy(text.begin(), text.end(), at + 1);
    return;
  }
  write_str_header(out, text.size());
  write_raw(out, text);
}

template <writable Out>
void write_bin(Out& out, byte_span bytes) {
  write_bin_header(out, bytes.size());
  write_raw(out, bytes);
}

template <writable Out>
void write_array_header(Out& out, std::size_t count) {
  if (count < 16) return detail::write_byte(out, static_cast<std::uint8_t>(0x90 | count));
  if (count <= 0xffff) return detail::write_tagged(out, 0xdc, static_cast<std::uint16_t>(count));
  detail::write_tagged(out, 0xdd, static_cast<std::uint32_t>(count));
}

template <writable Out>
void write_map_header(Out& out, std::size_t count) {
  if (count < 16) return detail::write_byte(out, static_cast<std::uint8_t>(0x80 | count));
  if (count <= 0xffff) return detail::write_tagged(out, 0xde, static_cast<std::uint16_t>(count));
  detail::write_tagged(out, 0xdf, static_cast<std::uint32_t>(count));
}

}  // namespace askr::transport
