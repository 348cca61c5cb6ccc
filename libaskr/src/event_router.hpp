// SPDX-License-Identifier: MIT
#pragma once

/// Events: numbered per topic where they are emitted, sent once over each link that leads to a listener, put in order
/// where they arrive, and handed to this node's audience. What is kept of them: event_source; who wants them elsewhere:
/// event_interest; who here: event_audience; how they are put in order: event_intake; who wants the past first:
/// event_replays; who is ready: event_readiness.
/// No I/O.

#include "libaskr/src/authoriser.hpp"
#include "libaskr/src/event_audience.hpp"
#include "libaskr/src/event_intake.hpp"
#include "libaskr/src/event_interest.hpp"
#include "libaskr/src/event_readiness.hpp"
#include "libaskr/src/event_replays.hpp"
#include "libaskr/src/event_source.hpp"
#include "libaskr/src/event_tree.hpp"
#include "libaskr/src/self_description.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "mesh/directory.hpp"
#include "transport/event_codec.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/listen_options.hpp>
#include <askr/options.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace askr {

struct peer;
class peer_table;
class relay;
class session_table;

class event_router {
 public:
  /// `paths` may be made later, but before the first event.
  event_router(const node_options& options, const self_description& self, const authoriser& rights, peer_table& peers,
               session_table& sessions, const mesh::directory& directory, relay& paths, counters& counts);

  /// From this node's code or one of its clients. Fails with denied, overloaded (too many topics) or too_large.
  result<void> emit(time_point now, const principal& who, std::string_view topic, payload_view data);
  /// The same, if nobody on this node hears it and nothing stands against it: no listener is called. False: not
  /// emitted.
  bool try_emit(time_point now, const principal& who, std::string_view topic, payload_view data);

  // From peers, which have the right to say it. `from` is the origin of what it speaks about.
  void on_event(time_point now, const peer& from, const event& heard);
  /// From another node than its origin.
  void on_relayed_event(time_point now, const peer& from, const transport::received_relayed_event& heard,
                        payload_view data);
  void on_past_event(time_point now, std::uint64_t request, const event& heard);
  void on_skipped(time_point now, const peer& from, const transport::skipped_message& said);
  void on_pull(time_point now, peer& from, const transport::pull_message& said);
  void on_gap(time_point now, const peer& from, const transport::gap_message& said);
  void on_heads(time_point now, const peer& from, const transport::received_heads& said);
  void on_interest_applied(time_point now, const peer& from, const transport::received_interest_applied& said);

  // Who listens on this node. After each change of what is listened to, the owner lets the others know.
  /// False if there are too many listeners.
  bool add_listener(time_point now, std::uint64_t id, std::string_view pattern, detail::listener listener,
                    listen_options options);
  void remove_listener(std::uint64_t id);
  /// A subscription of a session.
  void add_subscriber(time_point now, std::string_view pattern, subscriber who, std::size_t last = 0,
                      const std::vector<event_position>& since = {});
  void remove_subscriber(std::string_view pattern, subscriber who);
  /// Calls back when all nodes known now send here what is listened to here.
  void wait_until_ready(time_point now, milliseconds timeout, event_readiness::completion done);
  bool interest_changed() const noexcept { return interest_changed_; }
  /// Somebody here waits to hear that the interest is known elsewhere.
  bool asking() const noexcept { return readiness_.has_waiters() || !replays_.empty(); }
  /// What is listened to here, sorted, for this node's record.
  std::vector<std::string> announce();

  /// What the others listen to.
  event_interest& others() noexcept { return interest_; }

  void end_turn(time_point now);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

 private:
  void take_in(time_point now, const event& heard, link_id came_by, std::uint8_t hops_left);
  result<mesh::event_sequence> number(time_point now, std::string_view topic, payload_view data,
                                      const std::vector<subscriber>& matched);
  event own_event(std::string_view topic, payload_view data, mesh::event_sequence sequence) const;
  void send(time_point now, const std::vector<subscriber>& matched, const event& what);
  void pass_on(time_point now, const std::vector<subscriber>& matched, const event& what, link_id came_by,
               std::uint8_t hops_left);
  duration ways_pause() const noexcept;
  void look_for_new_ways(time_point now);
  void replay(time_point now, subscriber who, std::string_view pattern, std::size_t last,
              const std::vector<event_position>& since);
  void feed_replays(time_point now);
  void serve_replays(time_point now);
  void answer_own(time_point now, const event_replays::pull& asked);
  void hand_on(const replayed& next);
  void settle(time_point now, interested_node& with);
  std::vector<std::pair<std::string, mesh::event_sequence>> next_of(const interested_node& node) const;
  std::vector<transport::topic_head> heads_for(time_point now, const interested_node& node) const;
  bool wants(std::string_view topic);
  bool may_pull(time_point now, peer& from);
  void note_interest(bool changed);

  const self_description& self_;
  const authoriser& rights_;
  peer_table& peers_;
  const mesh::directory& directory_;
  relay& paths_;
  counters& counts_;
  subscriptions table_;
  event_source source_;
  event_interest interest_;
  event_tree tree_;
  event_replays replays_;
  event_audience audience_;
  event_intake intake_;
  event_readiness readiness_;
  std::vector<subscriber> matched_;
  bool interest_changed_ = false;
  bool feed_due_ = false;    ///< A replay may learn where topics stand.
  bool forget_due_ = false;  ///< Something is not listened to any more.
  time_point owed_at_ = time_point::max();
  std::uint64_t ways_version_ = 0;
  time_point ways_checked_, ways_changed_;
  bool ways_unsure_ = false;  ///< Something was sent shortly after they changed.
  std::vector<link_id> sent_by_;
};

}  // namespace askr
