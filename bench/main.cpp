// SPDX-License-Identifier: MIT
/// askr-bench: see bench/README.md.
#include "bench/arguments.hpp"
#include "bench/rpc.hpp"
#include "bench/stranger.hpp"

#include <cstdio>
#include <exception>

namespace askr::bench {
namespace {

constexpr const char* usage =
    "askr-bench rpc   commands between two processes, against plain TCP\n"
    "  --system S     askr, askr-tcp, askr-future, askr-relay1 to -relay3, raw, or several with commas, by turns "
    "(askr)\n"
    "  --payload N    bytes of each request and reply (128)\n"
    "  --in-flight N  requests under way at any time (1)\n"
    "  --pin P        -1: not pinned, 0: all on CPU 0, 1: requester on CPU 0, server on CPU 1 (-1)\n"
    "  --seconds S    length of a round (2)       --rounds R  medians are taken over them (5)\n"
    "  --json         one line per system\n"
    "askr-bench relay  as rpc: one command over 0 to 3 nodes between those two, against none\n"
    "askr-bench idle  memory, start and CPU time of a node that does nothing\n"
    "  --seconds S    how long to watch it (3)    --rounds R  (5)    --json\n"
    "askr-bench join  until many processes on one host see each other, and that one is gone\n"
    "  --nodes N      processes (20)              --rounds R  (5)    --json\n"
    "askr-bench events  from one process to several\n"
    "  --payload N    bytes of each (128)         --subscribers K  processes that listen (1)\n"
    "  --in-flight N  emitted and not heard (2048)\n"
    "  --pin P        -1, 0 as above; 1: emitter on CPU 0, subscribers on CPU 1 (-1)\n"
    "  --seconds S    length of a round (2)       --rounds R  (5)    --json\n"
    "askr-bench stranger  what those cost who do not belong, against what was promised\n"
    "  --part P       forged, handshake, crowd, beacons, bombs or plain (all)\n"
    "  --idle N       idle connections (3000)     --dripping N  others that send a byte now and then (200)\n"
    "  --beacons N    forged beacons a second (100000)\n"
    "  --seconds S    length of a round (5)       --rounds R  (3)    --json\n";

int run(int count, char** values) {
  arguments given(count - 1, values + 1);
  const auto what = given.take_word();
  if (what == "rpc") return run_rpc(given);
  if (what == "idle") return run_idle(given);
  if (what == "join") return run_join(given);
  if (what == "join-node") return run_join_node(given);
  if (what == "relay") return run_relay(given);
  if (what == "askr-relay") return run_askr_relay(given);
  if (what == "askr-server") return run_askr_server(given);
  if (what == "raw-server") return run_raw_server(given);
  if (what == "events") return run_events(given);
  if (what == "events-subscriber") return run_events_subscriber(given);
  if (what == "stranger") return run_stranger(given);
  if (what == "stranger-node") return run_stranger_node(given);
  if (what == "stranger-crowd") return run_stranger_crowd(given);
  if (what == "idle-node") return run_idle_node(given);
  if (given.take_flag("--help") || what == "help") return std::fputs(usage, stdout), 0;
  throw bad_arguments(what.empty() ? "what shall be measured?" : "unknown measurement \"" + what + "\"");
}

}  // namespace
}  // namespace askr::bench

int main(int count, char** values) {
  try {
    return askr::bench::run(count, values);
  } catch (const askr::bench::bad_arguments& why) {
    std::fprintf(stderr, "askr-bench: %s\n%s", why.what(), askr::bench::usage);
    return 2;
  } catch (const std::exception& why) {
    std::fprintf(stderr, "askr-bench: %s\n", why.what());
    return 1;
  }
}
