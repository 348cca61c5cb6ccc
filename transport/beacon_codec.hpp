// SPDX-License-Identifier: MIT
#pragma once

/// The discovery datagram: who I am and where I listen, authenticated by the workspace's beacon key. It is never
/// answered by UDP, and it proves nothing: only a handshake does. Layout: docs/protocol.md, "Beacons".

#include "crypto/workspace_keys.hpp"

#include <askr/bytes.hpp>
#include <askr/endpoint.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <vector>

namespace askr::transport {

inline constexpr std::size_t beacon_bytes_max = 512;
inline constexpr std::size_t beacon_addresses_max = 16;

struct beacon {
  node_id id;
  incarnation life = 0;
  std::uint64_t counter = 0;  ///< Grows with every beacon of one life.
  wall_ms sent = 0;
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  ///< IPv4 and IPv6 addresses, without port.
};

/// At most beacon_bytes_max; addresses beyond beacon_addresses_max, or that are no IP addresses, are left out.
byte_buffer encode_beacon(const beacon& what, const crypto::workspace_keys& keys);

/// Fails with wrong_workspace (cheapest check first), unauthenticated (MAC) or bad_message.
result<beacon> decode_beacon(byte_span datagram, const crypto::workspace_keys& keys);

}  // namespace askr::transport
