// SPDX-License-Identifier: MIT
#include "bench/rivals.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

namespace askr::bench {
namespace {

struct rival {
  std::string_view name;
  std::string_view file;      ///< The adapter: a program beside this one, or a script in bench/rivals.
  std::string_view argument;  ///< Chooses a variant of it.
  bool rpc = false, events = false, websocket = false;
};

constexpr std::array rivals{
    rival{"zmq", "askr-bench-zmq", "--tcp", true, true},
    rival{"zmq-ipc", "askr-bench-zmq", "--ipc", true, true},
    rival{"zmq-curve", "askr-bench-zmq", "--curve", true, true},
    rival{"nats", "askr-bench-nats", "", true, true},
    rival{"nng", "askr-bench-nng", "--tcp", true, true},
    rival{"nng-ipc", "askr-bench-nng", "--ipc", true, true},
    rival{"dds", "askr-bench-dds", "", true, true},
    rival{"moleculer", "moleculer.mjs", "", true, true},
    rival{"ws", "ws_server.mjs", "", false, false, true},
    rival{"websocketpp", "askr-bench-websocketpp", "", false, false, true},
    rival{"uws", "", "", false, false, true},
};

bool takes(const rival& who, workload_kind what) {
  if (what == workload_kind::rpc) return who.rpc;
  return what == workload_kind::events ? who.events : who.websocket;
}

const rival* find(const std::string& system) {
  const auto found = std::ranges::find(rivals, system, &rival::name);
  return found == rivals.end() ? nullptr : &*found;
}

bool is_script(const rival& who) { return who.file.ends_with(".mjs"); }

std::string path_of(const rival& who) {
  const std::string file(who.file);
  return is_script(who) ? ASKR_BENCH_RIVALS "/" + file : program_beside(file);
}

program adapter(const std::string& system, const std::string& role, pinning where) {
  const auto& who = *find(system);
  program what;
  if (is_script(who)) what.command = {"node"};
  what.command.insert(what.command.end(), {path_of(who), role, "--pin", std::to_string(static_cast<int>(where))});
  if (!who.argument.empty()) what.command.emplace_back(who.argument);
  what.own_network = system == "moleculer";
  return what;
}

constexpr auto start_timeout = 30s;

class rival_requester : public requester {
 public:
  explicit rival_requester(const program& what) : child_(what) { child_.read_line(start_timeout); }

  round_result run(load_options options) override {
    child_.write_line(to_line(options));
    return round_from(child_.read_line(options.patience() + 5s));
  }

 private:
  child_process child_;
};

class rival_events : public event_system {
 public:
  explicit rival_events(const program& what) : child_(what) { child_.read_line(start_timeout); }

  event_round run(std::chrono::nanoseconds length) override {
    child_.write_line(std::to_string(length.count()));
    std::istringstream words(child_.read_line(2 * length + 10s));
    event_round round;
    words >> round.deliveries >> round.seconds >> round.cpu_us;
    return round;
  }

  event_totals finish() override {
    child_.write_line("finish");
    std::istringstream words(child_.read_line());
    event_totals totals;
    words >> totals.emitted >> totals.lost;
    return totals;
  }

 private:
  child_process child_;
};

}  // namespace

bool is_rival(const std::string& system, workload_kind what) {
  const auto* who = find(system);
  return who != nullptr && takes(*who, what);
}

std::string rivals_for(workload_kind what) {
  std::string names;
  for (const auto& each : rivals) {
    if (takes(each, what)) names.append(names.empty() ? "" : ", ").append(each.name);
  }
  return names;
}

std::string why_absent(const std::string& system) {
  const auto* who = find(system);
  if (who == nullptr) return {};
  if (who->file.empty()) return "uWebSockets.js is no package of the npm registry";
  const bool there = std::filesystem::exists(is_script(*who) ? ASKR_BENCH_RIVALS "/node_modules" : path_of(*who));
  if (!there) return "not there; tools/setup.sh --rivals installs what it needs, then configure and build again";
  if (system == "moleculer" && !may_enter_own_network())
    return "needs a network namespace of its own, which takes root";
  return {};
}

std::unique_ptr<requester> make_rival_requester(const std::string& system, pinning where) {
  return std::make_unique<rival_requester>(adapter(system, "rpc", where));
}

std::unique_ptr<event_system> make_rival_events(const std::string& system, const event_options& options) {
  auto what = adapter(system, "events", options.where);
  for (const auto& [name, value] :
       {std::pair{"--payload", options.payload_bytes}, std::pair{"--subscribers", options.subscribers},
        std::pair{"--in-flight", static_cast<std::size_t>(options.in_flight)}}) {
    what.command.insert(what.command.end(), {name, std::to_string(value)});
  }
  return std::make_unique<rival_events>(what);
}

program rival_server(const std::string& system, pinning where) {
  auto what = adapter(system, "server", where);
  what.server_pin = where;
  return what;
}

std::vector<std::string> split_systems(const std::string& systems) {
  std::vector<std::string> all;
  std::istringstream text(systems);
  for (std::string each; std::getline(text, each, ',');) all.push_back(each);
  return all;
}

}  // namespace askr::bench
