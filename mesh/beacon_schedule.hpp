// SPDX-License-Identifier: MIT
#pragma once

/// When a node beacons: often when it starts, then ever more rarely, never in step with others; and which beacons of
/// others are news. Nodes of a large mesh share what one LAN bears: the more they are, the more rarely each beacons, as
/// members of a session do in RFC 3550, section 6.2. (docs/protocol.md, "Beacons")

#include <askr/node_id.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <unordered_map>
#include <utility>

namespace askr::mesh {

class beacon_schedule {
 public:
  static constexpr milliseconds first_interval = 250ms;  ///< The first four beacons: 0, 250, 500, 750 ms.
  static constexpr int first_beacons = 4;
  static constexpr milliseconds interval_max = seconds(30);
  static constexpr std::size_t large = 100;  ///< From so many nodes on they beacon as often as so many, all together.
  static constexpr std::size_t origins_max = 1024;

  explicit beacon_schedule(rng& random) : random_(random) {}

  void start(time_point now);
  void stop() { due_ = time_point::max(); }
  /// True if a beacon is due; the next one is then scheduled. `nodes`: how many are up.
  bool take_due(time_point now, std::size_t nodes);
  /// How many are up now: where less than half are left, the next beacon does not wait for as long as before.
  void note_nodes(time_point now, std::size_t nodes) {
    if (nodes * 2 < nodes_) hasten(now, nodes);
  }
  time_point next_timeout() const noexcept { return due_; }

  /// False for a beacon that was seen before, or is older than one seen (a replay).
  bool is_news(const node_id& origin, incarnation life, std::uint64_t counter);
  /// The number for our next beacon.
  std::uint64_t next_counter() noexcept { return ++counter_; }

 private:
  void hasten(time_point now, std::size_t nodes);
  static milliseconds longest(std::size_t nodes) noexcept;
  time_point jittered(time_point now);

  rng& random_;
  std::size_t nodes_ = 0;  ///< Of the mesh for which the wait was chosen.
  time_point due_ = time_point::max();
  int sent_ = 0;
  milliseconds interval_ = first_interval;
  std::uint64_t counter_ = 0;
  std::unordered_map<node_id, std::pair<incarnation, std::uint64_t>> newest_;
};

}  // namespace askr::mesh
