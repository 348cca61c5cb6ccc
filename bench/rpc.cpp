// SPDX-License-Identifier: MIT
#include "bench/rpc.hpp"

#include "bench/raw_stream.hpp"
#include "bench/report.hpp"
#include "bench/rivals.hpp"
#include "bench/websocket.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace askr::bench {
namespace {

constexpr std::string_view relay_prefix = "askr-relay";
constexpr std::size_t relays_max = 3;

struct rpc_settings {
  load_options load;
  pinning where = pinning::none;
  std::size_t rounds = 5;
  double seconds = 2;  ///< Length of a round.
  bool json = false;
  std::string workload = "rpc";
  std::string baseline = "raw";  ///< The system that the others are compared with.
  std::size_t clients = 0;       ///< Of a fan-out.
  std::size_t idle_clients = 0;  ///< Beside the one that asks.
};

/// One system and what its rounds came to.
struct contestant {
  std::string system;
  std::unique_ptr<requester> ask;
  std::vector<round_result> rounds;
};

struct summary {
  spread per_second, p50_us, p99_us, p999_us, cpu_us_per_op, bulk_mb_per_second;
  double errors = 0;
  double lost = 0;
};

std::unique_ptr<requester> make_rpc_requester(const std::string& system, pinning where) {
  if (system == "askr") return make_askr_requester(where);
  if (system.starts_with(relay_prefix) && system.size() == relay_prefix.size() + 1) {
    const auto relays = static_cast<std::size_t>(system.back() - '0');
    if (relays >= 1 && relays <= relays_max) return make_askr_requester(where, relays);
  }
  if (system == "askr-tcp") return make_askr_tcp_requester(where);
  if (system == "askr-spin") return make_askr_spin_requester(where);
  if (system == "askr-future") return make_askr_future_requester(where);
  if (system == "raw") return make_raw_requester(where);
  if (system == "raw-unbatched") return make_raw_requester(where, false);
  if (is_rival(system, workload_kind::rpc)) return make_rival_requester(system, where);
  throw bad_arguments(
      "--system is askr, askr-tcp, askr-spin, askr-future, askr-relay1 to askr-relay3, raw, raw-unbatched, " +
      rivals_for(workload_kind::rpc) + ", or several with commas, not \"" + system + "\"");
}

std::unique_ptr<requester> make_requester(const std::string& system, const rpc_settings& settings) {
  if (!settings.load.text) return make_rpc_requester(system, settings.where);
  if (system != "askr" && system != "raw" && !is_rival(system, workload_kind::websocket)) {
    throw bad_arguments("--system is askr, raw, " + rivals_for(workload_kind::websocket) +
                        ", or several with commas, not \"" + system + "\"");
  }
  if (settings.clients > 0) return make_fanout_requester(system, settings.where, settings.clients);
  return make_websocket_requester(system, settings.where, settings.idle_clients);
}

bool is_a_rival(const std::string& system) {
  return is_rival(system, workload_kind::rpc) || is_rival(system, workload_kind::websocket);
}

/// Those that are there and start; the others are named.
std::vector<contestant> make_contestants(const std::string& systems, const rpc_settings& settings) {
  std::vector<contestant> all;
  for (const auto& each : split_systems(systems)) {
    auto why = why_absent(each);
    if (each == "moleculer" && (settings.load.rate > 0 || settings.load.bulk_in_flight > 0)) why = "closed loops only";
    try {
      if (why.empty()) all.push_back({each, make_requester(each, settings), {}});
    } catch (const std::runtime_error& failed) {
      if (!is_a_rival(each)) throw;
      why = failed.what();
    }
    if (!why.empty()) std::fprintf(stderr, "%s: left out: %s\n", each.c_str(), why.c_str());
  }
  return all;
}

summary summarise(const std::vector<round_result>& rounds, std::size_t clients) {
  const auto over = [&](auto value_of) {
    std::vector<double> values;
    for (const auto& each : rounds) {
      if (each.latency.count() > 0 && each.seconds > 0) values.push_back(value_of(each));
    }
    return spread_of(std::move(values));
  };
  const auto percentile = [&](double share) {
    return over([share](const round_result& each) { return each.latency.percentile_us(share); });
  };
  // Deliveries, if one request is an event to many.
  const auto times = static_cast<double>(std::max<std::size_t>(clients, 1));
  const auto count_of = [times](const round_result& each) { return times * static_cast<double>(each.latency.count()); };
  summary sum{.per_second = over([&](const round_result& each) { return count_of(each) / each.seconds; }),
              .p50_us = percentile(0.5),
              .p99_us = percentile(0.99),
              .p999_us = percentile(0.999),
              .cpu_us_per_op = over([&](const round_result& each) { return each.cpu_us / count_of(each); }),
              .bulk_mb_per_second = over(
                  [](const round_result& each) { return static_cast<double>(each.bulk_bytes) / 1e6 / each.seconds; })};
  for (const auto& each : rounds) {
    sum.errors += static_cast<double>(each.errors);
    sum.lost += static_cast<double>(each.lost);
  }
  return sum;
}

double ratio(const spread& of, const spread& to) { return to.median > 0 ? of.median / to.median : 0; }

void print_json(const rpc_settings& settings, const contestant& who, const summary& sum, const summary* base) {
  json_line line;
  line.add("workload", settings.workload)
      .add("system", who.system)
      .add("payload", static_cast<double>(settings.load.payload_bytes))
      .add("in_flight", static_cast<double>(settings.load.in_flight))
      .add("pin", static_cast<double>(settings.where))
      .add("seconds", std::chrono::duration<double>(settings.load.length).count())
      .add("rounds", static_cast<double>(settings.rounds))
      .add("per_second", sum.per_second)
      .add("p50_us", sum.p50_us)
      .add("p99_us", sum.p99_us.median)
      .add("p999_us", sum.p999_us.median)
      .add("cpu_us_per_op", sum.cpu_us_per_op.median)
      .add("errors", sum.errors)
      .add("lost", sum.lost);
  if (settings.load.rate > 0) line.add("rate", settings.load.rate);
  if (settings.clients > 0) line.add("clients", static_cast<double>(settings.clients));
  if (settings.idle_clients > 0) line.add("idle_clients", static_cast<double>(settings.idle_clients));
  if (settings.load.bulk_in_flight > 0) line.add("bulk_mb_per_second", sum.bulk_mb_per_second);
  if (base != nullptr) {
    line.add("per_second_of_" + settings.baseline, ratio(sum.per_second, base->per_second))
        .add("p50_of_" + settings.baseline, ratio(sum.p50_us, base->p50_us))
        .add("p999_of_" + settings.baseline, ratio(sum.p999_us, base->p999_us));
  }
  line.add("machine", describe_machine()).add("build", describe_build());
  std::puts(line.text().c_str());
}

void print_title(const rpc_settings& settings) {
  std::printf("%s: %zu B, %zu in flight, pin %d, %zu rounds of %g s (medians; min and max of the rounds)",
              settings.workload.c_str(), settings.load.payload_bytes, settings.load.in_flight,
              static_cast<int>(settings.where), settings.rounds,
              std::chrono::duration<double>(settings.load.length).count());
  if (settings.load.rate > 0) std::printf(", %g due per second", settings.load.rate);
  if (settings.clients > 0) std::printf(", to %zu clients", settings.clients);
  if (settings.idle_clients > 0) std::printf(", beside %zu idle clients", settings.idle_clients);
  std::printf("\n%-13s %11s %23s %9s %9s %9s %10s %7s %5s %16s\n", "system", "per second", "(min - max)", "p50 us",
              "p99 us", "p99.9 us", "CPU us/op", "errors", "lost", ("of " + settings.baseline + ": /s, p50").c_str());
}

void print_row(const contestant& who, const summary& sum, const summary* base) {
  std::printf("%-13s %11.0f %23s %9.2f %9.2f %9.2f %10.3f %7.0f %5.0f", who.system.c_str(), sum.per_second.median,
              ("(" + format_number(sum.per_second.min) + " - " + format_number(sum.per_second.max) + ")").c_str(),
              sum.p50_us.median, sum.p99_us.median, sum.p999_us.median, sum.cpu_us_per_op.median, sum.errors, sum.lost);
  if (base != nullptr) {
    std::printf("       %.2f %.2f", ratio(sum.per_second, base->per_second), ratio(sum.p50_us, base->p50_us));
  }
  if (sum.bulk_mb_per_second.median > 0) std::printf("   bulk: %.0f MB/s", sum.bulk_mb_per_second.median);
  std::putchar('\n');
}

/// True if askr answered everything that was asked; what a rival does not answer stands in its line.
bool print(const rpc_settings& settings, const std::vector<contestant>& all) {
  const auto base_one = std::ranges::find(all, settings.baseline, &contestant::system);
  const auto base = base_one != all.end() ? summarise(base_one->rounds, settings.clients) : summary{};
  bool good = true;
  if (!settings.json) print_title(settings);
  for (const auto& each : all) {
    const auto sum = summarise(each.rounds, settings.clients);
    const bool whole = sum.errors == 0 && sum.lost == 0;
    const auto* compared = base_one != all.end() && &each != &*base_one ? &base : nullptr;
    settings.json ? print_json(settings, each, sum, compared) : print_row(each, sum, compared);
    good &= sum.per_second.min > 0 && (whole || is_a_rival(each.system));
  }
  return good;
}

void read_settings(arguments& given, rpc_settings& settings) {
  const auto number = [&](std::string_view name, long fallback, long min, long max) {
    return static_cast<std::size_t>(given.take_integer(name, fallback, min, max));
  };
  settings.load.payload_bytes = number("--payload", 128, 8, raw_stream::payload_bytes_max);
  settings.load.in_flight = number("--in-flight", 1, 1, 4096);
  settings.rounds = number("--rounds", static_cast<long>(settings.rounds), 1, 1000);
  settings.where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const std::chrono::duration<double> length(given.take_number("--seconds", settings.seconds, 0.01, 3600));
  settings.load.length = std::chrono::duration_cast<std::chrono::nanoseconds>(length);
  settings.load.warm_up = std::clamp<std::chrono::nanoseconds>(settings.load.length / 5, 100ms, 1s);
  settings.load.rate = given.take_number("--rate", 0, 0, 1e8);
  settings.json = given.take_flag("--json");
}

int run(arguments& given, rpc_settings settings, const std::string& systems_at_first) {
  read_settings(given, settings);
  const auto systems = given.take_text("--system", systems_at_first);
  given.finish();
  pin_requester(settings.where);
  auto all = make_contestants(systems, settings);
  // By turns, so that what else the machine does in the meantime strikes all of them.
  for (std::size_t round = 0; round < settings.rounds; ++round) {
    for (auto& each : all) each.rounds.push_back(each.ask->run(settings.load));
  }
  return print(settings, all) ? 0 : 1;
}

}  // namespace

int run_rpc(arguments& given) { return run(given, {}, "askr"); }

int run_relay(arguments& given) {
  rpc_settings settings;
  settings.workload = "relay";
  settings.baseline = "askr";
  return run(given, std::move(settings), "askr,askr-relay1,askr-relay2,askr-relay3");
}

int run_bulk(arguments& given) {
  rpc_settings settings{.load = {}, .rounds = 3, .seconds = 120, .workload = "bulk"};
  settings.load.bulk_in_flight = static_cast<std::size_t>(given.take_integer("--chunks", 16, 1, 1024));
  settings.load.bulk_payload_bytes =
      static_cast<std::size_t>(given.take_integer("--chunk", 32 << 10, 8, raw_stream::payload_bytes_max));
  settings.load.bulk_bytes = static_cast<std::uint64_t>(given.take_integer("--mib", 1024, 1, 1 << 20)) << 20;
  return run(given, std::move(settings), "askr");
}

int run_websocket(arguments& given) {
  rpc_settings settings;
  settings.workload = "ws";
  settings.load.text = true;
  settings.idle_clients = static_cast<std::size_t>(given.take_integer("--clients", 0, 0, 20'000));
  return run(given, std::move(settings), "askr");
}

int run_fanout(arguments& given) {
  rpc_settings settings;
  settings.workload = "fanout";
  settings.load.text = true;
  settings.clients = static_cast<std::size_t>(given.take_integer("--clients", 1000, 1, 20'000));
  return run(given, std::move(settings), "askr");
}

}  // namespace askr::bench
