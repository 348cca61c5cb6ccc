// SPDX-License-Identifier: MIT
#pragma once

/// This node as an origin of events: numbers the events of each topic, keeps the last of those that somebody listens to
/// or has listened to lately, and says where each topic stands. No I/O, no clock; in steady state an event costs one
/// copy into a ring.

#include "mesh/event_history.hpp"
#include "transport/event_codec.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/options.hpp>
#include <askr/payload.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class event_source {
 public:
  event_source(const node_limits& limits, const event_limits& events);

  /// In a new life everything begins anew.
  void set_life(incarnation life) {
    if (life != life_) begin_life(life);
  }
  /// The topic's next event: its sequence. 0 if nobody has ever listened to the topic, so there is nothing to count.
  /// `wanted`: somebody listens now. Fails with overloaded: too many topics.
  result<mesh::event_sequence> add(time_point now, std::string_view topic, payload_view data, bool wanted);

  /// For a pull. What was not emitted yet is neither there nor missing.
  mesh::replay range(std::string_view topic, mesh::sequence_range wanted, std::size_t events_max);
  /// 0 if the topic has had none.
  mesh::event_sequence last_of(std::string_view topic) const noexcept;

  /// Calls visit(topic, last sequence) for every topic that had events.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [topic, row] : rows_) visit(std::string_view(topic), row.last);
  }
  /// The same, for those that had one in the last 30 s.
  template <class Visit>
  void for_each_active(time_point now, Visit visit) const {
    for (const auto& [topic, row] : rows_) {
      if (now - row.emitted <= active_time) visit(std::string_view(topic), row.last);
    }
  }
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  static constexpr duration active_time = seconds(30);

  struct row {
    mesh::event_sequence last = 0;
    bool always_kept = false;
    time_point wanted;   ///< When somebody listened last,
    time_point emitted;  ///< and the last event came.
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  void begin_life(incarnation life);
  bool is_always_kept(std::string_view topic) const;

  const node_limits& limits_;
  const event_limits& events_;
  incarnation life_ = 0;
  mesh::event_history history_;
  std::unordered_map<std::string, row, text_hash, std::equal_to<>> rows_;
};

}  // namespace askr
