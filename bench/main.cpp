// SPDX-License-Identifier: MIT
/// askr-bench: see bench/README.md.
#include "bench/arguments.hpp"
#include "bench/events_systems.hpp"
#include "bench/rpc.hpp"
#include "bench/stranger.hpp"
#include "bench/websocket.hpp"

#include <array>

#include <cstdio>
#include <exception>

namespace askr::bench {
namespace {

constexpr const char* usage =
    "askr-bench WORKLOAD [--system S[,S...]] [--pin P] [--seconds S] [--rounds R] [--json]\n"
    "  --system S     by turns, round by round: askr, raw and the rivals, as far as a workload has them (askr)\n"
    "  --pin P        -1: not pinned, 0: all on CPU 0, 1: requester on CPU 0, all others on CPU 1 (-1)\n"
    "  --seconds S    length of a round (2)       --rounds R  medians are taken over them (5)\n"
    "  --json         one line per system\n"
    "rpc, relay, bulk, ws, fanout also take\n"
    "  --payload N    bytes of each request and reply (128)\n"
    "  --in-flight N  requests under way at any time (1)\n"
    "  --rate R       requests due per second, late or not; 0: the next when one is answered (0)\n"
    "\n"
    "rpc       commands between two processes: askr, askr-tcp, askr-spin, askr-future, askr-relay1 to -relay3, raw, "
    "raw-unbatched,\n"
    "          zmq, zmq-ipc, zmq-curve, nats, nng, nng-ipc, dds, moleculer\n"
    "relay     as rpc: one command over 0 to 3 nodes between those two, against none\n"
    "bulk      as rpc, beside a transfer: --mib N in all (1024), --chunk N bytes each (32768), --chunks N under way "
    "(16)\n"
    "ws        a client's commands over WebSocket and JSON, beside --clients N (0) that do nothing: askr, raw, "
    "websocketpp,\n"
    "          ws, uws\n"
    "fanout    one event to --clients N of them (1000): the same systems\n"
    "events    from one process to several: askr, askr-tcp, raw, and rpc's rivals\n"
    "  --payload N    bytes of each (128)         --subscribers K  processes that listen (1)\n"
    "  --in-flight N  emitted and not heard (2048)\n"
    "compress  as events, JSON over a link of --mbit N (1000; 0: not narrowed): askr-off, askr-adaptive, askr-always\n"
    "idle      memory, start and CPU time of a node that does nothing, memory of each of --clients N (1000; 0: not\n"
    "          measured), CPU time and memory of each of --nodes N (20; 0) that see each other\n"
    "join      until --nodes N (20) on one host see each other, and that one is gone\n"
    "stranger  what those cost who do not belong, against what was promised\n"
    "  --part P       forged, handshake, crowd, beacons, bombs or plain (all)\n"
    "  --idle N       idle connections (3000)     --dripping N  others that send a byte now and then (200)\n"
    "  --beacons N    forged beacons a second (100000)\n";

struct subcommand {
  std::string_view name;
  int (*run)(arguments& given);
};

constexpr std::array workloads{
    subcommand{"rpc", run_rpc},           subcommand{"relay", run_relay},       subcommand{"bulk", run_bulk},
    subcommand{"events", run_events},     subcommand{"compress", run_compress}, subcommand{"ws", run_websocket},
    subcommand{"fanout", run_fanout},     subcommand{"idle", run_idle},         subcommand{"join", run_join},
    subcommand{"stranger", run_stranger},
};

/// What this program is as a child of its own.
constexpr std::array children{
    subcommand{"askr-server", run_askr_server},
    subcommand{"askr-relay", run_askr_relay},
    subcommand{"raw-server", run_raw_server},
    subcommand{"events-subscriber", run_events_subscriber},
    subcommand{"raw-subscriber", run_raw_subscriber},
    subcommand{"askr-websocket-server", run_askr_websocket_server},
    subcommand{"raw-websocket-server", run_raw_websocket_server},
    subcommand{"idle-node", run_idle_node},
    subcommand{"crowd-node", run_crowd_node},
    subcommand{"stranger-node", run_stranger_node},
    subcommand{"stranger-crowd", run_stranger_crowd},
};

int run(int count, char** values) {
  arguments given(count - 1, values + 1);
  const auto what = given.take_word();
  for (const auto& each : workloads) {
    if (each.name == what) return each.run(given);
  }
  for (const auto& each : children) {
    if (each.name == what) return each.run(given);
  }
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
