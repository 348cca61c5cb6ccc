// SPDX-License-Identifier: MIT
#pragma once

/// Octets in, messages and control frames out. Received octets are unmasked where they lie, and a message that is whole
/// in them is handed out in place, without a copy or an allocation; anything else is gathered in one buffer that grows
/// with what has really arrived, never with what a header declares. Strict in everything that RFC 6455, section 5
/// forbids, at the first octet that shows it. Source: RFC 6455, section 5; RFC 7692, section 6.

#include <askr/bytes.hpp>

#include "transport/websocket/frame.hpp"
#include "transport/websocket/unmask.hpp"
#include "transport/websocket/utf8.hpp"

#include <array>
#include <string_view>

namespace askr::websocket {

struct frame_limits {
  std::size_t message_bytes_max = 1 << 20;    ///< Of a message, all its fragments together; more closes with 1009.
  std::size_t fragments_max = 1024;           ///< Frames of one message, empty ones included; more closes with 1008.
  std::size_t buffer_bytes_kept = 256 << 10;  ///< Larger buffers are given back as soon as they are empty.
};

/// What the parser found.
struct frame_event {
  enum class kind : std::uint8_t { need_more, text, binary, ping, pong, close, violation };

  kind what = kind::need_more;
  bool compressed = false;    ///< A message to be inflated; its text has not been checked yet.
  close_code code = 0;        ///< close: what came; violation: what to close with.
  byte_span payload = {};     ///< The message, the body of a ping or pong, or the reason of a close.
  std::string_view why = {};  ///< violation: a constant sentence.
};

class frame_parser {
 public:
  /// Readable octets behind every message that was not handed out in place; simdjson wants them.
  static constexpr std::size_t slack_bytes = 64;

  /// `receiver` is our own role: a server wants masked frames, a client unmasked ones. `deflate`: RSV1 was negotiated.
  frame_parser(role receiver, const frame_limits& limits, bool deflate);

  /// Takes octets off the front of `received` until there is something to say. The payload is valid until the next call
  /// or until `received` is overwritten. After a violation nothing more is understood.
  frame_event next(mutable_byte_span& received);

  /// Holds from the next frame on.
  void set_message_bytes_max(std::size_t bytes) noexcept { limits_.message_bytes_max = bytes; }

  /// Whether a message is open between its fragments.
  bool in_message() const noexcept { return message_open_; }
  /// Whether a message or a frame has begun and not ended.
  bool in_progress() const noexcept { return message_open_ || in_frame_ || header_have_ != 0; }
  /// Gives memory back if nothing is in it.
  void release_buffers() noexcept;

 private:
  enum class step : std::uint8_t { need_more, ready, failed };

  step read_header(mutable_byte_span& received);
  step check_first_octets(std::uint8_t first, std::uint8_t second);
  step decode_header(const std::uint8_t* header);
  step begin_data_frame();
  mutable_byte_span take_payload(mutable_byte_span& received);
  frame_event on_data(byte_span chunk);
  frame_event on_control(byte_span chunk);
  frame_event on_close(byte_span body);
  frame_event message_event(byte_span payload);
  void gather(byte_span chunk);
  void forget_delivered();
  step fail(close_code code, std::string_view why);
  frame_event violation();
  std::size_t bytes_max() const noexcept;

  frame_limits limits_;
  role role_;
  bool deflate_;
  bool failed_ = false;
  bool in_frame_ = false;
  bool fin_ = false;
  bool message_open_ = false;  // A first fragment came, the final one did not.
  bool message_is_text_ = false;
  bool message_compressed_ = false;
  bool delivered_ = false;  // gathered_ was handed out and is to be emptied.
  opcode opcode_ = opcode::continuation;
  utf8_validator utf8_;
  mask_key key_{};
  std::uint64_t payload_bytes_ = 0;  // Of the frame,
  std::uint64_t payload_have_ = 0;   // of which these have been taken.
  std::size_t fragments_ = 0;
  byte_buffer gathered_;
  std::uint8_t header_have_ = 0;
  std::array<std::uint8_t, header_bytes_max> header_;
  std::array<std::uint8_t, control_bytes_max> control_;
  close_code violation_code_ = 0;
  std::string_view violation_why_;
};

}  // namespace askr::websocket
