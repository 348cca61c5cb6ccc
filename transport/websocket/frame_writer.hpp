// SPDX-License-Identifier: MIT
#pragma once

/// Frames as they are written: always whole messages, never fragments, the shortest length. A server's frames carry no
/// mask, so a message for many clients is encoded once. Source: RFC 6455, section 5.2.

#include <askr/bytes.hpp>

#include "transport/websocket/frame.hpp"
#include "transport/websocket/unmask.hpp"

#include <array>
#include <string_view>

namespace askr::websocket {

/// Appends one unmasked frame. `compressed` sets RSV1: the payload is already deflated. Source: RFC 7692, section 6.
void append_frame(byte_buffer& out, opcode code, byte_span payload, bool compressed = false);

/// Appends one frame masked with `key`, as clients must.
void append_masked_frame(byte_buffer& out, opcode code, byte_span payload, const mask_key& key);

/// The payload of a Close frame: code, then reason, cut at a code point to fit. `none_received` gives an empty payload.
byte_span close_payload(close_code code, std::string_view reason, std::array<std::uint8_t, control_bytes_max>& storage);

}  // namespace askr::websocket
