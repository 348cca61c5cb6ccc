// SPDX-License-Identifier: MIT
#include "transport/record_delta_codec.hpp"

#include "transport/field_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <askr/assert.hpp>

#include <algorithm>

namespace askr::transport {
namespace {

constexpr std::size_t bucket_set_bytes = 32;
constexpr std::size_t summary_bytes = 256 * 8;

void write_head(byte_buffer& out, message_kind kind, std::size_t fields_count) {
  write_array_header(out, fields_count + 1);
  write_uint(out, static_cast<std::uint8_t>(kind));
}

std::uint64_t load_be(const std::uint8_t* at) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | at[i];
  return number;
}

field_reader fields_of(const opened_message& message) { return {message.fields, message.fields_count}; }

template <std::size_t N>
std::array<std::uint8_t, N> read_array(field_reader& fields) {
  std::array<std::uint8_t, N> out{};
  const auto bytes = fields.bin();
  if (bytes.size() != N) return fields.fail(), out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// Records of a fixed size, one behind the other.
byte_span read_packed(field_reader& fields, std::size_t each_bytes) {
  const auto packed = fields.bin();
  if (packed.size() % each_bytes != 0) fields.fail();
  return packed;
}

void write_row(byte_buffer& out, const view_row& row) {
  write_raw(out, row.id.span());
  store_be(grow(out, 8), row.incarnation);
  store_be(grow(out, 8), row.version);
  write_raw(out, row.root);
}

}  // namespace

node_id read_id(const std::uint8_t* at) noexcept {
  node_id id;
  std::copy_n(at, node_id::size, id.bytes.begin());
  return id;
}

view_row read_row(const std::uint8_t* at) noexcept {
  view_row row{.id = read_id(at), .incarnation = load_be(at + 16), .version = load_be(at + 24)};
  std::copy_n(at + 32, row.root.size(), row.root.begin());
  return row;
}

void write_message(byte_buffer& out, const record_delta_message& delta) {
  ASKR_ASSERT(delta.keys.size() == (delta.base == 0 ? owner_keys_bytes : 0));
  write_head(out, message_kind::record_delta, 9);
  write_bin(out, delta.row.id.span());
  write_uint(out, delta.row.incarnation);
  write_uint(out, delta.row.version);
  write_bin(out, delta.row.root);
  write_uint(out, delta.base);
  write_bin(out, delta.signature);
  write_bin(out, delta.keys);
  write_bin(out, delta.entries);
  write_bin(out, delta.removed);
}

void write_message(byte_buffer& out, const view_summary_message& summary) {
  write_head(out, message_kind::view_summary, 2);
  write_bin(out, summary.root);
  write_bin_header(out, summary_bytes);
  for (const auto bucket : summary.buckets) store_be(grow(out, 8), bucket);
}

void write_view_rows(byte_buffer& out, const std::bitset<256>& complete, std::span<const view_row> rows) {
  ASKR_ASSERT(rows.size() <= view_rows_max);
  write_head(out, message_kind::view_rows, 2);
  std::array<std::uint8_t, bucket_set_bytes> set{};
  for (std::size_t i = 0; i < complete.size(); ++i) {
    if (complete[i]) set[i / 8] = static_cast<std::uint8_t>(set[i / 8] | 0x80 >> i % 8);
  }
  write_bin(out, complete.none() ? byte_span{} : byte_span(set));
  write_bin_header(out, rows.size() * view_row_bytes);
  for (const auto& row : rows) write_row(out, row);
}

void write_record_pull(byte_buffer& out, std::span<const node_id> ids) {
  ASKR_ASSERT(ids.size() <= pulled_records_max);
  write_head(out, message_kind::record_pull, 1);
  write_bin_header(out, ids.size() * node_id::size);
  for (const auto& id : ids) write_raw(out, id.span());
}

result<record_delta_message> decode_record_delta(const opened_message& message) {
  auto fields = fields_of(message);
  record_delta_message delta;
  delta.row.id.bytes = read_array<node_id::size>(fields);
  delta.row.incarnation = fields.uint();
  delta.row.version = fields.uint();
  delta.row.root = read_array<16>(fields);
  delta.base = fields.uint();
  delta.signature = read_array<64>(fields);
  delta.keys = fields.bin();
  delta.entries = fields.bin();
  delta.removed = fields.bin();
  if (!fields.finish() || delta.base >= delta.row.version ||
      delta.keys.size() != (delta.base == 0 ? owner_keys_bytes : 0)) {
    return error{errc::bad_message, "malformed record delta"};
  }
  if (delta.entries.size() > record_entries_bytes_max || delta.removed.size() > record_entries_bytes_max) {
    return error{errc::too_large, "record delta too large"};
  }
  return delta;
}

result<view_summary_message> decode_view_summary(const opened_message& message) {
  auto fields = fields_of(message);
  view_summary_message summary;
  summary.root = read_array<16>(fields);
  const auto buckets = fields.bin();
  if (!fields.finish() || buckets.size() != summary_bytes) return error{errc::bad_message, "malformed view summary"};
  for (std::size_t i = 0; i < summary.buckets.size(); ++i) summary.buckets[i] = load_be(buckets.data() + 8 * i);
  return summary;
}

result<view_rows_message> decode_view_rows(const opened_message& message) {
  auto fields = fields_of(message);
  view_rows_message rows;
  const auto set = fields.bin();
  const auto packed = read_packed(fields, view_row_bytes);
  if (!fields.finish() || (!set.empty() && set.size() != bucket_set_bytes)) {
    return error{errc::bad_message, "malformed view rows"};
  }
  if (packed.size() > view_rows_max * view_row_bytes) return error{errc::too_large, "too many view rows"};
  for (std::size_t i = 0; i < set.size() * 8; ++i) rows.complete[i] = (set[i / 8] & 0x80 >> i % 8) != 0;
  rows.rows = row_list(packed);
  return rows;
}

result<id_list> decode_record_pull(const opened_message& message) {
  auto fields = fields_of(message);
  const auto packed = read_packed(fields, node_id::size);
  if (!fields.finish()) return error{errc::bad_message, "malformed record pull"};
  if (packed.size() > pulled_records_max * node_id::size) return error{errc::too_large, "too many records pulled"};
  return id_list(packed);
}

}  // namespace askr::transport
