// SPDX-License-Identifier: MIT
#include "libaskr/src/peer_door.hpp"

#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/event_router.hpp"
#include "libaskr/src/membership.hpp"
#include "libaskr/src/relay.hpp"
#include "transport/record_delta_codec.hpp"

namespace askr {

using transport::message_kind;
using transport::opened_message;

namespace {

// What is about a link, or the view, is said by neighbours only.
bool may_cross_relays(message_kind kind) { return kind == message_kind::none || kind >= message_kind::command; }

}  // namespace

peer_door::peer_door(const node_options& options, peer_table& peers, dispatcher& commands, event_router& events,
                     membership& members, relay& paths, counters& counts)
    : options_(options),
      peers_(peers),
      commands_(commands),
      events_(events, counts),
      members_(members),
      relay_(paths),
      counts_(counts) {}

void peer_door::on_record(time_point now, link_id link, byte_span messages) {
  auto* from = peers_.find(link);
  if (from == nullptr) return;
  from->last_heard = now;
  for (auto rest = messages; !from->closing;) {
    const auto message = from->in.next(rest);
    const auto done = message ? on_message(now, *from, *message) : result<void>(message.error());
    if (!done) {
      ++counts_.messages_malformed;
      return from->far ? relay_.drop(now, *from, done.error()) : members_.close(*from, done.error());
    }
    if (message->kind == message_kind::none) return;
  }
}

result<void> peer_door::on_message(time_point now, peer& from, const opened_message& message) {
  if (from.far && !may_cross_relays(message.kind)) return error{errc::bad_message, "a message for links alone"};
  switch (message.kind) {
    case message_kind::command:
      return on_command(now, from, message);
    case message_kind::reply:
      return on_reply(now, from, message);
    case message_kind::cancel:
      return on_cancel(now, from, message);
    case message_kind::part:
      return on_part(now, from, message);
    case message_kind::credit:
      return on_credit(now, from, message);
    case message_kind::event:
    case message_kind::skipped:
    case message_kind::pull:
    case message_kind::gap:
    case message_kind::heads:
    case message_kind::interest_applied:
    case message_kind::relayed_event:
    case message_kind::past_event:
      return events_.on_message(now, from, message);
    case message_kind::ping:
      return on_ping(now, from, message);
    case message_kind::bye:
      return on_bye(from, message);
    case message_kind::record_delta:
    case message_kind::view_summary:
    case message_kind::view_rows:
    case message_kind::record_pull:
      return on_view_message(now, from, message);
    case message_kind::observed:
      return on_observed(from, message);
    case message_kind::link_wanted:
      return on_link_wanted(from, message);
    case message_kind::routed:
      return on_routed(now, from, message);
    case message_kind::route_broken:
      return on_route_broken(now, message);
    case message_kind::none:
    case message_kind::chunk:
      break;  // The inbox deals with these.
  }
  return {};
}

result<void> peer_door::on_command(time_point now, peer& from, const opened_message& message) {
  const auto command = from.in.decode_command(message);
  if (!command) return command.error();
  caller back{.what = caller::kind::link, .id = from.id, .ticket = command->mid, .in_parts = command->stream};
  const auto bytes = from.in.plain_bytes(command->payload);
  if (!bytes) {
    peers_.send_reply(from.id, command->mid, bytes.error(), false);
    return {};
  }
  commands_.serve(now,
                  {.name = command->name.text,
                   .data = payload_view(*bytes, command->payload.kind),
                   .who = &asker(from, *command),
                   .remaining = command->remaining,
                   .depth = command->depth,
                   .idempotent = command->idempotent,
                   .stream = command->stream},
                  std::move(back));
  return {};
}

const principal& peer_door::asker(peer& from, const transport::received_command& command) {
  if (command.by_node) return from.who;
  asker_.what = principal::kind::client;
  asker_.name = command.asked_by.name;
  asker_.roles = command.asked_by.roles.to_vector();
  asker_.entry = from.node;
  asker_.rights = from.who.rights;  // A node can vouch for no more than it may do itself.
  return asker_;
}

result<void> peer_door::on_reply(time_point now, peer& from, const opened_message& message) {
  const auto reply = transport::decode_reply(message);
  if (!reply) return reply.error();
  if (!reply->ok()) {
    commands_.on_reply(now, from.id, reply->mid, error{reply->code(), std::string(reply->detail)},
                       reply->maybe_executed);
    return {};
  }
  const auto bytes = from.in.plain_bytes(reply->payload);
  if (!bytes) {
    commands_.on_reply(now, from.id, reply->mid, bytes.error(), true);
  } else {
    commands_.on_reply(now, from.id, reply->mid, payload_view(*bytes, reply->payload.kind));
  }
  return {};
}

result<void> peer_door::on_part(time_point now, peer& from, const opened_message& message) {
  const auto part = transport::decode_part(message);
  if (!part) return part.error();
  const auto bytes = from.in.plain_bytes(part->payload);
  const auto plain =
      bytes ? result<payload_view>(payload_view(*bytes, part->payload.kind)) : result<payload_view>(bytes.error());
  commands_.on_part(now, from.id, part->mid, part->number, plain);
  return {};
}

result<void> peer_door::on_credit(time_point now, peer& from, const opened_message& message) {
  const auto credit = transport::decode_credit(message);
  if (!credit) return credit.error();
  commands_.on_credit(now, from.id, credit->mid, credit->bytes);
  return {};
}

result<void> peer_door::on_cancel(time_point now, peer& from, const opened_message& message) {
  const auto mid = transport::decode_cancel(message);
  if (!mid) return mid.error();
  commands_.cancel(now, caller::kind::link, from.id, *mid);
  return {};
}

result<void> peer_door::on_ping(time_point now, peer& from, const opened_message& message) {
  const auto ping = transport::decode_ping(message);
  if (!ping) return ping.error();
  members_.on_ping(now, from, *ping);
  return {};
}

result<void> peer_door::on_bye(peer& from, const opened_message& message) {
  const auto bye = transport::decode_bye(message);
  if (!bye) return bye.error();
  members_.on_bye(from, *bye);
  return {};
}

result<void> peer_door::on_view_message(time_point now, peer& from, const opened_message& message) {
  auto& view = members_.view();
  const auto take = [&](auto decoded, auto&& then) -> result<void> {
    if (!decoded) return decoded.error();
    then(*decoded);
    return {};
  };
  switch (message.kind) {
    case message_kind::record_delta: {
      const auto delta = transport::decode_record_delta(message);
      if (!delta) return delta.error();
      return view.on_delta(now, from.id, *delta);
    }
    case message_kind::view_summary:
      return take(transport::decode_view_summary(message), [&](const auto& said) { view.on_summary(from.id, said); });
    case message_kind::view_rows:
      return take(transport::decode_view_rows(message), [&](const auto& said) { view.on_rows(now, from.id, said); });
    default:
      return take(transport::decode_record_pull(message), [&](const auto& said) { view.on_pull(from.id, said); });
  }
}

result<void> peer_door::on_routed(time_point now, peer& from, const opened_message& message) {
  const auto routed = transport::decode_routed(message);
  if (!routed) return routed.error();
  if (const auto said = relay_.on_routed(now, from, *routed)) on_record(now, said->from, said->messages);
  return {};
}

result<void> peer_door::on_route_broken(time_point now, const opened_message& message) {
  const auto broken = transport::decode_route_broken(message);
  if (!broken) return broken.error();
  relay_.on_route_broken(now, *broken);
  return {};
}

result<void> peer_door::on_observed(peer& from, const opened_message& message) {
  const auto endpoint = transport::decode_observed(message);
  if (!endpoint) return endpoint.error();
  members_.on_observed(from, *endpoint);
  return {};
}

result<void> peer_door::on_link_wanted(peer& from, const opened_message& message) {
  const auto wanted = transport::decode_link_wanted(message);
  if (!wanted) return wanted.error();
  members_.on_link_wanted(from, *wanted);
  return {};
}

}  // namespace askr
