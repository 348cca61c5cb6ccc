// SPDX-License-Identifier: MIT
#include "libaskr/src/record_wire.hpp"

#include <algorithm>

namespace askr {
namespace {

transport::view_row to_wire(const mesh::record_row& row) {
  return {.id = row.id, .incarnation = row.stamp.life, .version = row.stamp.version, .root = row.stamp.root};
}

mesh::record_stamp stamp_of(const transport::view_row& row) { return {row.incarnation, row.version, row.root}; }

struct body_writer {
  byte_buffer& out;

  void operator()(const mesh::view_summary& summary) const {
    transport::write_message(out, transport::view_summary_message{summary.root, summary.buckets});
  }
  void operator()(const mesh::view_rows& rows) const {
    std::vector<transport::view_row> packed;
    packed.reserve(rows.rows.size());
    for (const auto& row : rows.rows) packed.push_back(to_wire(row));
    transport::write_view_rows(out, rows.complete, packed);
  }
  void operator()(const mesh::record_pull& pull) const { transport::write_record_pull(out, pull.ids); }
  void operator()(const mesh::signed_record_ptr& record) const {
    byte_buffer entries;
    write_message(out, mesh::whole_of(*record, entries));
  }
  void operator()(const mesh::record_header& header) const { write_message(out, mesh::obituary_of(header)); }
};

}  // namespace

transport::record_delta_message to_wire(const mesh::record_delta& delta, byte_buffer& keys) {
  keys.clear();
  if (delta.keys) {
    append(keys, delta.keys->noise);
    append(keys, delta.keys->sign);
  }
  return {.row = to_wire({delta.id, delta.stamp}),
          .base = delta.base,
          .signature = delta.signature,
          .keys = keys,
          .entries = delta.changes.entries,
          .removed = delta.changes.removed};
}

mesh::record_delta from_wire(const transport::record_delta_message& message) {
  mesh::record_delta delta{.id = message.row.id,
                           .stamp = stamp_of(message.row),
                           .signature = message.signature,
                           .keys = {},
                           .base = message.base,
                           .changes = {message.entries, message.removed}};
  if (message.keys.size() == transport::owner_keys_bytes) {
    auto& keys = delta.keys.emplace();
    std::copy_n(message.keys.begin(), keys.noise.size(), keys.noise.begin());
    std::copy_n(message.keys.begin() + keys.noise.size(), keys.sign.size(), keys.sign.begin());
  }
  return delta;
}

mesh::view_summary from_wire(const transport::view_summary_message& message) { return {message.root, message.buckets}; }

mesh::view_rows from_wire(const transport::view_rows_message& message) {
  mesh::view_rows rows{.complete = message.complete, .rows = {}};
  rows.rows.reserve(message.rows.size());
  for (std::size_t i = 0; i < message.rows.size(); ++i) {
    const auto row = message.rows[i];
    rows.rows.push_back({row.id, stamp_of(row)});
  }
  return rows;
}

mesh::record_pull from_wire(const transport::id_list& message) {
  mesh::record_pull pull;
  pull.ids.reserve(message.size());
  for (std::size_t i = 0; i < message.size(); ++i) pull.ids.push_back(message[i]);
  return pull;
}

void write_message(byte_buffer& out, const mesh::record_delta& delta) {
  byte_buffer keys;
  transport::write_message(out, to_wire(delta, keys));
}

void write_message(byte_buffer& out, const mesh::exchange_message& message) {
  std::visit(body_writer{out}, message.what);
}

}  // namespace askr
