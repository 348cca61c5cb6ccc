// SPDX-License-Identifier: MIT
#pragma once

/// Requests and replies between two processes: the measured systems behind one face. Each consists of a requester in
/// this process and a server in a child, which echoes the payload.

#include "bench/arguments.hpp"
#include "bench/load.hpp"
#include "bench/process.hpp"

#include <memory>

namespace askr::bench {

class requester {
 public:
  virtual ~requester() = default;
  virtual round_result run(load_options options) = 0;
  /// The server's process and TCP port; 0: it has none of its own.
  virtual pid_t server() const { return 0; }
  virtual std::uint16_t port() const { return 0; }
};

/// Two nodes with an encrypted link; the requester sends from callbacks on its node's own thread.
/// With `relays` others between them, so that nobody but neighbours is linked.
std::unique_ptr<requester> make_askr_requester(pinning where, std::size_t relays = 0);
/// The same, linked by TCP although both are on one host.
std::unique_ptr<requester> make_askr_tcp_requester(pinning where);
/// The same nodes; as many foreign threads as requests in flight, each waiting for the future of send().
std::unique_ptr<requester> make_askr_future_requester(pinning where);
/// epoll and TCP with askr's framing and batching and nothing else: what the machine can do.
std::unique_ptr<requester> make_raw_requester(pinning where);

/// The subcommands: their exit code. Those of the children are hidden from users.
int run_rpc(arguments& given);
int run_askr_server(arguments& given);
int run_askr_relay(arguments& given);
int run_relay(arguments& given);
int run_raw_server(arguments& given);
int run_idle(arguments& given);
int run_idle_node(arguments& given);
int run_join(arguments& given);
int run_join_node(arguments& given);
int run_events(arguments& given);
int run_events_subscriber(arguments& given);

}  // namespace askr::bench
