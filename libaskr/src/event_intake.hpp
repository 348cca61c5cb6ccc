// SPDX-License-Identifier: MIT
#pragma once

/// Events of other nodes as they come in: put in order, holes pulled from their origin, and handed to the audience each
/// once; what is lost for good is reported there. mesh::event_order decides; here is what it decides about.

#include "libaskr/src/event_audience.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "mesh/directory.hpp"
#include "mesh/event_order.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/options.hpp>
#include <askr/time.hpp>

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class relay;

class event_intake {
 public:
  event_intake(const event_limits& limits, subscriptions& table, event_audience& audience,
               const mesh::directory& directory, relay& paths, counters& counts);

  /// `matched`: who wants it, at least one on this node.
  void on_event(time_point now, const std::vector<subscriber>& matched, const event& heard);
  /// Where a topic of an origin stands, by its own word.
  void on_head(time_point now, const node_id& origin, incarnation life, std::string_view topic,
               mesh::event_sequence last);
  void on_missing(time_point now, const node_id& origin, incarnation life, std::string_view topic,
                  mesh::sequence_range gone);
  /// Topics that nobody here listens to are left out by the caller.
  void on_interest_applied(time_point now, const node_id& origin, incarnation life,
                           const std::vector<std::pair<std::string, mesh::event_sequence>>& next);

  /// Asks an origin for past events; nothing happens if it cannot be asked now.
  void send_pull(time_point now, std::uint64_t request, const mesh::event_pull& pull);
  /// Calls visit(topic, next) for each topic of an origin.
  template <class Visit>
  void for_each_stream(const node_id& origin, incarnation life, Visit visit) const {
    order_.for_each_stream(origin, life, visit);
  }

  /// Nobody here listens to some topics any more.
  void forget_unwanted();
  std::string name_of(const node_id& node);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return order_.next_timeout(); }

 private:
  void drain();
  void hand_on(const mesh::ordered& next);
  void send_pulls(time_point now);

  subscriptions& table_;
  event_audience& audience_;
  const mesh::directory& directory_;
  relay& paths_;
  counters& counts_;
  mesh::event_order order_;
  std::vector<subscriber> matched_;
  std::unordered_map<node_id, std::string> names_;  ///< For what is to be said about nodes that have gone.
};

}  // namespace askr
