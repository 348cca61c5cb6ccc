// SPDX-License-Identifier: MIT
#include "libaskr/src/event_door.hpp"

#include "libaskr/src/event_router.hpp"

#include <algorithm>

namespace askr {
namespace {

using transport::message_kind;

event event_from(const peer& from, std::string_view topic, std::uint64_t sequence, payload_view data) {
  return {.topic = topic,
          .data = data,
          .origin = from.node,
          .origin_name = from.name,
          .epoch = from.life,
          .sequence = sequence};
}

}  // namespace

result<void> event_door::on_message(time_point now, peer& from, const opened_message& message) {
  switch (message.kind) {
    case message_kind::event:
      return on_event(now, from, message);
    case message_kind::relayed_event:
      return on_relayed_event(now, from, message);
    case message_kind::past_event:
      return on_past_event(now, from, message);
    case message_kind::skipped:
      return on_skipped(now, from, message);
    case message_kind::pull:
      return on_pull(now, from, message);
    case message_kind::gap:
      return on_gap(now, from, message);
    case message_kind::heads:
      return on_heads(now, from, message);
    case message_kind::interest_applied:
      return on_interest_applied(now, from, message);
    default:
      return {};
  }
}

bool event_door::may_emit(const peer& from, std::string_view topic) {
  if (from.who.rights.may(verb::emit, topic)) return true;
  ++counts_.events_dropped;
  return false;
}

result<void> event_door::on_event(time_point now, peer& from, const opened_message& message) {
  const auto heard = from.in.decode_event(message);
  if (!heard) return heard.error();
  if (!may_emit(from, heard->topic.text)) return {};
  const auto bytes = from.in.plain_bytes(heard->payload);
  if (!bytes) return bytes.error();
  events_.on_event(now, from,
                   event_from(from, heard->topic.text, heard->sequence, payload_view(*bytes, heard->payload.kind)));
  return {};
}

result<void> event_door::on_relayed_event(time_point now, peer& from, const opened_message& message) {
  const auto heard = from.in.decode_relayed_event(message);
  if (!heard) return heard.error();
  const auto bytes = from.in.plain_bytes(heard->payload);
  if (!bytes) return bytes.error();
  events_.on_relayed_event(now, from, *heard, payload_view(*bytes, heard->payload.kind));
  return {};
}

result<void> event_door::on_past_event(time_point now, peer& from, const opened_message& message) {
  const auto heard = from.in.decode_past_event(message);
  if (!heard) return heard.error();
  if (!may_emit(from, heard->topic.text)) return {};
  const auto bytes = from.in.plain_bytes(heard->payload);
  if (!bytes) return bytes.error();
  events_.on_past_event(
      now, heard->request,
      event_from(from, heard->topic.text, heard->sequence, payload_view(*bytes, heard->payload.kind)));
  return {};
}

result<void> event_door::on_skipped(time_point now, const peer& from, const opened_message& message) {
  const auto said = transport::decode_skipped(message);
  if (!said) return said.error();
  if (may_emit(from, said->topic)) events_.on_skipped(now, from, *said);
  return {};
}

result<void> event_door::on_pull(time_point now, peer& from, const opened_message& message) {
  const auto said = transport::decode_pull(message);
  if (!said) return said.error();
  if (from.who.rights.may(verb::listen, said->topic)) {
    events_.on_pull(now, from, *said);
  } else {
    ++counts_.pulls_refused;
  }
  return {};
}

result<void> event_door::on_gap(time_point now, const peer& from, const opened_message& message) {
  const auto said = transport::decode_gap(message);
  if (!said) return said.error();
  if (may_emit(from, said->topic)) events_.on_gap(now, from, *said);
  return {};
}

result<void> event_door::on_heads(time_point now, const peer& from, const opened_message& message) {
  auto said = transport::decode_heads(message);
  if (!said) return said.error();
  std::erase_if(said->last, [&](const auto& each) { return !may_emit(from, each.topic); });
  events_.on_heads(now, from, *said);
  return {};
}

result<void> event_door::on_interest_applied(time_point now, const peer& from, const opened_message& message) {
  auto said = transport::decode_interest_applied(message);
  if (!said) return said.error();
  std::erase_if(said->next, [&](const auto& each) { return !may_emit(from, each.topic); });
  events_.on_interest_applied(now, from, *said);
  return {};
}

}  // namespace askr
