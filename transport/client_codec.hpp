// SPDX-License-Identifier: MIT
#pragma once

/// The client wire: text frames carry JSON, binary frames the same maps in msgpack. JSON is turned into msgpack before
/// anything looks at it, so there is one decoder, and a payload leaves it as msgpack whichever way it came.

#include "transport/client_message.hpp"
#include "transport/json.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <cstdint>

namespace askr::transport {

/// How a session writes its messages. Agreed by the subprotocol; a client may send either at any time.
enum class client_encoding : std::uint8_t {
  json,     ///< Text frames, `askr.v1.json`.
  msgpack,  ///< Binary frames, `askr.v1.msgpack`.
};

struct client_codec_limits {
  std::size_t message_bytes_max = 1 << 20;             ///< One message as received.
  std::size_t payload_depth_max = 32;                  ///< Nested arrays and maps in a payload; 62 at most.
  std::size_t elements_max = 65'536;                   ///< All elements and members of one message.
  std::size_t positions_max = 1024;                    ///< Rows of "since".
  std::size_t token_bytes_max = 4096;                  ///< A credential.
  milliseconds timeout_max = std::chrono::minutes(5);  ///< The longest timeout a command may ask for.
};

/// Decodes and encodes; both roles use the same one. Holds buffers that are reused, so a steady stream of messages
/// costs no allocation; one per thread is enough for any number of sessions. Not thread-safe.
class client_codec {
 public:
  explicit client_codec(const client_codec_limits& limits = {}) : limits_(limits) {}

  /// Fails with errc::bad_message or errc::too_large; the detail says what is wrong and last_mid() who is to be told.
  /// The message's views are valid until the next call of decode, and no longer than `received`.
  result<client_message> decode(byte_span received, client_encoding how);
  /// The mid of the message that was last given to decode, also of a bad one if its mid could be read.
  const message_id& last_mid() const noexcept { return last_mid_; }

  /// Appends the message. Texts that are not UTF-8 get question marks; the data is checked, since it may come from
  /// anywhere: errc::bad_payload or too_large if it cannot be said in that encoding, and `out` is as it was.
  result<void> encode(const client_message& message, client_encoding how, byte_buffer& out);
  /// The same into a buffer of its own: valid until the next call.
  result<byte_span> encode(const client_message& message, client_encoding how);

 private:
  result<byte_span> to_msgpack(byte_span received, client_encoding how);

  client_codec_limits limits_;
  json_transcoder json_;
  byte_buffer received_;  ///< What decode's views point into when JSON was received.
  byte_buffer payload_;   ///< Scratch of encode.
  byte_buffer encoded_;   ///< Of the encode that is given no buffer.
  message_id last_mid_;
};

/// True for the kinds that a node may send to a client.
bool is_from_node(client_message::kind what) noexcept;

/// A failure, ready to be encoded; its text is a view into `why`.
client_message failure_message(const message_id& mid, const error& why) noexcept;

}  // namespace askr::transport
