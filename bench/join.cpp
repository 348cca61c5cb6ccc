// SPDX-License-Identifier: MIT
/// How fast nodes on one host find each other, and notice that one is gone: many processes, by beacons alone.
#include "bench/bench_node.hpp"
#include "bench/report.hpp"
#include "bench/rpc.hpp"

#include <askr/node.hpp>
#include <askr/random.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace askr::bench {
namespace {

constexpr milliseconds look_interval = 5ms;  // Of each process at its view; the resolution of what is measured.
constexpr milliseconds settle_time = 1s;

struct join_settings {
  std::size_t nodes = 20;
  std::size_t rounds = 5;
  bool json = false;
};

/// Milliseconds: one number per round for the last of all nodes, one per node for what each of them saw.
struct join_result {
  std::vector<double> all_joined, joined, killed, stopped;
};

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

double ms_between(time_point from, time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

/// When this child saw so many nodes, by the clock that all processes share.
time_point await_size(child_process& child, std::size_t wanted) {
  for (;;) {
    std::istringstream line(child.read_line());
    std::size_t size = 0;
    clock::rep at = 0;
    if (!(line >> size >> at)) throw std::runtime_error("a node says something that is no size");
    if (size == wanted) return time_point(clock::duration(at));
  }
}

void measure(const join_settings& settings, join_result& into) {
  const auto secret = random_secret();
  const auto port = std::to_string(40'000 + entropy{}.next() % 9'000);
  std::deque<child_process> nodes;
  for (std::size_t i = 0; i < settings.nodes; ++i)
    nodes.emplace_back(std::vector<std::string>{"join-node", "--beacon-port", port}, secret);
  const auto last_started = nodes.back().started();
  double last = 0;
  for (auto& each : nodes) {
    const auto took = ms_between(last_started, await_size(each, settings.nodes));
    into.joined.push_back(took);
    last = std::max(last, took);
  }
  into.all_joined.push_back(last);
  const auto lose = [&](std::size_t which, int signal, std::size_t left, std::vector<double>& times) {
    std::this_thread::sleep_for(settle_time);
    const auto from = clock::now();
    ::kill(nodes[which].id(), signal);
    for (std::size_t i = 2; i < nodes.size(); ++i) times.push_back(ms_between(from, await_size(nodes[i], left)));
  };
  lose(0, SIGKILL, settings.nodes - 1, into.killed);
  lose(1, SIGSTOP, settings.nodes - 2, into.stopped);
  ::kill(nodes[1].id(), SIGKILL);
}

void print(const join_settings& settings, const join_result& measured) {
  const auto all = spread_of(measured.all_joined);
  if (!settings.json) {
    std::printf("%zu processes on one host, %zu rounds, by beacons alone; ms\n", settings.nodes, settings.rounds);
    std::printf("last start -> all have the full view: median %.0f (%.0f - %.0f); of each node: p50 %.0f, p99 %.0f\n",
                all.median, all.min, all.max, percentile(measured.joined, 0.5), percentile(measured.joined, 0.99));
    std::printf("kill -9 -> another node knows: p50 %.0f, p99 %.0f\n", percentile(measured.killed, 0.5),
                percentile(measured.killed, 0.99));
    std::printf("SIGSTOP -> another node knows: p50 %.0f, p99 %.0f (lease %d)\n", percentile(measured.stopped, 0.5),
                percentile(measured.stopped, 0.99), static_cast<int>(link_limits{}.lease.count()));
    return;
  }
  json_line line;
  line.add("workload", "join")
      .add("system", "askr")
      .add("nodes", static_cast<double>(settings.nodes))
      .add("rounds", static_cast<double>(settings.rounds))
      .add("all_joined_ms", all)
      .add("joined_ms_p50", percentile(measured.joined, 0.5))
      .add("joined_ms_p99", percentile(measured.joined, 0.99))
      .add("killed_ms_p50", percentile(measured.killed, 0.5))
      .add("killed_ms_p99", percentile(measured.killed, 0.99))
      .add("stopped_ms_p50", percentile(measured.stopped, 0.5))
      .add("stopped_ms_p99", percentile(measured.stopped, 0.99))
      .add("machine", describe_machine())
      .add("build", describe_build());
  std::puts(line.text().c_str());
}

/// Says on stdout whenever the node sees more or fewer nodes than before. On the node's thread.
class view_watch {
 public:
  explicit view_watch(askr::node& of) : node_(of), timer_(of.get_executor()) {}

  void look() {
    const auto size = node_.nodes().size();
    if (size != last_) say(std::to_string(size) + " " + std::to_string(clock::now().time_since_epoch().count()));
    last_ = size;
    timer_.expires_after(look_interval);
    timer_.async_wait([this](asio::error_code canceled) {
      if (!canceled) look();
    });
  }

 private:
  askr::node& node_;
  asio::steady_timer timer_;
  std::size_t last_ = 0;
};

}  // namespace

int run_join(arguments& given) {
  join_settings settings;
  settings.nodes = static_cast<std::size_t>(given.take_integer("--nodes", 20, 3, 200));
  settings.rounds = static_cast<std::size_t>(given.take_integer("--rounds", 5, 1, 1000));
  settings.json = given.take_flag("--json");
  given.finish();
  join_result measured;
  for (std::size_t round = 0; round < settings.rounds; ++round) measure(settings, measured);
  print(settings, measured);
  return 0;
}

int run_join_node(arguments& given) {
  const auto beacon_port = given.take_integer("--beacon-port", 8799, 1, 65535);
  given.finish();
  auto options = options_for("join", read_first_line());
  options.beacon = true;
  options.beacon_port = static_cast<std::uint16_t>(beacon_port);
  askr::node joining(std::move(options));
  joining.start();
  view_watch watch(joining);
  asio::post(joining.get_executor(), [&] { watch.look(); });
  wait_for_end_of_input();
  joining.stop();
  return 0;
}

}  // namespace askr::bench
