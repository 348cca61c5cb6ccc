// SPDX-License-Identifier: MIT
#pragma once

/// What goes wrong: faults at random times, as many as a network of that size has in a bad hour, and never so many at
/// once that nothing would be left. Everything is drawn from the seed.

#include "tools/askr-sim/judge.hpp"
#include "tools/askr-sim/options.hpp"
#include "tools/askr-sim/view_checker.hpp"

#include <askr/random.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace askr::sim {

class faults {
 public:
  faults(simulated::world& world, judge& judge, view_checker& views, const sim_options& options);

  /// For `length` from now on; what still lasts then ends with end().
  void begin(tick length);
  /// Everybody runs again, and everything comes through.
  void end();
  std::uint64_t count() const noexcept { return count_; }

 private:
  void each(fault what, double per_minute, void (faults::*strike)());
  void plan_next(tick mean, void (faults::*strike)());
  tick between(tick low, tick high) { return low + random_.below(high - low + 1); }
  simulated::host* somebody();
  void kill(simulated::host& which, bool loses_power, tick back_after);
  void stop(simulated::host& which);
  void bring_back(simulated::host& which);

  void strike_crash();
  void strike_restart();
  void strike_partition();
  void strike_oneway();
  void strike_slow();
  void strike_pause();
  void strike_skew();
  void strike_linkbreak();
  void strike_joinstorm();
  void update(host_index which, tick pause);

  simulated::world& world_;
  judge& judge_;
  view_checker& views_;
  const sim_options& options_;
  rng random_;
  bool active_ = false;
  bool parted_ = false;
  std::size_t down_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t era_ = 0;  ///< What was planned before end() is void.
};

}  // namespace askr::sim
