// SPDX-License-Identifier: MIT
#pragma once

/// What a node and a client say to each other over a WebSocket, in either direction and either encoding: one struct of
/// views, made by the decoder and taken by the encoder. Shapes and rules: docs/protocol.md, "The client wire".

#include "transport/names.hpp"

#include <askr/balance.hpp>
#include <askr/bytes.hpp>
#include <askr/encoding.hpp>
#include <askr/error.hpp>
#include <askr/event.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace askr::transport {

/// A mid as the asker wrote it: text of at most 64 bytes or an integer, and echoed as the same. Owns its bytes without
/// allocating, so it can be kept as a key.
class message_id {
 public:
  static constexpr std::size_t text_bytes_max = 64;
  enum class kind : std::uint8_t { none, text, unsigned_integer, negative_integer };

  message_id() = default;
  /// Nothing if the text is empty or too long.
  static std::optional<message_id> from_text(std::string_view text) noexcept;
  static message_id from_uint(std::uint64_t number) noexcept;
  static message_id from_int(std::int64_t number) noexcept;

  kind what() const noexcept { return kind_; }
  bool is_none() const noexcept { return kind_ == kind::none; }
  std::string_view text() const noexcept { return {text_.data(), text_bytes_}; }
  /// The integer's bits; cast to std::int64_t for a negative one.
  std::uint64_t number() const noexcept { return number_; }

  bool operator==(const message_id& other) const noexcept {
    return kind_ == other.kind_ && number_ == other.number_ && text() == other.text();
  }

 private:
  kind kind_ = kind::none;
  std::uint8_t text_bytes_ = 0;
  std::array<char, text_bytes_max> text_{};
  std::uint64_t number_ = 0;
};

/// How far a client has heard a topic of a node.
struct client_position {
  std::string_view topic;
  std::string_view from;
  incarnation epoch = 0;  ///< 0: the present one.
  std::uint64_t sequence = 0;
};

/// One message. Which members mean something depends on `what`; the others keep their defaults. The views point into
/// what was decoded, and are valid until the codec decodes the next message or the received bytes go.
struct client_message {
  enum class kind : std::uint8_t {
    command,       ///< mid, name, data; + workspace, to, timeout, all, idempotent, stream, balance, key, from
    reply,         ///< mid, data
    part,          ///< mid, part, data
    failure,       ///< code, text; + mid, maybe_executed. Without a mid it answers no message in particular.
    event,         ///< name (topic), data; + mid (asks for a reply), workspace, from, epoch, sequence
    gap,           ///< name (topic), from, epoch, why; + sequence, until
    subscription,  ///< name (topic or pattern); + mid, workspace, last, since, from, epoch, positions, ready, timeout,
                   ///< overflow
    unsubscription,  ///< name; + mid, workspace
    serve,           ///< name (command); + mid, workspace
    unserve,         ///< name; + mid, workspace
    cancel,          ///< mid of the command that is given up; + workspace
    credit,          ///< mid of a command that is answered in parts, bytes
    auth,            ///< token, or key; + signature, mid, workspace
    hello,           ///< + mid, workspace
    challenge,       ///< nonce, node_name, node, version, workspace; + mid
    welcome,         ///< node_name, node, version, workspace; + mid
  };

  kind what = kind::command;
  message_id mid;
  std::string_view workspace;                              ///< Empty: that of the session.
  std::string_view name;                                   ///< Command, topic or pattern.
  byte_span data;                                          ///< The payload; empty stands for nil.
  askr::encoding data_encoding = askr::encoding::msgpack;  ///< Always msgpack where the decoder made it.

  std::string_view to;    ///< Node that shall serve the command. Empty: any.
  std::string_view from;  ///< Set by nodes only: who asks, or the node where the event was emitted.
  std::optional<milliseconds> timeout;
  bool all = false;
  bool idempotent = false;
  bool stream = false;
  askr::balance balance = askr::balance::p2c;
  std::string_view key;     ///< The same key, the same node. Of auth: a client's public key.
  std::uint64_t part = 0;   ///< Number of a part of an answer, from 1.
  std::uint64_t bytes = 0;  ///< Of further parts that there is room for.

  std::optional<std::uint64_t> last;       ///< So many past events first.
  std::optional<std::uint64_t> since;      ///< Events of `from` after this sequence first,
  std::vector<client_position> positions;  ///< or those after these.
  bool ready = false;                      ///< Answer only when all nodes know of it.
  overflow_policy overflow = overflow_policy::drop_oldest;
  std::optional<std::uint64_t> sequence;  ///< "seq"; of a gap: the first event that is missing,
  std::optional<std::uint64_t> until;     ///< and the last.
  gap_cause why = gap_cause::lost;        ///< "reason"
  std::optional<incarnation> epoch;       ///< Incarnation of the node where the event was emitted.

  errc code = errc::handler_failed;
  std::string_view text;        ///< "error": a sentence for people.
  bool maybe_executed = false;  ///< The command may have run before it failed.

  std::string_view token;
  std::string_view signature;
  std::string_view nonce;
  std::string_view node_name;
  node_id node;
  std::string_view version;
};

}  // namespace askr::transport

template <>
struct std::hash<askr::transport::message_id> {
  std::size_t operator()(const askr::transport::message_id& mid) const noexcept {
    return std::hash<std::string_view>{}(mid.text()) ^ static_cast<std::size_t>(mid.number() * 0x9e3779b97f4a7c15);
  }
};
