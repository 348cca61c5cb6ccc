// SPDX-License-Identifier: MIT
#pragma once

/// Reads the positional fields of one message in a row: after the first that does not fit, `ok()` is false and
/// whatever is read further is empty, so a decoder reads all its fields and asks once.

#include "transport/msgpack_reader.hpp"

#include <askr/bytes.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace askr::transport {

class field_reader {
 public:
  field_reader(byte_span fields, std::uint32_t count) noexcept : reader_(fields), left_(count) {}

  bool ok() const noexcept { return ok_; }
  std::uint32_t left() const noexcept { return left_; }
  msgpack_type next_type() const noexcept {
    const bool small = !reader_.at_end() && reader_.rest().front() < 0x80;  // The usual number, in one comparison.
    return small ? msgpack_type::unsigned_integer : reader_.peek_type();
  }
  /// Reads past a nil if one is next.
  bool nil() noexcept {
    if (reader_.at_end() || reader_.rest().front() != 0xc0) return false;
    skip(1);
    return true;
  }

  std::uint64_t uint(std::uint64_t value_max = std::numeric_limits<std::uint64_t>::max()) noexcept {
    const auto value = take(reader_.read_uint());
    return value <= value_max ? value : fail();
  }
  bool boolean() noexcept { return take(reader_.read_bool()); }
  byte_span bin() noexcept { return take(reader_.read_bin()); }
  std::string_view str(std::size_t bytes_max) noexcept {
    const auto text = take(reader_.read_str());
    return text.size() <= bytes_max ? text : (fail(), std::string_view{});
  }
  /// A str that is UTF-8.
  std::string_view text(std::size_t bytes_max) noexcept {
    const auto text = str(bytes_max);
    if (!is_utf8(as_bytes(text))) fail();
    return text;
  }
  /// The number of elements; they are read as further fields.
  std::uint32_t array(std::size_t count_max) noexcept {
    const auto count = take(reader_.read_array_header());
    if (count > count_max) return static_cast<std::uint32_t>(fail());
    left_ += count;
    return count;
  }
  /// An array of at least `known` elements, which `read` reads; those of a later version behind them are skipped.
  template <class Read>
  void tuple(std::uint32_t known, Read read) {
    const auto count = array(std::numeric_limits<std::uint16_t>::max());
    if (count < known) return static_cast<void>(fail());
    read();
    skip(count - known);
  }
  /// Reads past `count` fields of any kind.
  void skip(std::uint32_t count) noexcept {
    for (; count > 0 && ok_; --count) take(skip_one());
  }
  byte_span rest() const noexcept { return reader_.rest(); }

  /// Reads past fields of a later version. True if all was well, to the last byte.
  bool finish() noexcept {
    skip(left_);
    return ok_ && reader_.at_end();
  }

  std::uint64_t fail() noexcept {
    ok_ = false;
    return 0;
  }

 private:
  std::optional<bool> skip_one() noexcept {
    return reader_.read_nil() || reader_.skip() ? std::optional(true) : std::nullopt;
  }
  template <class T>
  T take(const std::optional<T>& field) noexcept {
    if (!field || left_ == 0) ok_ = false;
    --left_;
    return ok_ ? *field : T{};
  }

  msgpack_reader reader_;
  std::uint32_t left_;
  bool ok_ = true;
};

}  // namespace askr::transport
