// SPDX-License-Identifier: MIT
#pragma once

/// What peers say about events: decoded, measured against their rights, and handed to the router. A peer speaks only
/// about what it may emit, and asks only for what it may hear.

#include "libaskr/src/peer_table.hpp"
#include "transport/inbox.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/time.hpp>

namespace askr {

class event_router;

class event_door {
 public:
  event_door(event_router& events, counters& counts) : events_(events), counts_(counts) {}

  /// For the kinds from `event` to `past_event`. A failure closes the link.
  result<void> on_message(time_point now, peer& from, const transport::opened_message& message);

 private:
  using opened_message = transport::opened_message;

  result<void> on_event(time_point now, peer& from, const opened_message& message);
  result<void> on_relayed_event(time_point now, peer& from, const opened_message& message);
  result<void> on_past_event(time_point now, peer& from, const opened_message& message);
  result<void> on_skipped(time_point now, const peer& from, const opened_message& message);
  result<void> on_pull(time_point now, peer& from, const opened_message& message);
  result<void> on_gap(time_point now, const peer& from, const opened_message& message);
  result<void> on_heads(time_point now, const peer& from, const opened_message& message);
  result<void> on_interest_applied(time_point now, const peer& from, const opened_message& message);
  bool may_emit(const peer& from, std::string_view topic);

  event_router& events_;
  counters& counts_;
};

}  // namespace askr
