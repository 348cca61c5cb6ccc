// SPDX-License-Identifier: MIT
#include "transport/directory_codec.hpp"

#include "transport/field_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <cstring>

namespace askr::transport {
namespace {

constexpr std::uint32_t record_fields_count = 11;
constexpr std::uint32_t state_fields_count = 3;
constexpr std::uint32_t peer_fields_count = 3;

void write_texts(byte_buffer& out, const std::vector<std::string>& texts, std::size_t count_max) {
  ASKR_ASSERT(texts.size() <= count_max);
  write_array_header(out, texts.size());
  for (const auto& text : texts) write_str(out, text);
}

void write_state(byte_buffer& out, const std::vector<state_entry>& state) {
  ASKR_ASSERT(state.size() <= record_names_max);
  write_array_header(out, state.size());
  for (const auto& entry : state) {
    write_array_header(out, state_fields_count);
    write_str(out, entry.key);
    write_uint(out, static_cast<std::uint8_t>(entry.kind));
    write_bin(out, entry.value);
  }
}

node_id read_id(field_reader& fields) {
  node_id id;
  const auto bytes = fields.bin();
  if (bytes.size() != node_id::size) return fields.fail(), id;
  std::memcpy(id.bytes.data(), bytes.data(), node_id::size);
  return id;
}

// Nothing is reserved by the count, which is only a claim.
std::vector<std::string> read_endpoints(field_reader& fields) {
  std::vector<std::string> endpoints;
  const auto count = fields.array(endpoints_max);
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) endpoints.emplace_back(fields.text(endpoint_bytes_max));
  return endpoints;
}

std::vector<std::string> read_names(field_reader& fields) {
  std::vector<std::string> names;
  const auto count = fields.array(record_names_max);
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
    names.emplace_back(fields.str(name_bytes_max));
    if (!is_name(names.back())) fields.fail();
  }
  return names;
}

state_entry read_state_entry(field_reader& fields) {
  state_entry entry;
  fields.tuple(state_fields_count, [&] {
    entry.key = fields.text(state_key_bytes_max);
    entry.kind = static_cast<encoding>(fields.uint(static_cast<std::uint8_t>(encoding::raw)));
    const auto value = fields.bin();
    entry.value.assign(value.begin(), value.end());
  });
  return entry;
}

std::vector<state_entry> read_state(field_reader& fields) {
  std::vector<state_entry> state;
  const auto count = fields.array(record_names_max);
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) state.push_back(read_state_entry(fields));
  return state;
}

peer_entry read_peer(field_reader& fields) {
  peer_entry peer;
  fields.tuple(peer_fields_count, [&] {
    peer.id = read_id(fields);
    peer.name = fields.text(name_bytes_max);
    peer.endpoints = read_endpoints(fields);
  });
  return peer;
}

}  // namespace

void write_message(byte_buffer& out, const node_record_message& record) {
  write_array_header(out, record_fields_count);
  write_uint(out, static_cast<std::uint8_t>(message_kind::node_record));
  write_bin(out, record.id.bytes);
  write_uint(out, record.incarnation);
  write_uint(out, record.version);
  write_str(out, record.name);
  write_str(out, record.app_version);
  write_bool(out, record.draining);
  write_texts(out, record.endpoints, endpoints_max);
  write_texts(out, record.commands, record_names_max);
  write_texts(out, record.topics, record_names_max);
  write_state(out, record.state);
}

void write_message(byte_buffer& out, std::span<const peer_entry> peers) {
  ASKR_ASSERT(peers.size() <= peers_per_list_max);
  write_array_header(out, 2);
  write_uint(out, static_cast<std::uint8_t>(message_kind::peer_list));
  write_array_header(out, peers.size());
  for (const auto& peer : peers) {
    write_array_header(out, peer_fields_count);
    write_bin(out, peer.id.bytes);
    write_str(out, peer.name);
    write_texts(out, peer.endpoints, endpoints_max);
  }
}

result<node_record_message> decode_node_record(const opened_message& message) {
  field_reader fields(message.fields, message.fields_count);
  node_record_message record;
  record.id = read_id(fields);
  record.incarnation = fields.uint();
  record.version = fields.uint();
  record.name = fields.text(name_bytes_max);
  record.app_version = fields.text(name_bytes_max);
  record.draining = fields.boolean();
  record.endpoints = read_endpoints(fields);
  record.commands = read_names(fields);
  record.topics = read_names(fields);
  record.state = read_state(fields);
  if (!fields.finish() || !is_name(record.name)) return error{errc::bad_message, "malformed node record"};
  return record;
}

result<std::vector<peer_entry>> decode_peer_list(const opened_message& message) {
  field_reader fields(message.fields, message.fields_count);
  std::vector<peer_entry> peers;
  const auto count = fields.array(peers_per_list_max);
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) peers.push_back(read_peer(fields));
  if (!fields.finish()) return error{errc::bad_message, "malformed peer list"};
  return peers;
}

}  // namespace askr::transport
