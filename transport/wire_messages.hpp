// SPDX-License-Identifier: MIT
#pragma once

/// What peers say to each other, as plain structs. Those for the hot path hold views: what is sent points into the
/// sender's memory during one call, what was received points into the inbox. docs/protocol.md, "Messages between
/// peers".

#include "transport/names.hpp"

#include <askr/bytes.hpp>
#include <askr/encoding.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace askr::transport {

/// First field of every message. Numbers in between belong to later messages of the same family; a receiver skips what
/// it does not know.
enum class message_kind : std::uint8_t {
  none = 0,  ///< Not on the wire: there is no message, or one of an unknown kind.
  // Control of the link and the view.
  chunk = 1,
  ping = 2,
  bye = 3,
  record_delta = 6,
  view_summary = 7,
  view_rows = 8,
  record_pull = 9,
  observed = 10,
  link_wanted = 11,
  routed = 12,
  route_broken = 13,
  // Commands.
  command = 16,
  reply = 17,
  cancel = 18,
  part = 19,
  credit = 20,
  // Events.
  event = 32,
  skipped = 33,
  pull = 34,
  gap = 35,
  heads = 36,
  interest_applied = 37,
  relayed_event = 38,
  past_event = 39,
};

/// For people; empty for numbers that have no meaning yet.
constexpr std::string_view name_of(message_kind kind) noexcept {
  switch (kind) {
    case message_kind::none: return "none";
    case message_kind::chunk: return "chunk";
    case message_kind::ping: return "ping";
    case message_kind::bye: return "bye";
    case message_kind::record_delta: return "record_delta";
    case message_kind::view_summary: return "view_summary";
    case message_kind::view_rows: return "view_rows";
    case message_kind::record_pull: return "record_pull";
    case message_kind::observed: return "observed";
    case message_kind::link_wanted: return "link_wanted";
    case message_kind::routed: return "routed";
    case message_kind::route_broken: return "route_broken";
    case message_kind::command: return "command";
    case message_kind::reply: return "reply";
    case message_kind::cancel: return "cancel";
    case message_kind::part: return "part";
    case message_kind::credit: return "credit";
    case message_kind::event: return "event";
    case message_kind::skipped: return "skipped";
    case message_kind::pull: return "pull";
    case message_kind::gap: return "gap";
    case message_kind::heads: return "heads";
    case message_kind::interest_applied: return "interest_applied";
    case message_kind::relayed_event: return "relayed_event";
    case message_kind::past_event: return "past_event";
  }
  return {};
}

inline constexpr std::size_t names_max = 4'096;    ///< Interned names per link, direction and table.
inline constexpr std::size_t role_bytes_max = 64;  ///< One role of a principal.
inline constexpr std::size_t roles_max = 64;
inline constexpr std::size_t text_bytes_max = 1'024;  ///< Sentences for people; longer ones are cut.
inline constexpr std::size_t endpoints_max = 64;        ///< Of one node.
inline constexpr std::size_t endpoint_bytes_max = 262;  ///< A DNS name of 255, a colon, a port.

/// The number that stands for a name on one link, so that its owner can keep what belongs to it in an array.
inline constexpr std::uint32_t no_name_id = UINT32_MAX;

struct wire_payload {
  byte_span bytes = {};
  askr::encoding kind = askr::encoding::msgpack;
  bool compressed = false;  ///< `bytes` are one zstd frame.
};

/// A name as it came: the text stays valid as long as the inbox if it has an id, else as long as the message.
struct received_name {
  std::string_view text = {};
  std::uint32_t id = no_name_id;
};

/// Texts inside a received message, checked when it was decoded, read one by one.
class text_list {
 public:
  text_list() = default;
  /// `encoded` is `count` msgpack str objects.
  text_list(byte_span encoded, std::uint32_t count) : encoded_(encoded), count_(count) {}

  std::size_t size() const noexcept { return count_; }
  std::vector<std::string> to_vector() const;

 private:
  byte_span encoded_;
  std::uint32_t count_ = 0;
};

// ---- commands

/// For whom a command is sent: a client of the sending node. A node's own commands carry none.
struct sent_principal {
  std::string_view name = {};
  std::span<const std::string> roles = {};
};
struct received_principal {
  std::string_view name = {};
  text_list roles = {};
};

struct sent_command {
  std::uint64_t mid = 0;
  std::string_view name = {};
  milliseconds remaining = seconds(10);      ///< Until nobody waits for the reply; 0 to 2^32 - 1 ms.
  std::uint8_t depth = 0;                    ///< How many commands led to this one.
  bool idempotent = false;                   ///< May safely run more than once.
  bool stream = false;                       ///< Its answer may come in parts.
  bool secret = false;                       ///< Never compressed: a length would tell something about the payload.
  const sent_principal* asked_by = nullptr;  ///< Null: the sending node itself.
  wire_payload payload = {};
};
struct received_command {
  std::uint64_t mid = 0;
  received_name name = {};
  milliseconds remaining{};
  std::uint8_t depth = 0;
  bool idempotent = false;
  bool stream = false;
  bool by_node = true;  ///< Asked by the sending node itself, not by `asked_by`.
  received_principal asked_by = {};
  wire_payload payload = {};
};

/// The outcome of a command, sent and received: a value if `status` is 0, else an errc and a sentence.
struct reply_message {
  std::uint64_t mid = 0;
  std::uint16_t status = 0;
  bool maybe_executed = false;  ///< Of a failure: the command may have run.
  bool secret = false;          ///< Sending side only, as in sent_command.
  bool behind_parts = false;    ///< Sending side only: goes behind the parts that were sent before it.
  std::string_view detail = {};
  wire_payload payload = {};

  bool ok() const noexcept { return status == 0; }
  errc code() const noexcept { return static_cast<errc>(status); }
  static reply_message failed(std::uint64_t mid, errc code, std::string_view detail = {}, bool maybe_executed = false) {
    return {.mid = mid, .status = static_cast<std::uint16_t>(code), .maybe_executed = maybe_executed, .detail = detail};
  }
};

// ---- events

struct sent_event {
  std::string_view topic = {};
  std::uint64_t sequence = 0;  ///< Counts the events of one topic at its origin, from 1.
  bool secret = false;         ///< As in sent_command.
  wire_payload payload = {};
};
struct received_event {
  received_name topic = {};
  std::uint64_t sequence = 0;
  wire_payload payload = {};
};

// ---- control

/// Heartbeat, one way. Round trip = now - echo_us - held_us at the receiver, on its own clock alone.
struct ping_message {
  std::uint64_t sent_us = 0;  ///< The sender's clock; any origin, never 0.
  std::uint64_t echo_us = 0;  ///< `sent_us` of the last ping from the other side; 0 = none yet.
  std::uint64_t held_us = 0;  ///< How long ago that ping came in.
  std::optional<std::array<std::uint8_t, 16>> root = {};  ///< Digest of the sender's view; in some pings only.
};

/// The last message on a link that its sender closes on purpose.
struct bye_message {
  errc code = errc::closed;
  std::string_view text = {};
};

}  // namespace askr::transport
