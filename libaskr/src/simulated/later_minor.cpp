// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/later_minor.hpp"

#include <array>
#include <cstdint>

namespace askr::simulated {
namespace {

constexpr std::size_t record_bytes_max = 65'519;
constexpr std::size_t longer_by_max = 3;  // Another head, and the field.
constexpr std::uint8_t fields_of_small = 0x90, fields_of_large = 0xdc, nil = 0xc0;
constexpr std::uint8_t small_fields_max = 15;
// Length, an array of two, a kind that is reserved, and something.
constexpr std::array<std::uint8_t, 5> unknown_message{0, 3, 0x92, 14, nil};

void put_length(byte_buffer& out, std::size_t bytes) {
  out.push_back(static_cast<std::uint8_t>(bytes >> 8));
  out.push_back(static_cast<std::uint8_t>(bytes));
}

/// The message, with one field more.
void lengthen(byte_span body, byte_buffer& out) {
  const auto fields = static_cast<std::uint8_t>(body[0] - fields_of_small);
  const bool grows = fields == small_fields_max;
  put_length(out, body.size() + (grows ? longer_by_max : 1));
  if (grows) {
    out.insert(out.end(), {fields_of_large, 0, small_fields_max + 1});
  } else {
    out.push_back(static_cast<std::uint8_t>(body[0] + 1));
  }
  append(out, body.subspan(1));
  out.push_back(nil);
}

}  // namespace

void write_as_later_minor(byte_span record, byte_buffer& out) {
  const auto begin = out.size();
  // What is left of the room when the rest follows as it is.
  auto spare = record_bytes_max - record.size();
  while (record.size() > 2) {
    const auto bytes = std::size_t{record[0]} << 8 | record[1];
    const auto body = record.subspan(2, bytes);
    const bool small = body[0] >= fields_of_small && body[0] <= fields_of_small + small_fields_max;
    if (small && spare >= longer_by_max) {
      const auto before = out.size();
      lengthen(body, out);
      spare -= out.size() - before - (bytes + 2);
    } else {
      append(out, record.first(bytes + 2));
    }
    record = record.subspan(bytes + 2);
  }
  if (spare >= unknown_message.size() && out.size() > begin) append(out, unknown_message);
}

}  // namespace askr::simulated
