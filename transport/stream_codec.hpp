// SPDX-License-Identifier: MIT
#pragma once

/// Answers in parts, on the peer wire: a part, and the credit for more of them. docs/protocol.md, "Answers in parts".

#include "transport/wire_codec.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstdint>

namespace askr::transport {

/// One part of the answer to a command.
struct part_message {
  std::uint64_t mid = 0;
  std::uint64_t number = 0;  ///< From 1.
  bool secret = false;       ///< Sending side only: never compressed.
  wire_payload payload = {};
};

/// The caller has room for more.
struct credit_message {
  std::uint64_t mid = 0;
  std::uint32_t bytes = 0;  ///< At least 1.
};

/// All but the payload's bytes, which follow.
void write_head(byte_buffer& out, const part_message& part);
void write_message(byte_buffer& out, const credit_message& credit);

result<part_message> decode_part(const opened_message& message);
result<credit_message> decode_credit(const opened_message& message);

}  // namespace askr::transport
