// SPDX-License-Identifier: MIT
#pragma once

/// The fields that several messages between peers have in common: interned names and payloads. Inline, because the hot
/// path reads and writes them. docs/protocol.md, "Names".

#include "transport/field_reader.hpp"
#include "transport/msgpack_writer.hpp"
#include "transport/name_table.hpp"
#include "transport/wire_codec.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>

#include <cstdint>
#include <cstring>

namespace askr::transport {

inline constexpr std::uint8_t encoding_mask = 3;
inline constexpr std::uint8_t encoding_compressed = 4;
inline constexpr std::uint8_t encoding_max = 6;  // raw, compressed

template <writable Out>
void write_head_of(Out& out, message_kind kind, std::size_t fields_count) {
  write_array_header(out, fields_count + 1);
  write_uint(out, static_cast<std::uint8_t>(kind));
}

template <writable Out>
void write_name(Out& out, const interned_name& name) {
  if (name.as == interned_name::form::number) return write_uint(out, name.id);
  if (name.as == interned_name::form::definition) {
    write_array_header(out, 2);
    write_uint(out, name.id);
  }
  write_str(out, name.text);
}

/// All of a payload but its bytes.
template <writable Out>
void write_payload_head(Out& out, const wire_payload& payload) {
  write_uint(out, static_cast<std::uint8_t>(payload.kind) | (payload.compressed ? encoding_compressed : 0));
  write_bin_header(out, payload.bytes.size());
}

/// What the fields of a message take at most that are numbers, and the heads of those that are not.
inline constexpr std::size_t plain_fields_bytes_max = 64;

inline field_reader fields_of(const opened_message& message) { return {message.fields, message.fields_count}; }

inline received_name read_numbered_name(field_reader& fields, const received_names& names) {
  const auto id = fields.uint();
  const auto* known = names.find(id);
  if (known == nullptr) return fields.fail(), received_name{};
  return {*known, static_cast<std::uint32_t>(id)};
}

inline received_name read_defined_name(field_reader& fields, received_names& names) {
  const bool pair = fields.array(2) == 2;
  const auto id = fields.uint();
  const auto text = fields.str(name_bytes_max);
  if (!pair || !fields.ok() || !names.define(id, text)) return fields.fail(), received_name{};
  return {*names.find(id), static_cast<std::uint32_t>(id)};
}

/// A name that is never numbered.
inline std::string_view read_plain_name(field_reader& fields) {
  const auto text = fields.str(name_bytes_max);
  if (!is_name(text)) fields.fail();
  return text;
}

inline received_name read_name(field_reader& fields, received_names& names) {
  const auto type = fields.next_type();
  if (type == msgpack_type::unsigned_integer) return read_numbered_name(fields, names);
  if (type == msgpack_type::array) return read_defined_name(fields, names);
  return {read_plain_name(fields), no_name_id};
}

inline wire_payload read_payload(field_reader& fields) {
  const auto tag = fields.uint(encoding_max);
  const auto bytes = fields.bin();
  if ((tag & encoding_mask) > static_cast<std::uint8_t>(encoding::raw)) fields.fail();
  return {bytes, static_cast<encoding>(tag & encoding_mask), (tag & encoding_compressed) != 0};
}

template <writable Out>
void write_id(Out& out, const node_id& id) {
  write_bin(out, byte_span(id.bytes));
}

inline node_id read_id(field_reader& fields) {
  node_id id;
  const auto bytes = fields.bin();
  if (bytes.size() != node_id::size) return fields.fail(), id;
  std::memcpy(id.bytes.data(), bytes.data(), node_id::size);
  return id;
}

}  // namespace askr::transport
