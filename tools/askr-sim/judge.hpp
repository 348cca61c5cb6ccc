// SPDX-License-Identifier: MIT
#pragma once

/// What all checkers share: the violations, and what is known to be wrong with a node, so that what follows from it is
/// no violation.

#include "libaskr/src/simulated/world.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace askr::sim {

using simulated::host_index;
using simulated::tick;

inline constexpr tick one_second = 1'000'000;
inline constexpr tick one_millisecond = 1'000;

/// Samples of a time, for percentiles. Exact: there are some ten thousand.
class samples {
 public:
  void add(tick value) { all_.push_back(value); }
  std::size_t size() const noexcept { return all_.size(); }
  /// In milliseconds; 0 if there are none.
  double ms_at(double share) const {
    if (all_.empty()) return 0;
    auto sorted = all_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
    return static_cast<double>(sorted[at]) / one_millisecond;
  }

 private:
  std::vector<tick> all_;
};

class judge {
 public:
  /// What a fault causes may show so much later: the lease and the settle time.
  static constexpr tick aftermath = 3 * one_second;

  judge(const simulated::world& world, bool traces) : world_(world), traces_(traces) {}

  void begin() {
    trouble_until_.assign(world_.size(), 0);
    slow_until_.assign(world_.size(), 0);
    cut_until_.assign(world_.size(), 0);
  }
  /// Something is done to the node, until then, for which others may think it lost.
  void trouble(host_index which, tick until) {
    trouble_until_[which] = std::max(trouble_until_[which], until);
    slow(which, until);
  }
  /// It is slower than usual, so commands may fail, but nobody may think it lost.
  void slow(host_index which, tick until) {
    slow_until_[which] = std::max(slow_until_[which], until);
    weather(until);
  }
  /// Nothing comes through from one to the other: until their link ends by its lease, neither notices.
  void cut(host_index from, host_index to, tick until) {
    for (const auto each : {from, to}) cut_until_[each] = std::max(cut_until_[each], until);
    weather(until);
  }
  /// Something happens somewhere: what goes by others may fail.
  void weather(tick until) { weather_until_ = std::max(weather_until_, until); }
  /// Nothing was done to it since `since`, nor shortly before.
  bool sound_since(host_index which, tick since) const { return trouble_until_[which] + aftermath < since + 1; }
  bool sound(host_index which) const { return sound_since(which, world_.now()); }
  bool swift_since(host_index which, tick since) const { return slow_until_[which] + aftermath < since + 1; }
  /// It hears at once of what happens at `since`, and acts on it.
  bool prompt_since(host_index which, tick since) const {
    return std::max(slow_until_[which], cut_until_[which]) + aftermath < since + 1;
  }
  bool prompt(host_index which) const { return prompt_since(which, world_.now()); }
  /// No other node was in the way of the news: who stands still goes on to report its links.
  bool others_prompt_since(host_index but, tick since) const {
    for (host_index each = 0; each < slow_until_.size(); ++each) {
      if (each != but && !prompt_since(each, since)) return false;
    }
    return true;
  }
  /// Something goes on being wrong with it after that time.
  bool ill_beyond(host_index which, tick when) const {
    return std::max(trouble_until_[which], cut_until_[which]) > when;
  }
  bool calm_since(tick since) const { return weather_until_ + aftermath < since + 1; }

  void violation(const std::string& what) {
    if (++violations_ > shown_max) return;
    std::fprintf(stderr, "askr-sim: VIOLATION at %.6f s: %s\n", static_cast<double>(world_.now()) / one_second,
                 what.c_str());
    if (violations_ == shown_max) std::fprintf(stderr, "askr-sim: more are only counted\n");
  }
  bool traces() const noexcept { return traces_; }
  void trace(const std::string& what) const {
    if (!traces_) return;
    std::fprintf(stderr, "askr-sim: %9.6f s: %s\n", static_cast<double>(world_.now()) / one_second, what.c_str());
  }
  std::uint64_t violations() const noexcept { return violations_; }

 private:
  static constexpr std::uint64_t shown_max = 20;

  const simulated::world& world_;
  bool traces_;
  std::vector<tick> trouble_until_;
  std::vector<tick> slow_until_;
  std::vector<tick> cut_until_;
  tick weather_until_ = 0;
  std::uint64_t violations_ = 0;
};

}  // namespace askr::sim
