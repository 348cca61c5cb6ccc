// SPDX-License-Identifier: MIT
#include "mesh/entry_codec.hpp"

namespace askr::mesh {
namespace {

// LEB128: 7 bits a byte, low ones first; the last byte has no high bit.
void append_number(byte_buffer& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<std::uint8_t>(number | 0x80));
  out.push_back(static_cast<std::uint8_t>(number));
}

}  // namespace

void append_key(byte_buffer& out, std::string_view key) {
  append_number(out, key.size());
  append(out, as_bytes(key));
}

void append_entry(byte_buffer& out, const record_entry& entry) {
  append_key(out, entry.key);
  append_number(out, entry.version);
  append_number(out, entry.value.size());
  append(out, entry.value);
}

std::uint64_t entry_reader::number() noexcept {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const std::uint64_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    number |= (byte & 0x7f) << shift;
    const bool too_long = (shift > 0 && byte == 0) || (shift == 63 && byte > 1);
    if (too_long) break;
    if (byte < 0x80) return number;
  }
  fail();
  return 0;
}

byte_span entry_reader::take(std::uint64_t bytes, std::size_t bytes_max) noexcept {
  if (bytes > bytes_max || bytes > rest_.size()) return fail(), byte_span{};
  const auto taken = rest_.first(static_cast<std::size_t>(bytes));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

std::optional<std::string_view> entry_reader::next_key() noexcept {
  if (rest_.empty()) return std::nullopt;
  const auto key = take(number(), limits_.key_bytes_max);
  if (key.empty()) fail();
  return ok_ ? std::optional(as_text(key)) : std::nullopt;
}

std::optional<record_entry> entry_reader::next() noexcept {
  const auto key = next_key();
  if (!key) return std::nullopt;
  record_entry entry{*key, number(), {}};
  entry.value = take(number(), limits_.value_bytes_max);
  return ok_ ? std::optional(entry) : std::nullopt;
}

}  // namespace askr::mesh
