// SPDX-License-Identifier: MIT
#pragma once

/// Events from all nodes to some, and what must be true of them: those of one origin and topic come in order, none
/// twice, and what does not come is told.

#include "tools/askr-sim/canary.hpp"
#include "tools/askr-sim/judge.hpp"

#include <askr/random.hpp>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace askr::sim {

class event_load {
 public:
  event_load(simulated::world& world, judge& judge, canary& canary, std::uint64_t seed)
      : world_(world), judge_(judge), canary_(canary), random_(seed) {}

  void on_start(simulated::host& which);
  /// Each node emits one event per `interval`, until stop().
  void begin(tick interval);
  void stop() noexcept { active_ = false; }

  std::uint64_t emitted() const noexcept { return emitted_; }
  std::uint64_t heard() const noexcept { return heard_; }
  /// Not heard, and nobody was told.
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct stream {
    incarnation epoch = 0;
    std::uint64_t last = 0;
  };
  struct listener {
    std::unordered_map<std::uint64_t, stream> streams;  ///< By origin and topic.
  };

  void plan_next(host_index from);
  void on_event(host_index at, const event& what);
  /// What is told to be missing is not lost without a word.
  void on_gap(host_index at, const event_gap& gap);
  std::uint64_t topic_of(host_index which) const { return which % topics(); }
  std::uint64_t topics() const { return world_.size() / nodes_per_topic + 1; }
  static std::string topic_name(std::uint64_t topic) { return "sim.load" + std::to_string(topic); }

  static constexpr std::size_t nodes_per_topic = 10;

  simulated::world& world_;
  judge& judge_;
  canary& canary_;
  rng random_;
  bool active_ = false;
  tick interval_ = 0;
  std::vector<listener> listeners_;
  std::unordered_map<node_id, host_index> hosts_;
  std::uint64_t emitted_ = 0;
  std::uint64_t heard_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace askr::sim
