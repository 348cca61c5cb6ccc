// SPDX-License-Identifier: MIT
#pragma once

/// Peer messages <-> bytes: one msgpack array of positional fields each, written and read by hand without an object
/// tree. Commands, replies, events and the link's own messages are here; node records and peer lists, which own what
/// they hold, in directory_codec.hpp. docs/protocol.md, "Messages between peers".
///
/// Readers take what is longer than they know (later minors append fields) and fail with errc::bad_message for what is
/// shorter, of another type, or out of bounds. They allocate nothing but the text of a name that is defined.

#include "transport/name_table.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <cstdint>

namespace askr::transport {

/// Each message of a record stands behind its length, 2 bytes big-endian.
inline constexpr std::size_t message_head_bytes = 2;
inline constexpr std::size_t message_body_bytes_max = 65'519 - message_head_bytes;
/// All of a command, reply or event but its payload.
inline constexpr std::size_t message_overhead_bytes_max = 6'144;

// ---- writing: everything but the payload's bytes, which come last and are appended by the caller

void write_head(byte_buffer& out, const sent_command& command, const interned_name& name);
void write_head(byte_buffer& out, const reply_message& reply);
void write_head(byte_buffer& out, const sent_event& event, const interned_name& topic);
void write_message(byte_buffer& out, const ping_message& ping);
void write_message(byte_buffer& out, const bye_message& bye);
void write_cancel(byte_buffer& out, std::uint64_t mid);
/// The endpoint at which the sender sees the receiver.
void write_observed(byte_buffer& out, std::string_view endpoint);
void write_link_wanted(byte_buffer& out, bool wanted);
/// `piece_bytes` follow: the next part of the body of message `transfer`.
void write_chunk_head(byte_buffer& out, std::uint32_t transfer, bool final, std::size_t piece_bytes);

// ---- reading

/// A message whose kind has been read.
struct opened_message {
  message_kind kind = message_kind::none;  ///< none: a kind that this version does not know.
  std::uint32_t fields_count = 0;          ///< After the kind.
  byte_span fields = {};
};

struct chunk_message {
  std::uint32_t transfer = 0;
  bool final = false;
  byte_span piece = {};
};

/// Fails unless `body` begins like a message.
result<opened_message> open_message(byte_span body);

/// A name's definition is entered in `names`, so every message that arrives has to be decoded, and in order.
result<received_command> decode_command(const opened_message& message, received_names& names);
result<received_event> decode_event(const opened_message& message, received_names& topics);
result<reply_message> decode_reply(const opened_message& message);
/// The mid.
result<std::uint64_t> decode_cancel(const opened_message& message);
result<ping_message> decode_ping(const opened_message& message);
result<bye_message> decode_bye(const opened_message& message);
result<std::string_view> decode_observed(const opened_message& message);
result<bool> decode_link_wanted(const opened_message& message);
result<chunk_message> decode_chunk(const opened_message& message);

}  // namespace askr::transport
