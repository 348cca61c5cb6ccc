// SPDX-License-Identifier: MIT
#pragma once

/// Signed node records and the repair of views, as peers say them to each other. What is received are views into the
/// message. Entries stay as their owner encoded and signed them: the view checks them (mesh/entry_codec.hpp).
/// docs/protocol.md, "Signed node records".

#include "transport/wire_codec.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

namespace askr::transport {

inline constexpr std::size_t record_entries_bytes_max = 4 << 20;  ///< Entries and removed keys of one message, each.
inline constexpr std::size_t view_rows_max = 1'024;       ///< In one message.
inline constexpr std::size_t pulled_records_max = 1'024;  ///< In one message.
inline constexpr std::size_t view_row_bytes = 48;
inline constexpr std::size_t owner_keys_bytes = 64;

/// One state of a node's record.
struct view_row {
  node_id id;
  askr::incarnation incarnation = 0;
  std::uint64_t version = 0;
  std::array<std::uint8_t, 16> root{};

  bool operator==(const view_row&) const = default;
};

struct record_delta_message {
  view_row row;
  std::uint64_t base = 0;  ///< 0: a whole record.
  std::array<std::uint8_t, 64> signature{};
  byte_span keys;  ///< noise_pk || sign_pk of a whole record; empty in a delta.
  byte_span entries;
  byte_span removed;
};

struct view_summary_message {
  std::array<std::uint8_t, 16> root{};
  std::array<std::uint64_t, 256> buckets{};

  bool operator==(const view_summary_message&) const = default;
};

/// Rows, or ids, inside a received message, of which each is read when it is asked for.
template <class T, std::size_t Bytes, T (*Read)(const std::uint8_t*) noexcept>
class packed_list {
 public:
  packed_list() = default;
  explicit packed_list(byte_span packed) : packed_(packed) {}

  std::size_t size() const noexcept { return packed_.size() / Bytes; }
  T operator[](std::size_t i) const noexcept { return Read(packed_.data() + i * Bytes); }

 private:
  byte_span packed_;
};
view_row read_row(const std::uint8_t* at) noexcept;
node_id read_id(const std::uint8_t* at) noexcept;
using row_list = packed_list<view_row, view_row_bytes, read_row>;
using id_list = packed_list<node_id, node_id::size, read_id>;

struct view_rows_message {
  std::bitset<256> complete;  ///< Buckets of which the sender has no other rows.
  row_list rows;
};

// ---- writing: a whole message body each

void write_message(byte_buffer& out, const record_delta_message& delta);
void write_message(byte_buffer& out, const view_summary_message& summary);
/// At most view_rows_max of them.
void write_view_rows(byte_buffer& out, const std::bitset<256>& complete, std::span<const view_row> rows);
/// At most pulled_records_max of them.
void write_record_pull(byte_buffer& out, std::span<const node_id> ids);

// ---- reading: fail with errc::bad_message, or errc::too_large above a limit

result<record_delta_message> decode_record_delta(const opened_message& message);
result<view_summary_message> decode_view_summary(const opened_message& message);
result<view_rows_message> decode_view_rows(const opened_message& message);
result<id_list> decode_record_pull(const opened_message& message);

}  // namespace askr::transport
