// SPDX-License-Identifier: MIT
#pragma once

/// What peers say: takes the messages out of opened records and hands them to the dispatcher, the events and the
/// membership. A peer that breaks the protocol loses its link, nothing more.

#include "libaskr/src/event_door.hpp"
#include "libaskr/src/peer_table.hpp"
#include "mesh/directory.hpp"

#include <askr/counters.hpp>
#include <askr/options.hpp>

namespace askr {

class dispatcher;
class event_router;
class membership;
class relay;

class peer_door {
 public:
  peer_door(const node_options& options, peer_table& peers, dispatcher& commands, event_router& events,
            membership& members, relay& paths, counters& counts);

  /// The plaintext of one record: whole messages.
  void on_record(time_point now, link_id link, byte_span messages);

 private:
  result<void> on_message(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_command(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_reply(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_cancel(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_part(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_credit(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_ping(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_bye(peer& from, const transport::opened_message& message);
  result<void> on_view_message(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_observed(peer& from, const transport::opened_message& message);
  result<void> on_routed(time_point now, peer& from, const transport::opened_message& message);
  result<void> on_route_broken(time_point now, const transport::opened_message& message);
  result<void> on_link_wanted(peer& from, const transport::opened_message& message);
  const principal& asker(peer& from, const transport::received_command& command);

  const node_options& options_;
  peer_table& peers_;
  dispatcher& commands_;
  event_door events_;
  membership& members_;
  relay& relay_;
  counters& counts_;
  principal asker_;  ///< The client of a peer that the command at hand is for.
};

}  // namespace askr
