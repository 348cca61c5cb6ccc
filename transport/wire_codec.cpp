// SPDX-License-Identifier: MIT
#include "transport/wire_codec.hpp"

#include "transport/wire_fields.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <limits>

namespace askr::transport {
namespace {

constexpr std::uint8_t command_idempotent = 1;
constexpr std::uint8_t command_stream = 2;
constexpr std::uint8_t reply_maybe_executed = 1;
constexpr std::uint32_t fields_max = 1'024;

std::size_t principal_bytes_max(const sent_principal* who) noexcept {
  constexpr std::size_t text_head_bytes = 5;
  if (who == nullptr) return 1;
  std::size_t bytes = 1 + 2 * text_head_bytes + who->name.size();
  for (const auto& role : who->roles) bytes += text_head_bytes + role.size();
  return bytes;
}

void write_principal(head_room& out, const sent_principal* who) {
  if (who == nullptr) return write_nil(out);
  ASKR_ASSERT(who->name.size() <= name_bytes_max && who->roles.size() <= roles_max);
  write_array_header(out, 2);
  write_str(out, who->name);
  write_array_header(out, who->roles.size());
  for (const auto& role : who->roles) {
    ASKR_ASSERT(role.size() <= role_bytes_max);
    write_str(out, role);
  }
}

// A cut must not split a character: the other side refuses text that is not UTF-8.
std::string_view cut(std::string_view text) {
  if (text.size() <= text_bytes_max) return text;
  std::size_t bytes = text_bytes_max;
  while (bytes > 0 && (static_cast<std::uint8_t>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

template <writable Out>
void write_text(Out& out, std::string_view text) {
  const auto sentence = cut(text);
  write_str(out, is_utf8(as_bytes(sentence)) ? sentence : std::string_view("(not UTF-8)"));
}

std::uint32_t to_wire(milliseconds remaining) {
  return static_cast<std::uint32_t>(
      std::clamp<milliseconds::rep>(remaining.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

// ---- reading

text_list read_texts(field_reader& fields, std::size_t count_max, std::size_t bytes_max) {
  const auto count = fields.array(count_max);
  const auto encoded = fields.rest();
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) fields.text(bytes_max);
  return {encoded.first(encoded.size() - fields.rest().size()), count};
}

void read_principal(field_reader& fields, received_command& command) {
  if (fields.nil()) return;
  command.by_node = false;
  fields.tuple(2, [&] {
    command.asked_by.name = fields.text(name_bytes_max);
    command.asked_by.roles = read_texts(fields, roles_max, role_bytes_max);
  });
}

// Known kinds by a switch without default, so that a new kind cannot be forgotten here.
message_kind known_kind(std::uint64_t number) {
  if (number > std::numeric_limits<std::uint8_t>::max()) return message_kind::none;
  const auto kind = static_cast<message_kind>(number);
  switch (kind) {
    case message_kind::chunk:
    case message_kind::ping:
    case message_kind::bye:
    case message_kind::record_delta:
    case message_kind::view_summary:
    case message_kind::view_rows:
    case message_kind::record_pull:
    case message_kind::observed:
    case message_kind::link_wanted:
    case message_kind::routed:
    case message_kind::route_broken:
    case message_kind::command:
    case message_kind::reply:
    case message_kind::cancel:
    case message_kind::part:
    case message_kind::credit:
    case message_kind::event:
    case message_kind::skipped:
    case message_kind::pull:
    case message_kind::gap:
    case message_kind::heads:
    case message_kind::interest_applied:
    case message_kind::relayed_event:
    case message_kind::past_event:
      return kind;
    case message_kind::none:
      break;
  }
  return message_kind::none;
}

}  // namespace

std::vector<std::string> text_list::to_vector() const {
  std::vector<std::string> texts;
  texts.reserve(count_);
  msgpack_reader reader(encoded_);
  while (const auto text = reader.read_str()) texts.emplace_back(*text);
  return texts;
}

void write_head(byte_buffer& to, const sent_command& command, const interned_name& name) {
  head_room out(to, plain_fields_bytes_max + name.text.size() + principal_bytes_max(command.asked_by));
  write_head_of(out, message_kind::command, 8);
  write_uint(out, command.mid);
  write_name(out, name);
  write_uint(out, to_wire(command.remaining));
  write_uint(out, command.depth);
  write_uint(out, (command.idempotent ? command_idempotent : 0U) | (command.stream ? command_stream : 0U));
  write_principal(out, command.asked_by);
  write_payload_head(out, command.payload);
}

void write_head(byte_buffer& to, const reply_message& reply) {
  head_room out(to, plain_fields_bytes_max + std::min(reply.detail.size(), text_bytes_max));
  write_head_of(out, message_kind::reply, 6);
  write_uint(out, reply.mid);
  write_uint(out, reply.status);
  write_uint(out, reply.maybe_executed ? reply_maybe_executed : 0);
  write_text(out, reply.detail);
  write_payload_head(out, reply.payload);
}

void write_head(byte_buffer& to, const sent_event& event, const interned_name& topic) {
  head_room out(to, plain_fields_bytes_max + topic.text.size());
  write_head_of(out, message_kind::event, 4);
  write_name(out, topic);
  write_uint(out, event.sequence);
  write_payload_head(out, event.payload);
}

void write_message(byte_buffer& out, const ping_message& ping) {
  write_head_of(out, message_kind::ping, ping.root ? 4 : 3);
  write_uint(out, ping.sent_us);
  write_uint(out, ping.echo_us);
  write_uint(out, ping.held_us);
  if (ping.root) write_bin(out, *ping.root);
}

void write_message(byte_buffer& out, const bye_message& bye) {
  write_head_of(out, message_kind::bye, 2);
  write_uint(out, static_cast<std::uint16_t>(bye.code));
  write_text(out, bye.text);
}

void write_cancel(byte_buffer& out, std::uint64_t mid) {
  write_head_of(out, message_kind::cancel, 1);
  write_uint(out, mid);
}

void write_observed(byte_buffer& out, std::string_view endpoint) {
  ASKR_ASSERT(endpoint.size() <= endpoint_bytes_max);
  write_head_of(out, message_kind::observed, 1);
  write_str(out, endpoint);
}

void write_link_wanted(byte_buffer& out, bool wanted) {
  write_head_of(out, message_kind::link_wanted, 1);
  write_bool(out, wanted);
}

void write_chunk_head(byte_buffer& out, std::uint32_t transfer, bool final, std::size_t piece_bytes) {
  write_head_of(out, message_kind::chunk, 3);
  write_uint(out, transfer);
  write_bool(out, final);
  write_bin_header(out, piece_bytes);
}

result<opened_message> open_message(byte_span body) {
  msgpack_reader reader(body);
  const auto count = reader.read_array_header();
  const auto kind = reader.read_uint();
  if (!count || *count == 0 || *count > fields_max || !kind) return error{errc::bad_message, "not a message"};
  return opened_message{known_kind(*kind), *count - 1, reader.rest()};
}

result<received_command> decode_command(const opened_message& message, received_names& names) {
  auto fields = fields_of(message);
  received_command command;
  command.mid = fields.uint();
  command.name = read_name(fields, names);
  command.remaining = milliseconds(fields.uint(std::numeric_limits<std::uint32_t>::max()));
  command.depth = static_cast<std::uint8_t>(fields.uint(std::numeric_limits<std::uint8_t>::max()));
  const auto flags = fields.uint();
  command.idempotent = (flags & command_idempotent) != 0;
  command.stream = (flags & command_stream) != 0;
  read_principal(fields, command);
  command.payload = read_payload(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed command"};
  return command;
}

result<received_event> decode_event(const opened_message& message, received_names& topics) {
  auto fields = fields_of(message);
  received_event event;
  event.topic = read_name(fields, topics);
  event.sequence = fields.uint();
  event.payload = read_payload(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed event"};
  return event;
}

result<reply_message> decode_reply(const opened_message& message) {
  auto fields = fields_of(message);
  reply_message reply;
  reply.mid = fields.uint();
  reply.status = static_cast<std::uint16_t>(fields.uint(std::numeric_limits<std::uint16_t>::max()));
  reply.maybe_executed = (fields.uint() & reply_maybe_executed) != 0;
  reply.detail = fields.text(text_bytes_max);
  reply.payload = read_payload(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed reply"};
  return reply;
}

result<std::uint64_t> decode_cancel(const opened_message& message) {
  auto fields = fields_of(message);
  const auto mid = fields.uint();
  if (!fields.finish()) return error{errc::bad_message, "malformed cancel"};
  return mid;
}

result<ping_message> decode_ping(const opened_message& message) {
  auto fields = fields_of(message);
  ping_message ping{.sent_us = fields.uint(), .echo_us = fields.uint(), .held_us = fields.uint()};
  // A later minor that has more to say writes nil where there is no root.
  if (fields.left() > 0 && !fields.nil()) {
    const auto root = fields.bin();
    if (root.size() != 16) return error{errc::bad_message, "malformed ping"};
    std::copy(root.begin(), root.end(), ping.root.emplace().begin());
  }
  if (!fields.finish()) return error{errc::bad_message, "malformed ping"};
  return ping;
}

result<bye_message> decode_bye(const opened_message& message) {
  auto fields = fields_of(message);
  const auto code = static_cast<errc>(fields.uint(std::numeric_limits<std::uint16_t>::max()));
  const bye_message bye{code, fields.text(text_bytes_max)};
  if (!fields.finish()) return error{errc::bad_message, "malformed bye"};
  return bye;
}

result<std::string_view> decode_observed(const opened_message& message) {
  auto fields = fields_of(message);
  const auto endpoint = fields.text(endpoint_bytes_max);
  if (!fields.finish()) return error{errc::bad_message, "malformed observed"};
  return endpoint;
}

result<bool> decode_link_wanted(const opened_message& message) {
  auto fields = fields_of(message);
  const bool wanted = fields.boolean();
  if (!fields.finish()) return error{errc::bad_message, "malformed link wanted"};
  return wanted;
}

result<chunk_message> decode_chunk(const opened_message& message) {
  auto fields = fields_of(message);
  chunk_message chunk;
  chunk.transfer = static_cast<std::uint32_t>(fields.uint(std::numeric_limits<std::uint32_t>::max()));
  chunk.final = fields.boolean();
  chunk.piece = fields.bin();
  if (!fields.finish() || chunk.piece.empty()) return error{errc::bad_message, "malformed chunk"};
  return chunk;
}

}  // namespace askr::transport
