// SPDX-License-Identifier: MIT
#pragma once

/// How a node behaves. Every member has a default that is safe on one machine; every limit has a name here.

#include <askr/authenticator.hpp>
#include <askr/error.hpp>
#include <askr/permissions.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace askr {

/// When payloads on links are compressed (zstd, one frame per message, from `compression_bytes_min` up).
enum class compression_mode : std::uint8_t {
  off,
  adaptive,  ///< Only while the link is the bottleneck, and only where a sample says that it pays.
  always,    ///< Wherever a sample says that it pays.
};

/// One peer connection.
struct link_limits {
  milliseconds handshake_deadline = seconds(5);  ///< From accept to admitted; octets do not extend it.
  milliseconds keys_renewed_after = 1h;          ///< A new handshake inside the link. 0 = never; else 5 min or more.
  milliseconds lease = 2500ms;                   ///< Silence after which the link is down. 0 = never.
  milliseconds heartbeat = 800ms;                ///< Silence of our own after which we ping; below lease / 2.
  std::size_t outbox_bytes_soft = 8 << 20;       ///< Above it events are dropped and commands get overloaded.
  std::size_t outbox_bytes_hard = 16 << 20;      ///< Above it the link is closed with errc::overloaded.
  milliseconds old_secret_kept = seconds(60);    ///< A link whose secret was removed is replaced, else closed then.
  milliseconds stuck = seconds(10);              ///< A non-empty outbox that does not move closes the link.
  std::size_t message_bytes_max = 16 << 20;      ///< Payload of one message; larger is errc::too_large.
  std::size_t compression_bytes_min = 256;       ///< Smaller payloads are never compressed.
  compression_mode compression = compression_mode::adaptive;
};

/// One client connection.
struct session_limits {
  std::size_t message_bytes_max = 1 << 20;       ///< One WebSocket message, 64 MiB at most; larger closes with 1009.
  std::size_t unadmitted_bytes_max = 12 << 10;   ///< The same of a client that is not admitted yet.
  std::size_t fragments_max = 1024;              ///< Frames of one message, empty ones included; more closes with 1008.
  std::size_t head_bytes_max = 8 << 10;          ///< HTTP request head.
  std::size_t headers_max = 64;                  ///< HTTP header fields.
  milliseconds head_deadline = seconds(5);       ///< From accept to the end of the head.
  milliseconds auth_deadline = seconds(5);       ///< From the upgrade to an accepted credential.
  milliseconds refusal_delay = 100ms;            ///< A wrong credential is answered after this.
  std::size_t refusals_per_minute = 5;           ///< Wrong credentials from one address (IPv6: /64); loopback is exempt.
  milliseconds ping_interval = seconds(25);      ///< Keep-alive of the WebSocket.
  milliseconds dead_after = seconds(60);         ///< Silence after which the session is closed.
  milliseconds message_deadline = seconds(10);   ///< From the first to the last octet of a message or frame.
  milliseconds close_deadline = seconds(2);      ///< Wait for the other side's Close frame.
  std::size_t output_bytes_soft = 1 << 20;       ///< Above it events wait or are dropped, and reading stops.
  std::size_t output_bytes_hard = 8 << 20;       ///< Above it the session is closed with 1008.
  std::size_t overflow_bytes_max = 1 << 20;      ///< Events that wait for a session above its soft limit.
  milliseconds stuck = seconds(10);              ///< Unsent output that does not move closes with 1008.
  std::size_t subscriptions_max = 1024;
  std::size_t commands_pending_max = 4096;       ///< More gets overloaded.
  bool deflate = false;                          ///< Offer permessage-deflate.
};

/// Which clients may come without TLS, once the node has a certificate. Without one all may, as far as they may at all.
enum class plain_clients : std::uint8_t {
  never,
  loopback,  ///< Those of this host, whose octets no wire sees.
  always,    ///< All: tokens then cross the network for anybody to read.
};

/// TLS for clients (wss://, https://), on the same port. Links between nodes have an encryption of their own. The files
/// are read again within a second of a change; sessions go on with what they began with.
struct tls_options {
  std::string certificate_file = {};  ///< PEM: the node's certificate, then those between it and a root. Empty: no TLS.
  std::string key_file = {};          ///< PEM: its private key, not encrypted; 0600.
  std::string client_ca_file = {};    ///< PEM: clients may show a certificate that one of these has signed.
  plain_clients plain = plain_clients::loopback;
  std::size_t handshakes_max = 64;    ///< Under way at once, 64 KiB each at most; more are closed.
  /// Begun a second, and at once. Whoever comes can begin one, and each is 0.4 ms of work (with a P-256 key).
  std::size_t handshakes_per_second = 200;
  std::size_t handshakes_burst = 256;
  /// The same of one IPv4 address or IPv6 /56, that others keep their share. Loopback is exempt.
  std::size_t handshakes_per_address_per_second = 20;
  std::size_t handshakes_per_address_burst = 64;  ///< As many as it may have sessions.
};

/// What clients with a role may do here. A client with several may do what any of them may.
struct role_rule {
  std::string role;
  permissions rights;
};

/// Events: what an origin keeps of its own, and what it takes to hear those of others whole and in order.
struct event_limits {
  std::size_t history_events_max = 1024;           ///< Kept per topic. 0 = none: what is missed is lost.
  std::size_t history_bytes_max = 1 << 20;         ///< Of payloads, kept per topic; a larger one empties the history.
  std::size_t history_total_bytes_max = 64 << 20;  ///< Of all topics; those used longest ago are emptied first.
  milliseconds history_linger = seconds(60);       ///< A topic is kept so long after somebody has listened to it.
  std::vector<std::string> history_topics = {};    ///< Topics or patterns that are kept though nobody has listened yet.
  std::size_t held_events_max = 1024;              ///< Waiting for missing ones before them, per topic and origin,
  std::size_t held_bytes_max = 16 << 20;           ///< and of all,
  std::size_t held_bytes_per_origin_max = 4 << 20; ///< and of one origin. Above these a gap is reported at once.
  std::size_t streams_max = 65536;                 ///< Topics of all other nodes that are kept in order,
  std::size_t streams_per_origin_max = 16384;      ///< and of one of them. The one heard longest ago is let go.
};

/// The node as a whole.
struct node_limits {
  std::size_t peers_max = 1024;
  std::size_t far_peers_max = 4096;              ///< Nodes without a link that are spoken with over relays.
  std::size_t flows_max = 65536;                 ///< Pairs of nodes that speak with each other over this one.
  std::size_t observed_endpoints_max = 4;        ///< Where peers see a node bound to a wildcard; announced. 0 = none.
  std::size_t full_mesh_max = 64;                ///< Nodes up to which each links with all; with more, with some.
  std::size_t strangers_max = 1024;              ///< Connections that have not authenticated yet; 4 to 12 KiB each.
  std::size_t strangers_per_address_max = 8;     ///< Of one IPv4 address or IPv6 /56. Loopback is exempt,
  std::size_t failures_per_second = 20;          ///< as from this: forged or malformed handshakes of one such address;
  std::size_t failures_burst = 5;                ///< more are not even read.
  std::size_t handshakes_per_second = 200;       ///< Answers to first messages that prove the secret: 150 us each,
  std::size_t handshakes_burst = 128;            ///< and so many at once.
  std::size_t sessions_max = 16384;              ///< At most half of RLIMIT_NOFILE.
  std::size_t sessions_per_address_max = 64;     ///< Loopback is exempt.
  std::size_t refused_addresses_max = 1024;      ///< Addresses of clients with wrong credentials that are remembered.
  milliseconds verdict_deadline = seconds(5);    ///< No answer of the authenticator by then is a refusal.
  std::size_t commands_pending_max = 65536;      ///< Sent and not answered, 65536 at most; more gets overloaded.
  std::size_t commands_known_max = 4096;         ///< Names served by other nodes only whose latencies are remembered.
  std::size_t tries_max = 3;                     ///< Of one command that may have run, in all. 1: never again.
  std::size_t refusals_max = 64;                 ///< Servers without room for it, in a row, until its caller hears that.
  double retry_share = 0.2;                      ///< Retries allowed for each command sent within `retry_window`,
  std::size_t retries_per_second = 10;           ///< and so many beside. Those after peer_lost or a refusal are free.
  milliseconds retry_window = seconds(10);
  std::size_t kept_bytes_max = 16 << 20;         ///< Copies of commands that may be tried again; without, they are not.
  std::size_t gathered_bytes_max = 64 << 20;     ///< Answers of all nodes to one command; more becomes too_large.
  milliseconds results_kept_for = seconds(120);  ///< Outcomes of peers' idempotent commands, for those sent twice,
  std::size_t results_bytes_max = 16 << 20;      ///< and so much of them; the oldest go first.
  std::size_t state_keys_max = 4096;             ///< Of the connected state.
  std::size_t state_key_bytes_max = 512;
  std::size_t state_bytes_max = 4 << 20;
  std::size_t topics_max = 65536;                ///< Topics this node has emitted while somebody listened.
  std::size_t handlers_max = 4096;
  std::size_t listeners_max = 65536;
  std::size_t call_depth_max = 16;               ///< Commands that led to commands.
  milliseconds slow_handler = 50ms;              ///< A handler that holds the thread longer is named in a warning.
};

/// Log lines as they come: severity and text "area: fact key=value". Called on the node's thread.
enum class log_level : std::uint8_t { debug, info, warning, error };
using log_sink = detail::unique_function<void(log_level, std::string_view)>;

struct node_options {
  std::string name = "node";            ///< Label; the node's full name is askr-<label>-<6 characters of its id>.
  std::string workspace = "global";     ///< Nodes of different workspaces never see each other.
  std::string bind = "127.0.0.1";       ///< IP address to listen on. Off loopback a secret, or `open`, is required.
  std::uint16_t port = 8800;            ///< Taken: the next free one, `port_tries` of them. 0 = any free port.
  std::uint16_t port_tries = 100;
  bool unix_links = true;               ///< Link to nodes on this host by unix sockets (abstract names), not TCP.
  /// HOST:PORT of nodes to join by, dialled again for ever. Of a DNS name all addresses are dialled.
  std::vector<std::string> seeds = {};
  std::string seeds_file = {};          ///< More seeds, one HOST:PORT a line, # begins a remark; read again when it changes.
  bool beacon = true;                   ///< Find and be found by multicast (on loopback unless bound elsewhere).
  std::string beacon_group = "239.255.88.0";          ///< IPv4 multicast group of the beacons; empty: none by IPv4.
  std::string beacon_group_ipv6 = "ff02::6173:6b72";  ///< IPv6 multicast group of the beacons; empty: none by IPv6.
  std::uint16_t beacon_port = 8799;                   ///< UDP port of the beacons.
  std::vector<std::string> beacon_interfaces = {};    ///< Names (eth0) to beacon on; empty: all that can.
  std::string secret = {};              ///< Workspace secret, at least 32 characters; empty: see secret_file.
  /// 0600 file with the secret, or up to three, one a line, the newest first: all are accepted, with the newest the node
  /// dials and beacons. Read again when it changes. Both empty on loopback: the user's own secret.
  std::string secret_file = {};
  std::vector<std::string> older_secrets = {};  ///< Accepted beside `secret`, two at most, while secrets are exchanged.
  bool open = false;                    ///< No secret off loopback: anybody may join. Logged loudly.
  std::string identity_file = {};       ///< 0600 file with the node's seed, made if absent. Empty: a new identity.
  std::shared_ptr<askr::authenticator> authenticator = {};  ///< Empty: workspace_secret.
  std::vector<std::string> allowed_hosts = {};    ///< Host names clients may use besides localhost and the bound address.
  std::vector<std::string> allowed_origins = {};  ///< Exact scheme://host[:port] of pages that may connect.
  tls_options tls = {};
  /// For clients of every node, as far as their commands come here; within what their own rights are, and what the
  /// node that they are connected to may do. Clients without such a role are judged by these alone.
  std::vector<role_rule> roles = {};
  /// So long the node's own thread looks for more to do before it sleeps, one second at most. It then hears within 5 us
  /// what would take the kernel 30 us to wake it for, and keeps a processor busy meanwhile. 0: it sleeps at once. Not
  /// for a node that runs on an io_context of yours.
  microseconds busy_poll = microseconds(0);
  std::size_t workers = 2;              ///< Threads for blocking handlers, started with the first of them.
  link_limits links = {};
  session_limits sessions = {};
  event_limits events = {};
  node_limits limits = {};
  log_sink log = {};                    ///< Empty: nothing is logged.
};

/// Names the first broken rule (errc::bad_options).
result<void> validate(const node_options& options);

}  // namespace askr
