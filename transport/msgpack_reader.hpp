// SPDX-License-Identifier: MIT
#pragma once

/// Reads msgpack from bytes that nobody has vouched for: a cursor with typed reads, and `check_msgpack`, which walks a
/// whole object before anything else looks at it. Nothing here recurses, allocates by a declared size, or loops longer
/// than there are bytes. Source: https://github.com/msgpack/msgpack/blob/master/spec.md

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace askr::transport {

enum class msgpack_type : std::uint8_t {
  none,  ///< No bytes left, a truncated head, or the unused tag 0xc1.
  nil,
  boolean,
  unsigned_integer,
  negative_integer,  ///< Signed forms of numbers that are not negative are reported as unsigned_integer.
  floating,
  str,
  bin,
  array,
  map,
  ext,
};

/// The part of an object that stands before its content.
struct msgpack_head {
  msgpack_type type = msgpack_type::none;
  std::uint8_t head_bytes = 0;  ///< Tag, length and, for ext, its type octet.
  std::int8_t ext_type = 0;
  std::uint64_t value = 0;  ///< Bits of the number, bytes of str, bin and ext, elements of an array, pairs of a map.
};

namespace detail {
/// For the tags 0xc0 to 0xdf.
msgpack_head decode_tagged_head(byte_span bytes) noexcept;
}  // namespace detail

/// Decodes the head at the start of `bytes`. Type `none` if there is none. The content may be cut off.
inline msgpack_head decode_head(byte_span bytes) noexcept {
  if (bytes.empty()) return {};
  const auto tag = bytes[0];
  if (tag < 0x80) return {msgpack_type::unsigned_integer, 1, 0, tag};
  if (tag < 0x90) return {msgpack_type::map, 1, 0, tag & 0x0fu};
  if (tag < 0xa0) return {msgpack_type::array, 1, 0, tag & 0x0fu};
  if (tag < 0xc0) return {msgpack_type::str, 1, 0, tag & 0x1fu};
  if (tag < 0xe0) return detail::decode_tagged_head(bytes);
  return {msgpack_type::negative_integer, 1, 0, static_cast<std::uint64_t>(static_cast<std::int8_t>(tag))};
}

struct msgpack_ext {
  std::int8_t type = 0;
  byte_span bytes;
};

/// A cursor. A read that fails, because the type is another or the bytes end, leaves the cursor where it was.
class msgpack_reader {
 public:
  explicit msgpack_reader(byte_span bytes) noexcept : rest_(bytes) {}

  bool at_end() const noexcept { return rest_.empty(); }
  byte_span rest() const noexcept { return rest_; }
  msgpack_type peek_type() const noexcept { return decode_head(rest_).type; }

  /// Elements, or pairs, that follow. The count is a claim: nothing may be reserved by it.
  std::optional<std::uint32_t> read_array_header() noexcept { return read_count(0x90, msgpack_type::array); }
  std::optional<std::uint32_t> read_map_header() noexcept { return read_count(0x80, msgpack_type::map); }

  std::optional<std::uint64_t> read_uint() noexcept {
    if (!rest_.empty() && rest_[0] < 0x80) return take_byte();
    return read_uint_slow();
  }
  /// Any integer that fits.
  std::optional<std::int64_t> read_int() noexcept;
  std::optional<bool> read_bool() noexcept;
  /// float 32, float 64, or an integer.
  std::optional<double> read_double() noexcept;
  /// Not checked for UTF-8.
  std::optional<std::string_view> read_str() noexcept {
    if (!rest_.empty() && (rest_[0] & 0xe0) == 0xa0) {
      const std::size_t bytes = rest_[0] & 0x1f;
      if (bytes < rest_.size()) return as_text(take(1, bytes));
      return std::nullopt;
    }
    return read_str_slow();
  }
  std::optional<byte_span> read_bin() noexcept;
  std::optional<msgpack_ext> read_ext() noexcept;
  bool read_nil() noexcept;

  /// The bytes of one whole object, whatever it is, unchecked but for its extent. Empty at the end or if it is cut off.
  byte_span read_object() noexcept;
  bool skip() noexcept { return !read_object().empty(); }

 private:
  std::uint64_t take_byte() noexcept {
    const auto byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  byte_span take(std::size_t head_bytes, std::size_t bytes) noexcept {
    const auto taken = rest_.subspan(head_bytes, bytes);
    rest_ = rest_.subspan(head_bytes + bytes);
    return taken;
  }
  std::optional<std::uint32_t> read_count(std::uint8_t fixed_tag, msgpack_type type) noexcept {
    if (!rest_.empty() && (rest_[0] & 0xf0) == fixed_tag) return static_cast<std::uint32_t>(take_byte() & 0x0f);
    return read_count_slow(type);
  }
  std::optional<std::uint64_t> read_uint_slow() noexcept;
  std::optional<std::uint32_t> read_count_slow(msgpack_type type) noexcept;
  std::optional<std::string_view> read_str_slow() noexcept;
  std::optional<byte_span> read_content(msgpack_type type) noexcept;

  byte_span rest_;
};

/// What a checked object may be.
struct msgpack_limits {
  std::size_t depth_max = 32;               ///< Nested arrays and maps; 64 at most.
  std::size_t elements_max = 65'536;        ///< All elements of all arrays plus all pairs of all maps.
  std::size_t content_bytes_max = 1 << 20;  ///< One str or bin.
  std::size_t ext_bytes_max = 64 << 10;     ///< One ext.
  bool timestamps_only = true;              ///< Refuse every ext but a well-formed timestamp (type -1).
  bool unique_keys = true;                  ///< Refuse a map with two equal str keys, or two equal integer keys.
  bool utf8 = true;                         ///< Refuse str content that is not UTF-8.
};

/// True if `bytes` are one whole object within the limits, and nothing follows it.
/// Fails with errc::bad_message or errc::too_large; the detail names the rule. Allocates only for maps of many keys.
result<void> check_msgpack(byte_span bytes, const msgpack_limits& limits = {});

/// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
bool is_utf8(byte_span text) noexcept;

/// A timestamp's milliseconds since 1970 (rounded down), or nothing if the ext is not a well-formed timestamp in range.
std::optional<std::int64_t> timestamp_ms(const msgpack_ext& ext) noexcept;

}  // namespace askr::transport
