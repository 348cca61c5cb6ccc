// SPDX-License-Identifier: MIT
#pragma once

/// What peers say about events besides the events themselves: what was not sent, what is asked for again, what is gone,
/// and where each topic stands. Rare messages, so their topics are plain text. docs/protocol.md, "About events".

#include "transport/wire_codec.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace askr::transport {

inline constexpr std::size_t heads_max = 1'024;             ///< Rows of one message.
inline constexpr std::size_t heads_bytes_max = 12'288;      ///< About; a sender begins another message above it.
inline constexpr std::uint64_t sequence_max = 1ULL << 62U;  ///< No origin lives to emit so many.

/// Events `from` to `to` of the sender's were not sent over this link, because it was full.
struct skipped_message {
  std::string_view topic = {};
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Asks the origin for events `from` to `to`; `request` comes back in the answer. 0: to repair a gap.
struct pull_message {
  std::uint64_t request = 0;
  std::string_view topic = {};
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Answers a pull: events `from` to `to` are gone for ever.
struct gap_message {
  std::uint64_t request = 0;
  std::string_view topic = {};
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// A topic and a place in its sequence. The text is a view into the message or into the sender's memory.
struct topic_head {
  std::string_view topic = {};
  std::uint64_t sequence = 0;
};

/// The last events of topics that were active lately.
struct heads_message {
  std::span<const topic_head> last = {};
};

/// The sender knows what the receiver wants; `interest` stands for the topics its record named. `next`: the sequence of the next event of
/// each wanted topic that had events; all others start at 1. Cut into several messages, the last is `complete`.
struct interest_applied_message {
  std::uint64_t interest = 0;
  bool complete = true;
  std::span<const topic_head> next = {};
};

/// Answers a pull: one event of the sender's own.
struct past_event {
  std::uint64_t request = 0;
  std::string_view topic = {};
  std::uint64_t sequence = 0;
  bool secret = false;
  wire_payload payload = {};
};

/// An event on its way from `origin` through a relay.
struct relayed_event {
  node_id origin = {};
  incarnation life = 0;
  std::string_view topic = {};
  std::uint64_t sequence = 0;
  std::uint8_t hops_left = 0;  ///< Links it may still cross.
  bool secret = false;
  wire_payload payload = {};
};
struct received_relayed_event {
  node_id origin = {};
  incarnation life = 0;
  received_name topic = {};
  std::uint64_t sequence = 0;
  std::uint8_t hops_left = 0;
  wire_payload payload = {};
};
struct received_past_event {
  std::uint64_t request = 0;
  received_name topic = {};
  std::uint64_t sequence = 0;
  wire_payload payload = {};
};

/// A received list: the rows are valid as long as the message.
struct received_heads {
  std::vector<topic_head> last;
};
struct received_interest_applied {
  std::uint64_t interest = 0;
  bool complete = true;
  std::vector<topic_head> next;
};

void write_message(byte_buffer& out, const skipped_message& message);
void write_message(byte_buffer& out, const pull_message& message);
void write_message(byte_buffer& out, const gap_message& message);
void write_message(byte_buffer& out, const heads_message& message);
void write_message(byte_buffer& out, const interest_applied_message& message);
/// All but the payload's bytes, which follow.
void write_head(byte_buffer& out, const past_event& event, const interned_name& topic);
void write_head(byte_buffer& out, const relayed_event& event, const interned_name& topic);

result<skipped_message> decode_skipped(const opened_message& message);
result<pull_message> decode_pull(const opened_message& message);
result<gap_message> decode_gap(const opened_message& message);
result<received_heads> decode_heads(const opened_message& message);
result<received_interest_applied> decode_interest_applied(const opened_message& message);
/// As decode_event(): may define a name, so each has to be decoded, in order.
result<received_past_event> decode_past_event(const opened_message& message, received_names& topics);
result<received_relayed_event> decode_relayed_event(const opened_message& message, received_names& topics);

}  // namespace askr::transport
