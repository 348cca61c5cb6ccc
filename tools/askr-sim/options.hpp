// SPDX-License-Identifier: MIT
#pragma once

/// The command line of askr-sim.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace askr::sim {

enum class fault : std::size_t {
  crash,       ///< Killed or without power, and started again some seconds later.
  restart,     ///< Stopped in order, and started again at once.
  partition,   ///< The network falls into two.
  oneway,      ///< Nothing comes through from one node to another.
  slow,        ///< Each turn of a node's loop takes long.
  pause,       ///< A node's loop stands still.
  skew,        ///< A node's wall clock is wrong by up to ten minutes, and it starts again.
  linkbreak,   ///< Connections are reset.
  joinstorm,   ///< A quarter of all nodes starts at the same instant.
  versionmix,  ///< All nodes are updated, one after the other: stopped, and started with other options, another
               ///< version, and a later minor of the wire.
};
inline constexpr std::size_t faults_count = 10;
inline constexpr std::string_view fault_names[faults_count] = {
    "crash", "restart", "partition", "oneway", "slow", "pause", "skew", "linkbreak", "joinstorm", "versionmix"};

using fault_set = std::bitset<faults_count>;

enum class beginning : std::uint8_t {
  automatic,  ///< Cold up to 100 nodes.
  cold,       ///< All start at once and have to find each other.
  converged,  ///< All know and are linked with each other as if they had run for long.
};

/// What askr-sim-canary can do wrong on purpose.
enum class canary_bug : std::uint8_t {
  none,
  lose_event,      ///< Now and then a listener does not get an event.
  lose_tail,       ///< The same at the end, when no later event shows it.
  double_command,  ///< A command that may not run twice does.
  no_outcome,      ///< A command never ends for its caller.
  two_outcomes,
  false_loss,  ///< A node that is well is missing in another's directory for a while.
  zombie,      ///< A node that is gone stays in another's directory.
};
inline constexpr std::string_view canary_names[] = {"none",       "lose-event",   "lose-tail",  "double-command",
                                                    "no-outcome", "two-outcomes", "false-loss", "zombie"};

struct sim_options {
  std::size_t nodes = 50;
  double minutes = 1;  ///< Of the phase with faults; without faults, of the phase in which nothing happens.
  std::uint64_t seed = 1;
  fault_set faults;
  double faults_scale = 1;  ///< How often faults come, against the usual.
  beginning begin = beginning::automatic;
  bool load = true;  ///< Commands and events while faults happen.
  bool json = false;
  bool trace = false;                    ///< Says what goes wrong, and what takes long.
  canary_bug canary = canary_bug::none;  ///< Builds with ASKR_SIM_CANARY only.
};

/// For a command line that cannot be run; what() is the sentence to print.
struct wrong_usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws wrong_usage.
sim_options parse_options(const std::vector<std::string>& arguments);
extern const char* const usage;

std::string to_string(const fault_set& faults);

}  // namespace askr::sim
