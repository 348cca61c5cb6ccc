// SPDX-License-Identifier: MIT
#pragma once

/// Commands between random nodes, and what must be true of them: exactly one outcome by the deadline, whatever crashes;
/// what may not run twice does not; an answer is the right one; and an error has a reason.

#include "tools/askr-sim/canary.hpp"
#include "tools/askr-sim/judge.hpp"

#include <askr/random.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace askr::sim {

class command_load {
 public:
  command_load(simulated::world& world, judge& judge, canary& canary, std::uint64_t seed)
      : world_(world), judge_(judge), canary_(canary), random_(seed) {}

  void on_start(simulated::host& which);
  /// Each node sends one command per `interval`, until stop().
  void begin(tick interval);
  void stop() noexcept { active_ = false; }
  /// Now and then: what has no outcome after its deadline.
  void check_the_pending();

  std::uint64_t sent() const noexcept { return first_ + commands_.size(); }
  std::uint64_t failed() const noexcept { return failed_; }
  std::uint64_t unexplained() const noexcept { return unexplained_; }

 private:
  struct sent_command {
    host_index caller = 0;
    incarnation life = 0;
    std::optional<host_index> target;
    std::optional<host_index> served_by;
    tick sent = 0;
    tick deadline = 0;
    bool idempotent = false;
    std::uint32_t executions = 0;
    std::uint32_t outcomes = 0;
  };

  void plan_next(host_index from);
  void send(simulated::host& from);
  void on_outcome(std::uint64_t number, const result<payload>& outcome);
  void on_executed(std::uint64_t number, host_index by);
  bool has_reason(const sent_command& command, errc code) const;
  sent_command* find(std::uint64_t number);
  static std::string service(std::uint64_t number);

  static constexpr std::uint64_t services = 8;
  static constexpr tick slack = 50 * one_millisecond;  // The timer wheel's, and a turn.

  simulated::world& world_;
  judge& judge_;
  canary& canary_;
  rng random_;
  bool active_ = false;
  tick interval_ = 0;
  std::deque<sent_command> commands_;
  std::uint64_t first_ = 0;  ///< The number of commands_.front().
  std::uint64_t failed_ = 0;
  std::uint64_t unexplained_ = 0;
};

}  // namespace askr::sim
