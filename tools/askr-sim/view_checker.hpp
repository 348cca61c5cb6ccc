// SPDX-License-Identifier: MIT
#pragma once

/// Who thinks that who is there, against who is. Safety: nobody who can be reached and is well is ever lost, and who is
/// gone does not stay in anybody's view. Liveness: in the end all have the same view, which is the truth. On the way:
/// how long it takes until all know of a newcomer, and of a death.

#include "tools/askr-sim/judge.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace askr::sim {

enum class ending : std::uint8_t {
  left,         ///< It said so.
  killed,       ///< Its connections were closed for it.
  powered_off,  ///< Nobody was told.
};

class view_checker {
 public:
  view_checker(simulated::world& world, judge& judge) : world_(world), judge_(judge) {}

  /// Once all hosts are added.
  void begin();
  void on_started(host_index which);
  /// Killed: this is how fast a death is noticed.
  void on_ended(host_index which, ending how);
  void on_turn_end(simulated::host& which);
  /// Now and then: who is gone for long must not be in a view.
  void check_the_gone();
  /// All that are up know exactly those that are up, and have the same digest.
  bool converged();
  /// Says what is missing; at most a few words.
  std::string why_not_converged();

  const samples& joins() const noexcept { return joins_; }
  const samples& losses() const noexcept { return losses_; }
  std::uint64_t false_losses() const noexcept { return false_losses_; }

 private:
  using bits = std::vector<std::uint64_t>;
  struct waiting {
    tick since = 0;
    std::vector<host_index> observers;  ///< Who do not know yet. Sorted.
    bool measured = false;
  };

  static bool has(const bits& set, host_index which) noexcept { return set[which / 64] >> (which % 64) & 1; }
  static void put(bits& set, host_index which, bool in) noexcept;
  void look(simulated::host& at, bits& into);
  void on_found(host_index observer, host_index which);
  void on_lost(host_index observer, host_index which);
  void settle(waiting& about, host_index observer, samples& into);
  tick gone_within(host_index which) const;
  std::string how_records_differ();
  bool path_between(host_index one, host_index other);

  simulated::world& world_;
  judge& judge_;
  std::vector<std::pair<node_id, host_index>> by_id_;
  std::vector<bits> seen_;
  std::vector<std::uint64_t> versions_;  ///< Of what was looked at last.
  bits up_;
  std::vector<tick> changed_;  ///< When a host came up or went down.
  std::vector<bool> silent_;   ///< Who is gone, and nobody could be told.
  std::vector<waiting> newcomers_;
  std::vector<waiting> dead_;
  samples joins_;
  samples losses_;
  std::uint64_t false_losses_ = 0;
  bits now_seen_;
  std::vector<bool> visited_;
  std::vector<host_index> queue_;

  static constexpr tick settle_time = 250 * one_millisecond;
  static constexpr tick lease = 2500 * one_millisecond;
  static constexpr tick gone_when_told = settle_time + one_second;
  static constexpr tick gone_when_silent = lease + 500 * one_millisecond + settle_time;
  static constexpr tick gone_at_latest = 10 * one_second;  // Others stood still, or were cut off.
};

}  // namespace askr::sim
