// SPDX-License-Identifier: MIT
/// How fast nodes on one host find each other, and notice that one is gone: many processes, by beacons alone.
#include "bench/crowd.hpp"
#include "bench/report.hpp"
#include "bench/rpc.hpp"

#include <askr/options.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

namespace askr::bench {
namespace {

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

void measure(const join_settings& settings, join_result& into) {
  crowd all(settings.nodes, crowd::watch::for_ever);
  auto& nodes = all.nodes();
  const auto last_started = nodes.back().started();
  double last = 0;
  for (auto& each : nodes) {
    const auto took = ms_between(last_started, crowd::await_size(each, settings.nodes));
    into.joined.push_back(took);
    last = std::max(last, took);
  }
  into.all_joined.push_back(last);
  const auto lose = [&](std::size_t which, int signal, std::size_t left, std::vector<double>& times) {
    std::this_thread::sleep_for(settle_time);
    const auto from = clock::now();
    ::kill(nodes[which].id(), signal);
    for (std::size_t i = 2; i < nodes.size(); ++i) times.push_back(ms_between(from, crowd::await_size(nodes[i], left)));
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

}  // namespace askr::bench
