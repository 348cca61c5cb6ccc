// SPDX-License-Identifier: MIT
#pragma once

/// One simulation from its beginning to its verdict: start, a while of nothing, faults, and the time in which
/// everything has to come right again.

#include "tools/askr-sim/canary.hpp"
#include "tools/askr-sim/command_load.hpp"
#include "tools/askr-sim/event_load.hpp"
#include "tools/askr-sim/faults.hpp"
#include "tools/askr-sim/judge.hpp"
#include "tools/askr-sim/options.hpp"
#include "tools/askr-sim/view_checker.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace askr::sim {

struct report {
  double virtual_s = 0;
  double wall_s = 0;
  std::uint64_t messages = 0;
  double bytes_idle = 0;  ///< Per node and second.
  double bytes_churn = 0;
  double converge_ms_p50 = 0, converge_ms_p99 = 0;
  double lost_detect_ms_p50 = 0, lost_detect_ms_p99 = 0;
  std::uint64_t false_lost = 0;
  std::uint64_t lost_events = 0;
  std::uint64_t unexplained_outcomes = 0;
  std::uint64_t violations = 0;
  std::uint64_t digest = 0;
};

std::string to_json(const sim_options& options, const report& result);

class run : public simulated::observer {
 public:
  explicit run(const sim_options& options);

  report to_end();

 private:
  void on_start(simulated::host& which) override;
  void on_turn_end(simulated::host& which) override;

  void add_nodes();
  void start_nodes();
  void pass(tick time);
  bool pass_until_converged(tick at_most);
  void be_idle();
  void suffer();
  void come_right();
  void check_the_bounds();
  std::uint64_t bytes_sent();
  void say(const std::string& what) const;
  void say_traffic(const simulated::traffic& before, double seconds) const;

  sim_options options_;
  simulated::world world_;
  judge judge_;
  view_checker views_;
  canary canary_;
  command_load commands_;
  event_load events_;
  faults faults_;
  rng random_;
  report report_;
  std::chrono::steady_clock::time_point began_;

  static constexpr tick converges_at_latest = 60 * one_second;
};

}  // namespace askr::sim
