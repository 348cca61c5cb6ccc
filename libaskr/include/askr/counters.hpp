// SPDX-License-Identifier: MIT
#pragma once

/// What a node has counted since it started. Every loss and every refusal has a number here.

#include <cstdint>

namespace askr {

struct counters {
  std::uint64_t commands_sent = 0;        ///< By this node's own code.
  std::uint64_t commands_from_clients = 0;
  std::uint64_t commands_served = 0;      ///< Handlers run.
  std::uint64_t commands_forwarded = 0;   ///< To another node.
  std::uint64_t commands_retried = 0;     ///< Sent once more, elsewhere, after a failure.
  std::uint64_t commands_duplicate = 0;   ///< Of peers, seen before: not run again.
  std::uint64_t parts_unasked = 0;        ///< Parts of answers that nobody waits for, or has asked for.
  std::uint64_t replies_late = 0;         ///< Came after the outcome was known, or were never asked for.
  std::uint64_t commands_timed_out = 0;
  std::uint64_t commands_peer_lost = 0;
  std::uint64_t commands_refused = 0;     ///< denied, overloaded, no_handler, no_node, duplicate_mid, too_large.
  std::uint64_t handlers_failed = 0;
  std::uint64_t handlers_slow = 0;        ///< Held the node's thread for more than 50 ms.
  std::uint64_t events_emitted = 0;
  std::uint64_t events_delivered = 0;     ///< To local listeners, sessions and links.
  std::uint64_t events_dropped = 0;       ///< A link or session was above its soft limit, or a peer may not emit it.
  std::uint64_t events_relayed = 0;       ///< Of other nodes, passed on over a link.
  std::uint64_t events_duplicate = 0;     ///< Came again, by another way, or of an earlier life of their origin.
  std::uint64_t events_pulled = 0;        ///< Times that missing events were asked for.
  std::uint64_t event_gaps = 0;           ///< Times that events were found to be lost for good.
  std::uint64_t event_streams_dropped = 0;  ///< Topics of other nodes whose order was let go, for want of room.
  std::uint64_t pulls_refused = 0;        ///< Peers that asked too often, or for what they may not hear.
  std::uint64_t messages_malformed = 0;   ///< From peers; the link is closed.
  std::uint64_t client_messages_malformed = 0;
  std::uint64_t links_opened = 0;
  std::uint64_t links_closed = 0;
  std::uint64_t nodes_found = 0;          ///< Came up: a path of links led to them.
  std::uint64_t nodes_lost = 0;           ///< No path leads to them any more.
  std::uint64_t owners_refused = 0;       ///< Nodes that this node's authenticator does not admit.
  std::uint64_t records_refused = 0;      ///< Of more nodes than there is room for, or more than fits into this node's own.
  std::uint64_t messages_relayed = 0;     ///< Passed on between two other nodes.
  std::uint64_t routed_refused = 0;       ///< Came over relays and were altered, out of order, of nobody known, or this node's own.
  std::uint64_t strangers_refused = 0;    ///< Connections that never authenticated.
  std::uint64_t strangers_evicted = 0;    ///< Of these, those that made room for newer ones.
  std::uint64_t handshakes_refused = 0;   ///< They proved the secret, but there were too many at once.
  std::uint64_t tls_opened = 0;           ///< TLS handshakes that ended well,
  std::uint64_t tls_failed = 0;           ///< or badly,
  std::uint64_t tls_refused = 0;          ///< or were not begun: too many at once, or in too short a time.
  std::uint64_t clients_refused = 0;      ///< Wrong credentials of clients.
  std::uint64_t clients_throttled = 0;    ///< Credentials not looked at: too many wrong ones from that address.
  std::uint64_t admissions_ended = 0;     ///< Links, nodes and sessions that were in, and are refused now.
  std::uint64_t sessions_opened = 0;
  std::uint64_t sessions_closed = 0;
  std::uint64_t beacons_sent = 0;
  std::uint64_t beacons_refused = 0;      ///< Wrong MAC, replayed, or malformed.
};

}  // namespace askr
