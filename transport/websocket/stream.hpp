// SPDX-License-Identifier: MIT
#pragma once

/// One WebSocket connection after its handshake, without a socket, in either role: messages in and out, pings,
/// deadlines and the closing handshake. The owner moves octets and sets one timer:
///
///     stream.on_bytes(now, received);
///     while (auto message = stream.next()) ...             // may call send_text() and the like
///     write(stream.output()), then stream.consume(written)
///     if (stream.should_shutdown_send()) shutdown(send)    // and read on until the end or the deadline
///     if (stream.state() == stream_state::closed) close the socket
///
/// Messages come one by one, so what is answered to those before a violation goes out before the Close frame.
/// Source: RFC 6455, sections 5 to 7.

#include <askr/bytes.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include "transport/websocket/deflate.hpp"
#include "transport/websocket/frame.hpp"
#include "transport/websocket/frame_parser.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace askr::websocket {

struct stream_options {
  frame_limits limits = {};
  milliseconds ping_interval = seconds(25);     ///< Keep-alive, and when idle buffers are given back. 0 = never.
  milliseconds dead_after = seconds(60);        ///< Without any octet the connection is given up. 0 = never.
  milliseconds message_deadline = seconds(10);  ///< From the first to the last octet of a message. 0 = none.
  milliseconds close_deadline = seconds(2);     ///< From the first Close frame to the end of the connection.
  std::size_t pongs_per_second_max = 100;       ///< Pings above it are answered later, only the newest of them.
  std::size_t compress_bytes_min = 1 << 10;     ///< Smaller messages are not deflated even if that was agreed.
};

struct message {
  bool text = false;  ///< Valid UTF-8 in that case.
  byte_span data;     ///< Until the next call of next() or on_bytes(). See frame_parser::slack_bytes.
};

enum class stream_state : std::uint8_t {
  open,
  closing,  ///< A Close frame was sent or came, or the other side has ended: nothing more can be sent.
  closed,   ///< Close the socket.
};

/// Why the connection ends: the first reason that came up.
struct close_cause {
  close_code code = 0;  ///< 0: it does not end. 1005 and 1006 as in RFC 6455, section 7.1.5.
  bool by_us = false;
  std::string reason = {};
};

class stream {
 public:
  /// `deflate` and `context` (shared by a thread's connections, outliving this one) only if deflate was agreed on.
  /// `random` makes the client role's masks and must outlive the stream.
  stream(role role, const stream_options& options, const entropy& random, time_point now,
         std::optional<deflate_parameters> deflate = {}, deflate_context* context = nullptr);
  stream(stream&&) noexcept = default;
  stream& operator=(stream&&) noexcept = default;
  ~stream() = default;

  /// Octets as they came; they are unmasked in place. Call next() until it is empty before they are overwritten.
  void on_bytes(time_point now, mutable_byte_span received);
  std::optional<message> next();
  /// Holds from the next frame on: who has shown who he is may say more than a stranger.
  void set_message_bytes_max(std::size_t bytes) noexcept;
  /// The other side has ended its direction, or the connection broke.
  void on_end(time_point now);

  /// False: the stream is not open and nothing was queued. Text must be UTF-8.
  bool send_text(byte_span text) { return send(opcode::text, text); }
  bool send_binary(byte_span data) { return send(opcode::binary, data); }
  /// Frames made by append_frame(), whole ones, for instance one event for many clients. Server role only.
  bool send_encoded(byte_span frames);
  bool ping(byte_span payload = {});
  /// Starts the closing handshake. The reason is cut at a code point to 123 octets. Does nothing if it has begun.
  void close(time_point now, close_code code, std::string_view reason = {});

  /// What to write next. Stays where it is until consume() says that some of it is written, whatever is sent meanwhile.
  byte_span output() noexcept;
  void consume(std::size_t bytes);
  /// Queued and not written.
  std::size_t output_bytes() const noexcept { return sending_.size() - sent_ + pending_.size(); }

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

  stream_state state() const noexcept;
  /// All is said and written: shut down the sending direction and read on. Closing at once would reset the connection
  /// if unread octets have come, and the other side might lose the Close frame.
  bool should_shutdown_send() const noexcept;
  const close_cause& cause() const noexcept { return cause_; }

 private:
  bool send(opcode code, byte_span payload);
  void append(opcode code, byte_span payload);
  std::optional<message> accept(const frame_event& event);
  void on_ping(byte_span payload);
  void on_close(const frame_event& event);
  void fail(close_code code, std::string_view why);
  void send_close(close_code code, std::string_view reason);
  void set_cause(close_code code, bool by_us, std::string_view reason);
  bool is_deaf() const noexcept { return failed_ || close_received_ || ended_ || dead_; }
  void watch_message();
  time_point pong_due() const noexcept;
  void release_buffers() noexcept;

  stream_options options_;
  frame_parser parser_;
  const entropy* random_;
  deflate_context* context_;
  role role_;
  std::uint8_t deflate_window_bits_ = 15;

  bool close_sent_ = false;
  bool close_received_ = false;
  bool failed_ = false;  // The other side broke the protocol: nothing it says counts any more.
  bool ended_ = false;
  bool dead_ = false;
  bool late_ping_ = false;  // late_pong_ waits until the rate allows it.

  mutable_byte_span received_;
  byte_buffer sending_;  // Being written, from sent_ on,
  byte_buffer pending_;  // while this gathers what comes after it.
  std::size_t sent_ = 0;
  byte_buffer inflated_;  // The message that next() gave out, if it came compressed.
  byte_buffer late_pong_;

  time_point now_;
  time_point last_received_;
  time_point next_ping_;
  time_point message_begun_ = time_point::max();
  time_point close_due_ = time_point::max();
  time_point pong_paid_until_ = time_point::min();  // Token bucket of pongs: one second's worth may be ahead of now.

  close_cause cause_;
  std::uint8_t masks_left_ = 0;
  std::array<mask_key, 16> masks_;
};

}  // namespace askr::websocket
