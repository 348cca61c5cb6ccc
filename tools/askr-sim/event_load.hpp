// SPDX-License-Identifier: MIT
#pragma once

/// Events from all nodes to some, and what must be true of them: those of one origin and topic come in order, none
/// twice, and what does not come is told. Each carries a number of its own, so that one whose loss no later event shows
/// is missed, too.

#include "tools/askr-sim/canary.hpp"
#include "tools/askr-sim/judge.hpp"

#include <askr/random.hpp>

#include <cstdint>
#include <optional>
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
  /// Long after stop(): whoever is up has heard, or was told of, the last event of everybody who is up; but for what
  /// was emitted before it listened.
  void check_the_tails();

  std::uint64_t emitted() const noexcept { return emitted_; }
  std::uint64_t heard() const noexcept { return heard_; }
  /// Not heard, but told to be missing.
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct stream {
    incarnation epoch = 0;
    std::uint64_t first = 0;  ///< Of this life, that was heard or told; 0: none yet.
    std::uint64_t last = 0;
    bool restarted = false;  ///< It was told that a life began, and that it is not known how many are missing.
  };
  struct listener {
    tick started = 0;
    std::unordered_map<std::uint64_t, stream> streams;  ///< By origin and topic.
  };
  /// What a node has emitted in the life that it is in.
  struct source {
    incarnation life = 0;
    std::uint32_t emitted = 0;
    tick last_at = 0;
    std::optional<std::uint64_t> uncounted;  ///< So many at first have no sequence, as nobody listened.
  };

  void plan_next(host_index from);
  void emit(simulated::host& from);
  void check_heard(host_index origin, incarnation life, std::uint32_t number, tick emitted);
  bool listened(host_index at, tick when) const;
  bool has_heard(host_index at, host_index origin, incarnation life, std::uint32_t number);
  void note_number(const std::string& name, const event& what, host_index origin);
  void on_event(host_index at, const event& what);
  /// What is told to be missing is not lost without a word.
  void on_gap(host_index at, const event_gap& gap);
  void note_earlier_gap(stream& known, const event_gap& gap);
  stream& stream_at(host_index at, host_index origin) {
    return listeners_[at].streams[std::uint64_t{origin} << 32 | topic_of(origin)];
  }
  std::uint64_t topic_of(host_index which) const { return which % topics(); }
  std::uint64_t heard_topic_of(host_index which) const { return (which / nodes_per_topic + which) % topics(); }
  std::uint64_t topics() const { return world_.size() / nodes_per_topic + 1; }
  static std::string topic_name(std::uint64_t topic) { return "sim.load" + std::to_string(topic); }

  static constexpr std::size_t nodes_per_topic = 10;
  static constexpr tick known_within = 3 * one_second;  // That a node which has started listens.
  static constexpr tick heard_within =
      10 * one_second;  // A lease, another path, the next event, a pull, and giving up.

  simulated::world& world_;
  judge& judge_;
  canary& canary_;
  rng random_;
  bool active_ = false;
  tick interval_ = 0;
  std::vector<listener> listeners_;
  std::vector<source> sources_;
  std::vector<std::vector<host_index>> audience_;  ///< Of each topic.
  std::unordered_map<node_id, host_index> hosts_;
  std::uint64_t emitted_ = 0;
  std::uint64_t heard_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace askr::sim
