// SPDX-License-Identifier: MIT
/// What a node costs that does nothing: memory, start, and CPU time of the heartbeat of its timers.
#include "bench/report.hpp"
#include "bench/rpc.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

namespace askr::bench {
namespace {

constexpr milliseconds settle_time = 1s;

struct idle_result {
  std::vector<double> ready_ms, rss_kib, private_kib, cpu_percent;
};

/// A member of /proc/PID/smaps_rollup in KiB; 0 if the kernel does not say.
double memory_kib(pid_t process, const std::string& member) {
  std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == member && file >> kib) return kib;
  }
  return 0;
}

void measure(idle_result& into, std::chrono::nanoseconds length) {
  child_process node({"idle-node"}, "the secret of a node that is alone in its workspace");
  node.read_line();
  into.ready_ms.push_back(std::chrono::duration<double, std::milli>(clock::now() - node.started()).count());
  std::this_thread::sleep_for(settle_time);
  into.rss_kib.push_back(memory_kib(node.id(), "Rss:"));
  into.private_kib.push_back(memory_kib(node.id(), "Private_Dirty:"));
  const auto used = cpu_time(node.id());
  const auto from = clock::now();
  std::this_thread::sleep_for(length);
  const std::chrono::duration<double> busy = cpu_time(node.id()) - used;
  into.cpu_percent.push_back(100 * busy / (clock::now() - from));
}

void print(const idle_result& measured, double seconds, std::size_t rounds, bool json) {
  const auto rss = spread_of(measured.rss_kib);
  const auto own = spread_of(measured.private_kib);
  const auto ready = spread_of(measured.ready_ms);
  const auto cpu = spread_of(measured.cpu_percent);
  if (!json) {
    std::printf(
        "idle node, median of %zu rounds: RSS %.0f KiB (%.0f KiB of it private and written), ready after "
        "%.2f ms (%.2f - %.2f), CPU %.4f %% over %g s\n",
        rounds, rss.median, own.median, ready.median, ready.min, ready.max, cpu.median, seconds);
    return;
  }
  json_line line;
  line.add("workload", "idle")
      .add("system", "askr")
      .add("seconds", seconds)
      .add("rounds", static_cast<double>(rounds))
      .add("rss_kib", rss)
      .add("private_dirty_kib", own.median)
      .add("ready_ms", ready)
      .add("cpu_percent", cpu)
      .add("machine", describe_machine())
      .add("build", describe_build());
  std::puts(line.text().c_str());
}

}  // namespace

int run_idle(arguments& given) {
  const auto rounds = static_cast<std::size_t>(given.take_integer("--rounds", 5, 1, 1000));
  const auto seconds = given.take_number("--seconds", 3, 0.1, 3600);
  const auto json = given.take_flag("--json");
  given.finish();
  const std::chrono::duration<double> length(seconds);
  idle_result measured;
  for (std::size_t round = 0; round < rounds; ++round) {
    measure(measured, std::chrono::duration_cast<std::chrono::nanoseconds>(length));
  }
  print(measured, seconds, rounds, json);
  return 0;
}

}  // namespace askr::bench
