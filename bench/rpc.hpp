// SPDX-License-Identifier: MIT
#pragma once

/// Requests and replies between two processes: the measured systems behind one face. Each consists of a requester in
/// this process and a server in a child, which echoes the payload.

#include "bench/arguments.hpp"
#include "bench/process.hpp"
#include "bench/requester.hpp"

#include <memory>

namespace askr::bench {

/// Two nodes with an encrypted link; the requester sends from callbacks on its node's own thread.
/// With `relays` others between them, so that nobody but neighbours is linked.
std::unique_ptr<requester> make_askr_requester(pinning where, std::size_t relays = 0);
/// The same, linked by TCP although both are on one host.
std::unique_ptr<requester> make_askr_tcp_requester(pinning where);
std::unique_ptr<requester> make_askr_spin_requester(pinning where);
/// The same nodes; as many foreign threads as requests in flight, each waiting for the future of send().
std::unique_ptr<requester> make_askr_future_requester(pinning where);
/// epoll and TCP with askr's framing and nothing else: what the machine can do. Batched as askr is, or one write each.
std::unique_ptr<requester> make_raw_requester(pinning where, bool batched = true);

/// The subcommands: their exit code. Those of the children are hidden from users.
int run_rpc(arguments& given);
int run_askr_server(arguments& given);
int run_askr_relay(arguments& given);
int run_relay(arguments& given);
int run_raw_server(arguments& given);
int run_idle(arguments& given);
int run_idle_node(arguments& given);
int run_join(arguments& given);
int run_crowd_node(arguments& given);
int run_bulk(arguments& given);
int run_websocket(arguments& given);
int run_fanout(arguments& given);
int run_events(arguments& given);
int run_compress(arguments& given);
int run_events_subscriber(arguments& given);

}  // namespace askr::bench
