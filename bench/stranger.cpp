// SPDX-License-Identifier: MIT
#include "bench/stranger.hpp"

#include "bench/bench_node.hpp"
#include "bench/process.hpp"
#include "bench/report.hpp"

#include <askr/node.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace askr::bench {
namespace {

struct part {
  const char* name;
  findings (*measure)(const stranger_settings&);
};

constexpr std::array parts{
    part{"forged", measure_forged_messages}, part{"handshake", measure_handshakes}, part{"crowd", measure_crowd},
    part{"beacons", measure_beacons},        part{"bombs", measure_bombs},          part{"plain", measure_plain_links}};

void print(const char* name, const finding& each, bool json) {
  if (!json) {
    std::printf("%-10s %-46s %10s %-5s %s %-8s %s%s%s\n", name, each.what.c_str(), format_number(each.value).c_str(),
                each.unit.c_str(), each.at_least ? ">=" : "<=", format_number(each.bound).c_str(),
                each.met() ? "met" : "MISSED", each.remark.empty() ? "" : "  ", each.remark.c_str());
    return;
  }
  json_line line;
  line.add("workload", "stranger")
      .add("part", name)
      .add("what", each.what)
      .add("value", each.value)
      .add("unit", each.unit)
      .add(each.at_least ? "at_least" : "at_most", each.bound)
      .add("met", each.met() ? "yes" : "no")
      .add("remark", each.remark)
      .add("machine", describe_machine())
      .add("build", describe_build());
  std::puts(line.text().c_str());
}

/// The median of each finding over the rounds, and the worst of those that must always hold.
findings over_rounds(const part& which, const stranger_settings& settings) {
  std::vector<findings> all;
  for (std::size_t round = 0; round < settings.rounds; ++round) all.push_back(which.measure(settings));
  auto sum = all.front();
  for (std::size_t at = 0; at < sum.size(); ++at) {
    std::vector<double> values;
    for (const auto& each : all) values.push_back(each[at].value);
    const auto found = spread_of(std::move(values));
    sum[at].value = !sum[at].hard ? found.median : sum[at].at_least ? found.min : found.max;
  }
  return sum;
}

}  // namespace

double status_kib(pid_t process, const std::string& member) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == member && file >> kib) return kib;
  }
  return 0;
}

int run_stranger(arguments& given) {
  const auto number = [&](std::string_view name, long fallback, long max) {
    return static_cast<std::size_t>(given.take_integer(name, fallback, 0, max));
  };
  stranger_settings settings;
  const std::chrono::duration<double> length(given.take_number("--seconds", 5, 0.1, 3600));
  settings.length = std::chrono::duration_cast<std::chrono::nanoseconds>(length);
  settings.rounds = std::max<std::size_t>(1, number("--rounds", 3, 100));
  settings.idle = number("--idle", 3'000, 30'000);
  settings.dripping = number("--dripping", 200, 10'000);
  settings.beacons_per_second = number("--beacons", 100'000, 1'000'000);
  const auto only = given.take_text("--part", "");
  const auto json = given.take_flag("--json");
  given.finish();
  bool good = true, known = only.empty();
  for (const auto& each : parts) {
    if (!only.empty() && only != each.name) continue;
    known = true;
    for (const auto& found : over_rounds(each, settings)) {
      print(each.name, found, json);
      good &= !found.hard || found.met();
    }
    std::fflush(stdout);
  }
  if (!known) throw bad_arguments("--part is forged, handshake, crowd, beacons, bombs or plain, not \"" + only + "\"");
  return good ? 0 : 1;
}

// The node at whose doors the strangers stand: clients of this host are let in, all extensions are on.
int run_stranger_node(arguments& given) {
  const auto beacon_port = static_cast<std::uint16_t>(given.take_integer("--beacon-port", 0, 0, 65'535));
  given.finish();
  pin_server(pinning::apart);
  askr::node node([&] {
    auto options = options_for("besieged", read_first_line());
    options.beacon = beacon_port != 0;
    if (beacon_port != 0) options.beacon_port = beacon_port;
    options.sessions.deflate = true;
    return options;
  }());
  node.on("bench.echo", [](const command& asked) { return asked.data; });
  node.start();
  say(std::to_string(node.port()));
  // Anything on stdin asks for the counters; its end ends the node.
  while (!read_first_line().empty()) {
    const auto counts = node.counters();
    say(std::to_string(counts.beacons_sent) + " " + std::to_string(counts.beacons_refused));
  }
  return 0;
}

}  // namespace askr::bench
