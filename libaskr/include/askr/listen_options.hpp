// SPDX-License-Identifier: MIT
#pragma once

/// How a listener listens: what of the past it wants, and what it wants to be told besides events.

#include <askr/detail/unique_function.hpp>
#include <askr/event.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace askr {

/// How far a listener has heard one topic of one node, so that it can go on from there.
struct event_position {
  std::string topic;
  std::string origin;  ///< The node's full name or id.
  incarnation epoch = 0;       ///< 0: the node's present one.
  std::uint64_t sequence = 0;  ///< Of the last event heard.

  bool operator==(const event_position&) const = default;
};

/// How many nodes of those known when it was asked know by now what is listened to; this one counts among them.
struct listen_ready {
  std::size_t ready = 0;
  std::size_t of = 0;

  bool all() const noexcept { return ready == of; }
};

/// The past comes first, in order, then the present, each event once. What a node does not keep any more is a gap.
struct listen_options {
  std::size_t last =
      0;  ///< So many past events of each topic and node first; a node keeps 1,024 unless told otherwise.
  std::vector<event_position> since = {};  ///< Events after these first.
  /// Called where events are missing, in their place. Without it, gaps are counted only.
  detail::unique_function<void(const event_gap&)> on_gap = {};
  /// Called once: when all nodes known now will send their events here, or at the timeout, with how many will.
  detail::unique_function<void(const listen_ready&)> on_ready = {};
  milliseconds ready_timeout = seconds(2);
  /// Of a client's subscription; that of the first listener of a pattern counts. A node's own listeners are called at
  /// once, and cannot be too slow in this sense.
  overflow_policy overflow = overflow_policy::drop_oldest;
};

}  // namespace askr
