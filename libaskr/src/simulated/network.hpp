// SPDX-License-Identifier: MIT
#pragma once

/// The network between simulated hosts, apart from what is on its way: who reaches whom, and how long it takes.

#include "libaskr/src/simulated/event_queue.hpp"

#include <askr/random.hpp>
#include <askr/simulation.hpp>

#include <cstdint>
#include <unordered_set>
#include <vector>

namespace askr::simulated {

using host_index = std::uint32_t;

class network {
 public:
  explicit network(const simulation_options& options) : options_(options), random_(options.seed ^ 0x6e6574) {}

  void add_host(std::uint32_t subnet) {
    sides_.push_back(0);
    subnets_.push_back(subnet);
  }

  /// Hosts on different sides do not reach each other. All begin on side 0.
  void set_side(host_index which, std::uint32_t side) { sides_[which] = side; }
  void cut(host_index from, host_index to) { cuts_.insert(key(from, to)); }
  void mend(host_index from, host_index to) { cuts_.erase(key(from, to)); }
  void heal() {
    cuts_.clear();
    sides_.assign(sides_.size(), 0);
  }
  bool reaches(host_index from, host_index to) const noexcept {
    if (sides_[from] != sides_[to]) return false;
    return cuts_.empty() || !cuts_.contains(key(from, to));
  }
  bool both_ways(host_index one, host_index other) const noexcept { return reaches(one, other) && reaches(other, one); }
  bool hears_beacons_of(host_index listener, host_index sender) const noexcept {
    return subnets_[listener] == subnets_[sender] && reaches(sender, listener);
  }

  /// One way between two hosts, always the same for a pair: 0.5 to 1.5 of the median.
  tick latency(host_index one, host_index other) const noexcept {
    const auto median = static_cast<double>(options_.latency.count());
    rng of_pair(options_.seed ^ (one < other ? key(one, other) : key(other, one)) * 0x9e3779b97f4a7c15U);
    return static_cast<tick>(median * (0.5 + of_pair.unit()));
  }
  /// What one record takes longer: seldom more than three times the option.
  tick jitter();
  tick transmission(std::size_t bytes) const noexcept {
    return options_.bandwidth == 0 ? 0 : bytes * 1'000'000 / options_.bandwidth;
  }

  const simulation_options& options() const noexcept { return options_; }
  rng& random() noexcept { return random_; }

 private:
  static std::uint64_t key(host_index from, host_index to) noexcept { return std::uint64_t{from} << 32 | to; }

  simulation_options options_;
  rng random_;
  std::vector<std::uint32_t> sides_;
  std::vector<std::uint32_t> subnets_;
  std::unordered_set<std::uint64_t> cuts_;
};

}  // namespace askr::simulated
