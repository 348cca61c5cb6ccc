// SPDX-License-Identifier: MIT
#pragma once

/// permessage-deflate as a server: which offer is taken, and the two directions of its work. No context is kept from
/// one message to the next, so one `deflate_context` serves all connections of a thread and an idle connection costs
/// nothing. Source: RFC 7692.

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace askr::websocket {

/// What both sides agreed on. Neither side takes over contexts: the answer to every offer says so.
struct deflate_parameters {
  std::uint8_t server_window_bits = 15;                 ///< 9 to 15: how far back what we send may refer.
  std::optional<std::uint8_t> client_window_bits = {};  ///< Answered only if it was offered with a value.
  bool server_window_asked = false;                     ///< The offer named server_max_window_bits.
};

/// Takes the first acceptable permessage-deflate offer of all Sec-WebSocket-Extensions values; nothing if there is
/// none. Offers with unknown, doubled or malformed parameters are passed over, and so are those that need a window of
/// 2^8, which zlib cannot write. errc::bad_message: the header does not follow its grammar.
result<std::optional<deflate_parameters>> negotiate_deflate(std::span<const std::string_view> header_values);

/// The value of the answer's Sec-WebSocket-Extensions.
std::string deflate_answer(const deflate_parameters& parameters);

/// Both directions, with zlib's memory (about 300 KiB) made at first use. Not thread-safe.
class deflate_context {
 public:
  deflate_context();
  ~deflate_context();
  deflate_context(const deflate_context&) = delete;
  deflate_context& operator=(const deflate_context&) = delete;

  /// The deflated message, until the next call. Nothing: it would not be smaller, send it as it is.
  std::optional<byte_span> compress(byte_span message, std::uint8_t window_bits);

  /// Replaces `out` by the inflated message, in steps of 16 KiB and never above `bytes_max`.
  /// errc::too_large: there is more. errc::bad_message: not a deflated message.
  result<void> inflate(byte_span compressed, std::size_t bytes_max, byte_buffer& out);

 private:
  struct streams;
  std::unique_ptr<streams> streams_;
  byte_buffer compressed_;
};

}  // namespace askr::websocket
