// SPDX-License-Identifier: MIT
#include "transport/event_codec.hpp"

#include "transport/wire_fields.hpp"

#include <askr/assert.hpp>

namespace askr::transport {
namespace {

/// Sequences count from 1.
bool is_range(std::uint64_t from, std::uint64_t to) noexcept { return from >= 1 && from <= to && to <= sequence_max; }

void write_heads(byte_buffer& out, std::span<const topic_head> heads) {
  ASKR_ASSERT(heads.size() <= heads_max);
  write_array_header(out, heads.size());
  for (const auto& each : heads) {
    write_array_header(out, 2);
    write_str(out, each.topic);
    write_uint(out, each.sequence);
  }
}

// Nothing is reserved by the count, which is only a claim.
std::vector<topic_head> read_heads(field_reader& fields) {
  std::vector<topic_head> heads;
  const auto count = fields.array(heads_max);
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
    fields.tuple(2, [&] {
      const auto topic = read_plain_name(fields);
      heads.push_back({topic, fields.uint(sequence_max)});
    });
  }
  return heads;
}

template <class Message>
void read_range(field_reader& fields, Message& into) {
  into.topic = read_plain_name(fields);
  into.from = fields.uint();
  into.to = fields.uint();
  if (!is_range(into.from, into.to)) fields.fail();
}

std::uint64_t read_sequence(field_reader& fields) {
  const auto sequence = fields.uint(sequence_max);
  if (sequence == 0) fields.fail();
  return sequence;
}

}  // namespace

void write_message(byte_buffer& out, const skipped_message& message) {
  write_head_of(out, message_kind::skipped, 3);
  write_str(out, message.topic);
  write_uint(out, message.from);
  write_uint(out, message.to);
}

void write_message(byte_buffer& out, const pull_message& message) {
  write_head_of(out, message_kind::pull, 4);
  write_uint(out, message.request);
  write_str(out, message.topic);
  write_uint(out, message.from);
  write_uint(out, message.to);
}

void write_message(byte_buffer& out, const gap_message& message) {
  write_head_of(out, message_kind::gap, 4);
  write_uint(out, message.request);
  write_str(out, message.topic);
  write_uint(out, message.from);
  write_uint(out, message.to);
}

void write_message(byte_buffer& out, const heads_message& message) {
  write_head_of(out, message_kind::heads, 1);
  write_heads(out, message.last);
}

void write_message(byte_buffer& out, const interest_applied_message& message) {
  write_head_of(out, message_kind::interest_applied, 3);
  write_uint(out, message.interest);
  write_bool(out, message.complete);
  write_heads(out, message.next);
}

void write_head(byte_buffer& out, const past_event& event, const interned_name& topic) {
  write_head_of(out, message_kind::past_event, 5);
  write_uint(out, event.request);
  write_name(out, topic);
  write_uint(out, event.sequence);
  write_payload_head(out, event.payload);
}

void write_head(byte_buffer& out, const relayed_event& event, const interned_name& topic) {
  write_head_of(out, message_kind::relayed_event, 7);
  write_id(out, event.origin);
  write_uint(out, event.life);
  write_name(out, topic);
  write_uint(out, event.sequence);
  write_uint(out, event.hops_left);
  write_payload_head(out, event.payload);
}

result<skipped_message> decode_skipped(const opened_message& message) {
  auto fields = fields_of(message);
  skipped_message skipped;
  read_range(fields, skipped);
  if (!fields.finish()) return error{errc::bad_message, "malformed skipped"};
  return skipped;
}

result<pull_message> decode_pull(const opened_message& message) {
  auto fields = fields_of(message);
  pull_message pull{.request = fields.uint()};
  read_range(fields, pull);
  if (!fields.finish()) return error{errc::bad_message, "malformed pull"};
  return pull;
}

result<gap_message> decode_gap(const opened_message& message) {
  auto fields = fields_of(message);
  gap_message gap{.request = fields.uint()};
  read_range(fields, gap);
  if (!fields.finish()) return error{errc::bad_message, "malformed gap"};
  return gap;
}

result<received_heads> decode_heads(const opened_message& message) {
  auto fields = fields_of(message);
  received_heads heads{read_heads(fields)};
  if (!fields.finish()) return error{errc::bad_message, "malformed heads"};
  return heads;
}

result<received_interest_applied> decode_interest_applied(const opened_message& message) {
  auto fields = fields_of(message);
  received_interest_applied applied;
  applied.interest = fields.uint();
  applied.complete = fields.boolean();
  applied.next = read_heads(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed interest applied"};
  return applied;
}

result<received_past_event> decode_past_event(const opened_message& message, received_names& topics) {
  auto fields = fields_of(message);
  received_past_event event;
  event.request = fields.uint();
  event.topic = read_name(fields, topics);
  event.sequence = read_sequence(fields);
  event.payload = read_payload(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed past event"};
  return event;
}

result<received_relayed_event> decode_relayed_event(const opened_message& message, received_names& topics) {
  auto fields = fields_of(message);
  received_relayed_event event;
  event.origin = read_id(fields);
  event.life = fields.uint();
  event.topic = read_name(fields, topics);
  event.sequence = read_sequence(fields);
  event.hops_left = static_cast<std::uint8_t>(fields.uint(std::numeric_limits<std::uint8_t>::max()));
  event.payload = read_payload(fields);
  if (!fields.finish()) return error{errc::bad_message, "malformed relayed event"};
  return event;
}

}  // namespace askr::transport
