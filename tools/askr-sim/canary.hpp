// SPDX-License-Identifier: MIT
#pragma once

/// Bugs that are put in on purpose, one at a time, to prove that the checkers bark. They are in askr-sim-canary only,
/// which is built with ASKR_SIM_CANARY for the tests; in askr-sim all of this is nothing. docs/simulation.md

#include "tools/askr-sim/judge.hpp"
#include "tools/askr-sim/options.hpp"

#ifdef ASKR_SIM_CANARY

#include "mesh/node_record.hpp"

#include <askr/random.hpp>

#include <vector>

namespace askr::sim {

class canary {
 public:
  canary(simulated::world& world, const sim_options& options);

  /// Load and faults begin.
  void begin();
  /// All is well again, and only little is still to come.
  void near_the_end() noexcept { near_the_end_ = true; }
  /// Between a node and its listener.
  bool swallows_event(host_index listener, host_index origin);
  bool sends_twice(bool idempotent);
  /// How often the caller is told the outcome of a command.
  int outcomes();

 private:
  bool now_and_then() { return random_.below(50) == 0; }
  simulated::host& somebody_up();
  void lose_somebody();
  void keep_the_dead();

  simulated::world& world_;
  canary_bug bug_;
  rng random_;
  bool near_the_end_ = false;
  std::vector<mesh::record_ptr> records_;  ///< The last of each host.
};

}  // namespace askr::sim

#else

namespace askr::sim {

struct canary {
  canary(const simulated::world&, const sim_options&) {}
  void begin() const noexcept {}
  void near_the_end() const noexcept {}
  bool swallows_event(host_index, host_index) const noexcept { return false; }
  bool sends_twice(bool) const noexcept { return false; }
  int outcomes() const noexcept { return 1; }
};

}  // namespace askr::sim

#endif
