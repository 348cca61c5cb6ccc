// SPDX-License-Identifier: MIT
// The input is one opened record after another (each behind its 2-byte length), as if a member of the workspace had
// gone mad: everything between the cipher and the dispatcher runs over it.
#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/outbox.hpp"
#include "transport/routed_codec.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace askr;
using namespace askr::transport;

void require(bool holds) {
  if (!holds) std::abort();
}

// What was accepted can be sent on and is then the same.
void resend(const received_command& command) {
  const auto roles = command.asked_by.roles.to_vector();
  const sent_principal who{command.asked_by.name, roles};
  outbox box;
  const sent_command again{.mid = command.mid,
                           .name = command.name.text,
                           .remaining = command.remaining,
                           .depth = command.depth,
                           .idempotent = command.idempotent,
                           .asked_by = command.by_node ? nullptr : &who,
                           .payload = command.payload};
  require(box.append_command(again) == admission::queued);
  byte_buffer scratch;
  decompressor opener;
  inbox far(opener);
  for (auto record = box.next_record(scratch); !record.empty(); record = box.next_record(scratch)) {
    const auto message = far.next(record);
    require(message.ok());
    if (message->kind == message_kind::none) continue;
    const auto got = far.decode_command(*message);
    require(got.ok() && got->mid == command.mid && got->name.text == command.name.text);
    require(got->asked_by.roles.to_vector() == roles && got->payload.bytes.size() == command.payload.bytes.size());
  }
}

/// What is said about events reads back as it was written.
template <class Message, class Decode>
bool rewrite(const result<Message>& message, Decode decode) {
  if (!message) return false;
  byte_buffer body, again;
  write_message(body, *message);
  write_message(again, *decode(*open_message(body)));
  require(body == again);
  return true;
}

bool decode_about_events(const opened_message& message) {
  switch (message.kind) {
    case message_kind::skipped:
      return rewrite(decode_skipped(message), decode_skipped);
    case message_kind::pull:
      return rewrite(decode_pull(message), decode_pull);
    case message_kind::gap:
      return rewrite(decode_gap(message), decode_gap);
    case message_kind::heads:
      return decode_heads(message).ok();
    case message_kind::interest_applied:
      return decode_interest_applied(message).ok();
    default:
      return false;
  }
}

bool decode(inbox& box, const opened_message& message) {
  switch (message.kind) {
    case message_kind::command: {
      const auto command = box.decode_command(message);
      if (command) resend(*command);
      return command && box.plain_bytes(command->payload).ok();
    }
    case message_kind::event: {
      const auto event = box.decode_event(message);
      return event && box.plain_bytes(event->payload).ok();
    }
    case message_kind::past_event: {
      const auto event = box.decode_past_event(message);
      return event && box.plain_bytes(event->payload).ok();
    }
    case message_kind::relayed_event: {
      const auto event = box.decode_relayed_event(message);
      return event && box.plain_bytes(event->payload).ok();
    }
    case message_kind::reply:
      return decode_reply(message).ok();
    case message_kind::part: {
      const auto part = decode_part(message);
      return part && box.plain_bytes(part->payload).ok();
    }
    case message_kind::credit:
      return decode_credit(message).ok();
    case message_kind::cancel:
      return decode_cancel(message).ok();
    case message_kind::ping:
      return decode_ping(message).ok();
    case message_kind::bye:
      return decode_bye(message).ok();
    case message_kind::observed:
      return decode_observed(message).ok();
    case message_kind::link_wanted:
      return decode_link_wanted(message).ok();
    case message_kind::routed:
      return rewrite(decode_routed(message), decode_routed);
    case message_kind::route_broken:
      return rewrite(decode_route_broken(message), decode_route_broken);
    default:
      return decode_about_events(message);
  }
}

// False once the link would be closed.
bool read_record(inbox& box, byte_span record) {
  while (true) {
    const auto message = box.next(record);
    if (!message) return false;
    if (message->kind == message_kind::none) return true;
    if (!decode(box, *message)) return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decompressor opener;
  inbox box(opener, {.message_bytes_max = 1 << 20, .transfers_max = 4, .transfer_bytes_max = 2 << 20});
  byte_span rest(data, size);
  while (rest.size() >= 2) {
    const std::size_t bytes = std::min<std::size_t>(rest[0] << 8 | rest[1], rest.size() - 2);
    if (!read_record(box, rest.subspan(2, bytes))) break;
    require(box.transfers() <= 4);
    rest = rest.subspan(2 + bytes);
  }
  return 0;
}
