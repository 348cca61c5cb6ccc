// SPDX-License-Identifier: MIT
#pragma once

/// What crosses relays: an envelope whose contents only its two ends can read, and the news that a path has broken.
/// docs/protocol.md, "Relayed messages".

#include "transport/wire_codec.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <string_view>

namespace askr::transport {

/// Messages of one turn between two nodes that have no link. What was received are views into the message.
struct routed_message {
  node_id source = {};
  askr::incarnation source_life = 0;
  node_id target = {};
  askr::incarnation target_life = 0;
  std::uint64_t session = 0;  ///< Grows whenever the source begins anew.
  std::uint8_t hops_left = 0;
  byte_span sealed = {};
};

/// Of whatever `to` has said to, or asked of, `about`, nothing more will come.
struct route_broken_message {
  node_id to = {};
  node_id about = {};
  std::uint64_t session = 0;  ///< Of one of the two with the other: in a later one nothing is lost.
  std::uint8_t hops_left = 0;
  errc code = errc::peer_lost;
  node_id relay = {};          ///< Who noticed,
  std::string_view text = {};  ///< and what.
};

void write_message(byte_buffer& out, const routed_message& message);
void write_message(byte_buffer& out, const route_broken_message& message);

/// Fail with errc::bad_message.
result<routed_message> decode_routed(const opened_message& message);
result<route_broken_message> decode_route_broken(const opened_message& message);

}  // namespace askr::transport
