// SPDX-License-Identifier: MIT
#pragma once

/// Who a node is: 16 bytes that follow from its public keys. Names are only labels.

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace askr {

/// The first 16 bytes of BLAKE2b("askr-id" || noise_pk || sign_pk). Ordered bytewise.
struct node_id {
  static constexpr std::size_t size = 16;
  std::array<std::uint8_t, size> bytes{};

  bool operator==(const node_id& other) const noexcept { return word(0) == other.word(0) && word(8) == other.word(8); }
  std::strong_ordering operator<=>(const node_id& other) const noexcept {
    const auto head = word(0) <=> other.word(0);
    return head != std::strong_ordering::equal ? head : word(8) <=> other.word(8);
  }
  bool is_zero() const noexcept { return *this == node_id{}; }
  byte_span span() const noexcept { return bytes; }

  /// 32 lower-case hexadecimal digits.
  std::string to_string() const;
  /// Reads what to_string wrote. Fails with errc::bad_message.
  static result<node_id> from_string(std::string_view text);
  /// Fails with errc::bad_message unless there are exactly 16 bytes.
  static result<node_id> from_bytes(byte_span bytes);

 private:
  /// Eight bytes as one big-endian number: views are sorted by id, so comparing is what a large mesh does most.
  std::uint64_t word(std::size_t at) const noexcept {
    std::uint64_t number;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return std::endian::native == std::endian::big ? number : __builtin_bswap64(number);
  }
};

/// Which life of a node: grows with every start of the same identity.
using incarnation = std::uint64_t;

}  // namespace askr

template <>
struct std::hash<askr::node_id> {
  std::size_t operator()(const askr::node_id& id) const noexcept {
    std::size_t head;
    std::memcpy(&head, id.bytes.data(), sizeof head);  // Already a hash: any 8 bytes of it are uniform.
    return head;
  }
};
