// SPDX-License-Identifier: MIT
/// The workloads `events` and `compress`: what is measured and what is said of it.
#include "bench/events.hpp"

#include "bench/events_systems.hpp"
#include "bench/narrow_link.hpp"
#include "bench/report.hpp"
#include "bench/rivals.hpp"
#include "bench/rpc.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace askr::bench {
namespace {

struct events_settings {
  event_options events;
  std::chrono::nanoseconds length = 2s;
  std::size_t rounds = 5;
  bool json = false;
  std::string workload = "events";
  std::string baseline = "raw";
  double link_mbit = 0;  ///< Of the narrowed link; 0: as fast as the machine.
};

struct contestant {
  std::string system;
  std::unique_ptr<event_system> measured;
  std::vector<event_round> rounds;
  event_totals totals;
};

struct summary {
  spread per_second;
  spread cpu_us;
};

std::unique_ptr<event_system> make_system(const std::string& system, const event_options& options) {
  if (system == "askr") return make_askr_events(options, {});
  if (system == "askr-tcp") return make_askr_events(options, {.unix_links = false});
  for (const auto& [name, mode] :
       {std::pair{"askr-off", compression_mode::off}, std::pair{"askr-adaptive", compression_mode::adaptive},
        std::pair{"askr-always", compression_mode::always}}) {
    if (system == name) return make_askr_events(options, {.unix_links = false, .compression = mode, .json = true});
  }
  if (system == "raw") return make_raw_events(options);
  if (is_rival(system, workload_kind::events)) return make_rival_events(system, options);
  throw bad_arguments("--system is askr, askr-tcp, askr-off, askr-adaptive, askr-always, raw, " +
                      rivals_for(workload_kind::events) + ", or several with commas, not \"" + system + "\"");
}

summary summarise(const contestant& who) {
  std::vector<double> per_second, cpu_us;
  for (const auto& each : who.rounds) {
    if (each.deliveries == 0) continue;
    per_second.push_back(static_cast<double>(each.deliveries) / each.seconds);
    cpu_us.push_back(each.cpu_us / static_cast<double>(each.deliveries));
  }
  return {spread_of(per_second), spread_of(cpu_us)};
}

void print_json(const events_settings& settings, const contestant& who, const summary& sum, double ratio) {
  json_line line;
  line.add("workload", settings.workload)
      .add("system", who.system)
      .add("payload", static_cast<double>(settings.events.payload_bytes))
      .add("subscribers", static_cast<double>(settings.events.subscribers))
      .add("in_flight", static_cast<double>(settings.events.in_flight))
      .add("pin", static_cast<double>(settings.events.where))
      .add("link_mbit", settings.link_mbit)
      .add("seconds", std::chrono::duration<double>(settings.length).count())
      .add("rounds", static_cast<double>(settings.rounds))
      .add("per_second", sum.per_second)
      .add("cpu_us_per_op", sum.cpu_us.median)
      .add("emitted", static_cast<double>(who.totals.emitted))
      .add("lost", static_cast<double>(who.totals.lost));
  if (ratio > 0) line.add("per_second_of_" + settings.baseline, ratio);
  line.add("machine", describe_machine()).add("build", describe_build());
  std::puts(line.text().c_str());
}

void print_row(const contestant& who, const summary& sum, double ratio) {
  const auto range = "(" + format_number(sum.per_second.min) + " - " + format_number(sum.per_second.max) + ")";
  std::printf("%-13s %11.0f %23s %10.3f %11.0f %9.0f", who.system.c_str(), sum.per_second.median, range.c_str(),
              sum.cpu_us.median, static_cast<double>(who.totals.emitted), static_cast<double>(who.totals.lost));
  if (ratio > 0) std::printf(" %12.2f", ratio);
  std::putchar('\n');
}

void print_title(const events_settings& settings) {
  std::printf("%s: %zu B to %zu subscribers, pin %d, %zu rounds of %g s", settings.workload.c_str(),
              settings.events.payload_bytes, settings.events.subscribers, static_cast<int>(settings.events.where),
              settings.rounds, std::chrono::duration<double>(settings.length).count());
  if (settings.link_mbit > 0) std::printf(", link of %g Mbit/s", settings.link_mbit);
  std::printf("\n%-13s %11s %23s %10s %11s %9s %12s\n", "system", "per second", "(min - max)", "CPU us/op", "emitted",
              "lost", ("of " + settings.baseline).c_str());
}

/// True if askr lost nothing; what a rival loses stands in its line.
bool print(const events_settings& settings, const std::vector<contestant>& all) {
  const auto base = std::ranges::find(all, settings.baseline, &contestant::system);
  const auto reference = base == all.end() ? 0 : summarise(*base).per_second.median;
  bool good = true;
  if (!settings.json) print_title(settings);
  for (const auto& each : all) {
    const auto sum = summarise(each);
    const bool compared = reference > 0 && each.system != settings.baseline;
    const auto ratio = compared ? sum.per_second.median / reference : 0;
    settings.json ? print_json(settings, each, sum, ratio) : print_row(each, sum, ratio);
    good &= sum.per_second.min > 0 && (each.totals.lost == 0 || is_rival(each.system, workload_kind::events));
  }
  return good;
}

void read_settings(arguments& given, events_settings& settings) {
  const auto number = [&](std::string_view name, std::size_t fallback, long min, long max) {
    return static_cast<std::size_t>(given.take_integer(name, static_cast<long>(fallback), min, max));
  };
  settings.events.payload_bytes = number("--payload", settings.events.payload_bytes, 8, 65'000);
  settings.events.subscribers = number("--subscribers", 1, 1, 64);
  settings.events.in_flight = number("--in-flight", settings.events.in_flight, 256, 1 << 20);
  settings.events.where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  settings.rounds = number("--rounds", 5, 1, 1000);
  const std::chrono::duration<double> length(given.take_number("--seconds", 2, 0.01, 3600));
  settings.length = std::chrono::duration_cast<std::chrono::nanoseconds>(length);
  settings.json = given.take_flag("--json");
}

/// Those that are there and start; the others are named.
std::vector<contestant> make_contestants(const events_settings& settings, const std::string& systems) {
  std::vector<contestant> all;
  for (const auto& each : split_systems(systems)) {
    auto why = why_absent(each);
    try {
      if (why.empty()) all.push_back({each, make_system(each, settings.events), {}, {}});
    } catch (const std::runtime_error& failed) {
      if (!is_rival(each, workload_kind::events)) throw;
      why = failed.what();
    }
    if (!why.empty()) std::fprintf(stderr, "%s: left out: %s\n", each.c_str(), why.c_str());
  }
  return all;
}

int run(const events_settings& settings, const std::string& systems) {
  pin_requester(settings.events.where);
  auto all = make_contestants(settings, systems);
  // By turns, so that what else the machine does in the meantime strikes all of them.
  for (std::size_t round = 0; round < settings.rounds; ++round) {
    for (auto& each : all) each.rounds.push_back(each.measured->run(settings.length));
  }
  for (auto& each : all) each.totals = each.measured->finish();
  return print(settings, all) ? 0 : 1;
}

}  // namespace

int run_events(arguments& given) {
  events_settings settings;
  read_settings(given, settings);
  const auto systems = given.take_text("--system", "askr");
  given.finish();
  return run(settings, systems);
}

int run_compress(arguments& given) {
  events_settings settings{.events = {.payload_bytes = 4096}, .workload = "compress", .baseline = "askr-off"};
  read_settings(given, settings);
  settings.link_mbit = given.take_number("--mbit", 1000, 0, 100'000);
  const auto systems = given.take_text("--system", "askr-off,askr-adaptive,askr-always");
  given.finish();
  if (settings.link_mbit > 0) {
    if (const auto why = narrow_loopback(settings.link_mbit); !why.empty()) {
      std::fprintf(stderr, "compress: left out: %s\n", why.c_str());
      return 0;
    }
  }
  return run(settings, systems);
}

}  // namespace askr::bench
