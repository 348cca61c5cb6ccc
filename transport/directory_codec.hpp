// SPDX-License-Identifier: MIT
#pragma once

/// What peers say about nodes, themselves and others: node records and peer lists. They own what they hold, because
/// they are few and stay; the messages of the hot path are in wire_codec.hpp. docs/protocol.md, "Node records".

#include "transport/wire_codec.hpp"
#include "transport/wire_messages.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <span>
#include <vector>

namespace askr::transport {

inline constexpr std::size_t record_names_max = 65'536;  ///< Commands, topics and state keys of one record, each.
inline constexpr std::size_t state_key_bytes_max = 512;

/// Appends a whole message body. What the record holds must be within the limits above and those of wire_messages.hpp.
void write_message(byte_buffer& out, const node_record_message& record);
/// At most peers_per_list_max of them.
void write_message(byte_buffer& out, std::span<const peer_entry> peers);

/// Fail with errc::bad_message.
result<node_record_message> decode_node_record(const opened_message& message);
result<std::vector<peer_entry>> decode_peer_list(const opened_message& message);

}  // namespace askr::transport
