// SPDX-License-Identifier: MIT
/// What a node costs that does nothing: memory, start, CPU time of the heartbeat of its timers, and the memory of
/// clients that do nothing either.
#include "bench/crowd.hpp"
#include "bench/report.hpp"
#include "bench/rpc.hpp"
#include "bench/sockets.hpp"
#include "bench/websocket_stream.hpp"

#include <cstdio>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace askr::bench {
namespace {

constexpr milliseconds settle_time = 1s;
constexpr milliseconds crowd_settle_time = 3s;  // By then all have told each other their round trips.

struct idle_result {
  std::vector<double> ready_ms, rss_kib, private_kib, cpu_percent, client_kib, crowd_cpu_percent, crowd_rss_kib;
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

constexpr const char* secret = "the secret of a node that is alone in its workspace";

/// By how much each of so many clients makes a node grow; each has been welcomed.
double client_kib(std::size_t clients) {
  child_process node({"idle-node"}, secret);
  const auto port = static_cast<std::uint16_t>(std::stoi(node.read_line()));
  const auto before = memory_kib(node.id(), "Rss:");
  std::deque<websocket_stream> streams;
  for (std::size_t i = 0; i < clients; ++i) {
    const int socket = connect_to(port);
    open_as_client(socket, port);
    auto& stream = streams.emplace_back(socket, true);
    stream.append(R"({"type":"hello"})");
    stream.flush();
    for (bool welcome = false; !welcome;) {
      if (!stream.read([&](std::string_view) { welcome = true; }))
        throw std::runtime_error("the node refuses a client");
      if (!welcome) std::this_thread::sleep_for(50us);
    }
  }
  return (memory_kib(node.id(), "Rss:") - before) / static_cast<double>(clients);
}

void measure(idle_result& into, std::chrono::nanoseconds length) {
  child_process node({"idle-node"}, secret);
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

/// Of each of so many nodes on this host that see each other.
void measure_crowd(idle_result& into, std::size_t count, std::chrono::nanoseconds length) {
  crowd all(count, crowd::watch::until_complete);
  for (auto& each : all.nodes()) crowd::await_size(each, count);
  std::this_thread::sleep_for(crowd_settle_time);
  const auto used = [&] {
    std::chrono::nanoseconds sum{0};
    for (const auto& each : all.nodes()) sum += cpu_time(each.id());
    return sum;
  };
  const auto before = used();
  const auto from = clock::now();
  std::this_thread::sleep_for(length);
  const std::chrono::duration<double> busy = used() - before;
  const auto per_node = 1 / static_cast<double>(count);
  into.crowd_cpu_percent.push_back(100 * busy / (clock::now() - from) * per_node);
  double rss_kib = 0;
  for (const auto& each : all.nodes()) rss_kib += memory_kib(each.id(), "Rss:");
  into.crowd_rss_kib.push_back(rss_kib * per_node);
}

void print(const idle_result& measured, double seconds, std::size_t rounds, bool json) {
  const auto rss = spread_of(measured.rss_kib);
  const auto own = spread_of(measured.private_kib);
  const auto ready = spread_of(measured.ready_ms);
  const auto cpu = spread_of(measured.cpu_percent);
  const auto client = spread_of(measured.client_kib);
  const auto crowd_cpu = spread_of(measured.crowd_cpu_percent);
  const auto crowd_rss = spread_of(measured.crowd_rss_kib);
  if (!json) {
    std::printf(
        "idle node, median of %zu rounds: RSS %.0f KiB (%.0f KiB of it private and written), ready after "
        "%.2f ms (%.2f - %.2f), CPU %.4f %% over %g s, %.2f KiB per idle client; of each of many, CPU %.4f %%, RSS "
        "%.0f KiB\n",
        rounds, rss.median, own.median, ready.median, ready.min, ready.max, cpu.median, seconds, client.median,
        crowd_cpu.median, crowd_rss.median);
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
  if (!measured.client_kib.empty()) line.add("client_kib", client);
  if (!measured.crowd_rss_kib.empty()) line.add("crowd_cpu_percent", crowd_cpu).add("crowd_rss_kib", crowd_rss);
  std::puts(line.text().c_str());
}

}  // namespace

int run_idle(arguments& given) {
  const auto rounds = static_cast<std::size_t>(given.take_integer("--rounds", 5, 1, 1000));
  const auto seconds = given.take_number("--seconds", 3, 0.1, 3600);
  const auto clients = static_cast<std::size_t>(given.take_integer("--clients", 1000, 0, 20'000));
  const auto nodes = static_cast<std::size_t>(given.take_integer("--nodes", 20, 0, 200));
  const auto json = given.take_flag("--json");
  given.finish();
  const auto length = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  idle_result measured;
  for (std::size_t round = 0; round < rounds; ++round) {
    measure(measured, length);
    if (nodes > 0) measure_crowd(measured, nodes, length);
  }
  raise_open_files();  // Only now: a node makes room for as many clients as it may have.
  for (std::size_t round = 0; round < rounds && clients > 0; ++round) {
    measured.client_kib.push_back(client_kib(clients));
  }
  print(measured, seconds, rounds, json);
  return 0;
}

}  // namespace askr::bench
