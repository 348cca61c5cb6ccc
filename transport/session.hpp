// SPDX-License-Identifier: MIT
#pragma once

/// One client connection without a socket: an HTTP request first, then, if it asks for it, a WebSocket that carries
/// client messages. Plain GETs of `/` and `/health` are answered and end it. Formats: docs/protocol.md, "The client
/// wire". Who may say what is decided by the owner.

#include "transport/client_codec.hpp"
#include "transport/http.hpp"
#include "transport/tls.hpp"
#include "transport/websocket/deflate.hpp"
#include "transport/websocket/handshake.hpp"
#include "transport/websocket/stream.hpp"

#include <askr/authenticator.hpp>
#include <askr/bytes.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace askr::transport {

/// What all sessions of a node have in common; outlives them.
struct session_options {
  http::head_options head = {};
  milliseconds head_deadline = seconds(5);
  websocket::handshake_options handshake = {};
  websocket::stream_options stream = {};
  std::size_t unadmitted_bytes_max = 12 << 10;  ///< Of one message, before admit(); inflated, if it was compressed.
  std::string about;                            ///< What GET / answers: plain text.
};

/// How a client has come: what is known of it before it says anything.
struct arrival {
  std::string address;  ///< Its IP address.
  bool loopback = false;
  time_point opened{};          ///< When the connection was accepted; the head's deadline counts from there.
  std::string reached_at = {};  ///< The address of this host that it has come to, as in a URL.
  bool tls = false;
  tls::shown_certificate certificate = {};
  bool plain_refused = false;  ///< It should have come by TLS: it is told so, and no more.
};

class session {
 public:
  session(const session_options& options, const entropy& random, websocket::deflate_context& deflate, arrival how);

  /// `received` is unmasked in place and must stay until next() has returned nothing.
  void on_bytes(time_point now, mutable_byte_span received);
  /// The other side has ended its direction.
  void on_end(time_point now);

  /// The next message, still encoded; valid until the next call of this or of on_bytes(). Nothing: wait for more bytes.
  std::optional<websocket::message> next();

  /// The client has shown who it is: from now on messages may be as large as the stream's limit allows.
  void admit();

  /// Encodes and queues. Fails as client_codec::encode does, or with closed.
  result<void> send(client_codec& codec, const client_message& message);
  /// Frames that client_frame() made, for one event to many sessions. False if the session is closed.
  bool send_encoded(byte_span frames);
  void close(time_point now, websocket::close_code code, std::string_view reason);

  /// True once the WebSocket's handshake is done.
  bool upgraded() const noexcept { return std::holds_alternative<websocket::stream>(phase_); }
  /// What the client has shown; of meaning once upgraded. The token is that of the subprotocol list, if any.
  const client_credential& shown() const noexcept { return shown_; }
  /// The token, which this then has no more.
  std::string take_token() { return std::exchange(shown_.token, {}); }
  /// The Host header, as it came.
  const std::string& host() const noexcept { return host_; }
  client_encoding encoding() const noexcept { return encoding_; }

  /// What to write next; stays where it is until consume().
  byte_span output() noexcept;
  void consume(std::size_t bytes);
  std::size_t output_bytes() const noexcept;
  /// All is said: shut down the sending direction and read on until finished().
  bool wants_shutdown() const noexcept;
  /// Close the socket.
  bool finished() const noexcept;

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

 private:
  /// Before the upgrade, and after a plain HTTP answer.
  struct http_phase {
    http::head_parser parser;
    byte_buffer answer;
    std::size_t written = 0;
    bool answered = false;
    bool ended = false;
    time_point due;
    std::string reached_at;
    bool tls = false;
    bool plain_refused = false;
  };

  void on_head(time_point now, http_phase& http, mutable_byte_span rest);
  void upgrade(time_point now, const http::request& request, mutable_byte_span rest);
  void answer(http_phase& http, byte_buffer response);
  void route(http_phase& http, const http::request& request);
  bool is_refused(http_phase& http, const http::request& request);

  const session_options& options_;
  const entropy& random_;
  websocket::deflate_context& deflate_;
  client_credential shown_;
  std::string host_;
  client_encoding encoding_ = client_encoding::json;
  std::variant<std::unique_ptr<http_phase>, websocket::stream> phase_;
  byte_buffer upgrade_response_;  ///< Goes out before the stream's own output.
  std::size_t upgrade_written_ = 0;
};

/// Appends a client message as one WebSocket frame that any session of that encoding can be given.
result<void> append_client_frame(client_codec& codec, const client_message& message, client_encoding how,
                                 byte_buffer& payload_scratch, byte_buffer& frames);

}  // namespace askr::transport
