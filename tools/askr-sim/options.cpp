// SPDX-License-Identifier: MIT
#include "tools/askr-sim/options.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace askr::sim {
namespace {

template <class Number>
Number parse_number(std::string_view name, std::string_view text, Number min, Number max) {
  Number parsed{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (failed == std::errc{} && end == text.data() + text.size() && parsed >= min && parsed <= max) return parsed;
  throw wrong_usage(std::string(name) + " cannot be \"" + std::string(text) + "\"");
}

fault_set parse_faults(std::string_view list) {
  fault_set faults;
  if (list == "none") return faults;
  if (list == "all") return ~faults;
  while (!list.empty()) {
    const auto name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    const auto found = std::find(std::begin(fault_names), std::end(fault_names), name);
    if (found == std::end(fault_names)) throw wrong_usage("there is no fault \"" + std::string(name) + "\"");
    faults.set(static_cast<std::size_t>(found - std::begin(fault_names)));
  }
  return faults;
}

beginning parse_beginning(std::string_view text) {
  if (text == "cold") return beginning::cold;
  if (text == "converged") return beginning::converged;
  throw wrong_usage("--start is cold or converged");
}

#ifdef ASKR_SIM_CANARY
canary_bug parse_canary(std::string_view text) {
  const auto found = std::find(std::begin(canary_names), std::end(canary_names), text);
  if (found == std::end(canary_names)) throw wrong_usage("there is no canary \"" + std::string(text) + "\"");
  return static_cast<canary_bug>(found - std::begin(canary_names));
}
#endif

}  // namespace

const char* const usage =
    "askr-sim: many nodes in virtual time, with faults; what must stay true is checked\n"
    "  --nodes N      1 to 16384 (50)\n"
    "  --minutes M    of virtual time, with faults (1)\n"
    "  --seed S       the same seed gives the same line, but for wall_s (1)\n"
    "  --faults LIST  all, none, or some of "
    "crash,restart,partition,oneway,slow,pause,skew,linkbreak,joinstorm,versionmix\n"
    "                 (none)\n"
    "  --rate R       how often faults come, against the usual (1)\n"
    "  --start HOW    cold: all at once; converged: as if they had run for long (cold up to 100 nodes)\n"
    "  --no-load      no commands and no events\n"
#ifdef ASKR_SIM_CANARY
    "  --canary NAME  a bug on purpose: lose-event, lose-tail, double-command, no-outcome, two-outcomes, false-loss,\n"
    "                 zombie (none)\n"
#endif
    "  --trace        say on standard error each fault, and what takes long to be known\n"
    "  --json         one line of JSON instead of a few for people\n"
    "Exit: 0 everything stayed true, 1 something did not, 2 wrong usage.\n";

std::string to_string(const fault_set& faults) {
  std::string list;
  for (std::size_t i = 0; i < faults_count; ++i) {
    if (!faults[i]) continue;
    if (!list.empty()) list += ',';
    list += fault_names[i];
  }
  return list.empty() ? "none" : list;
}

sim_options parse_options(const std::vector<std::string>& arguments) {
  sim_options options;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const auto& name = arguments[at];
    const auto value = [&]() -> const std::string& {
      if (++at == arguments.size()) throw wrong_usage(name + " needs a value");
      return arguments[at];
    };
    if (name == "--nodes") {
      options.nodes = parse_number<std::size_t>(name, value(), 1, 16384);
    } else if (name == "--minutes") {
      options.minutes = parse_number<double>(name, value(), 0.05, 100'000);
    } else if (name == "--seed") {
      options.seed = parse_number<std::uint64_t>(name, value(), 0, UINT64_MAX);
    } else if (name == "--faults") {
      options.faults = parse_faults(value());
    } else if (name == "--rate") {
      options.faults_scale = parse_number<double>(name, value(), 0.001, 1000);
    } else if (name == "--start") {
      options.begin = parse_beginning(value());
    } else if (name == "--no-load") {
      options.load = false;
    } else if (name == "--trace") {
      options.trace = true;
    } else if (name == "--json") {
      options.json = true;
#ifdef ASKR_SIM_CANARY
    } else if (name == "--canary") {
      options.canary = parse_canary(value());
#endif
    } else {
      throw wrong_usage("there is no option \"" + name + "\"");
    }
  }
  return options;
}

}  // namespace askr::sim
