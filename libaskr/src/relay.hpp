// SPDX-License-Identifier: MIT
#pragma once

/// Messages between nodes that have no link. The ends of a path see each other as *far peers*: rows of the peer table
/// like any other, whose outbox is sealed end to end and sent in envelopes (routed_message) to the next hop of the
/// shortest path. Relays see who talks to whom and how much, and nothing else.
///
/// A far peer is one session: a run of envelopes, numbered from 0, over one path. If a link or node of the path goes,
/// the relay next to it tells both ends (route_broken), and what waits for an answer there ends in peer_lost at once;
/// the next message begins a new session over whatever path there is then.

#include "libaskr/src/early_envelopes.hpp"
#include "libaskr/src/membership.hpp"
#include "libaskr/src/message_seal.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/self_description.hpp"
#include "mesh/routes.hpp"
#include "transport/routed_codec.hpp"

#include <askr/counters.hpp>
#include <askr/options.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr {

class relay {
 public:
  /// A far peer that is no more; it is still in the peer table, and is to be taken out.
  struct lost_path {
    link_id far = no_link;
    error why;
  };
  /// What a far peer said: whole messages, valid until the next call.
  struct delivery {
    link_id from = no_link;
    byte_span messages;
  };

  relay(const node_options& options, const self_description& self, message_seal& seal, peer_table& peers,
        membership& members, counters& counts);

  /// The peer by which to reach a node: its link, or a far peer. Null if no path leads there.
  peer* reach(time_point now, const node_id& node);

  /// Links on the path to it; 0: none leads there.
  std::uint8_t hops_to(time_point now, const node_id& node);

  /// Passes it on; or opens it, if it is for this node and its source is known.
  std::optional<delivery> on_routed(time_point now, peer& from, const transport::routed_message& message);
  /// Opens what waited for its source to become known: to be called until nothing comes.
  std::optional<delivery> next_early(time_point now);
  void on_route_broken(time_point now, const transport::route_broken_message& message);
  /// A link of this node is used no more, though it still brings what is under way. Nothing was, for long: sessions and
  /// flows over it go on over others.
  void on_let_go(time_point now, link_id link);
  /// A link of this node has gone.
  void on_link_down(time_point now, const peer& link);
  /// A node is no longer up, or no longer admitted.
  void on_lost(const node_id& node);
  /// A far peer breaks the protocol.
  void drop(time_point now, const peer& far, const error& why);

  /// Seals what the far peers were given to say.
  void end_turn(time_point now);
  bool has_lost() const noexcept { return !lost_.empty(); }
  std::vector<lost_path> take_lost() { return std::exchange(lost_, {}); }
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return std::min(next_sweep_, early_.next_timeout()); }

  mesh::routes& paths() noexcept { return routes_; }
  const mesh::link_view& links() const noexcept { return view_.links(); }
  /// What a node may do, as this node's authenticator said; null: it is not admitted.
  const permissions* rights_of(const node_id& node) const noexcept { return view_.rights_of(node); }
  void mark_dirty(peer& which) { peers_.mark_dirty(which); }
  std::size_t flows() const noexcept { return flows_.size(); }

 private:
  struct ends {
    node_id source;
    node_id target;
    bool operator==(const ends&) const = default;
  };
  struct ends_hash {
    std::size_t operator()(const ends& which) const noexcept {
      return std::hash<node_id>{}(which.source) * 31 + std::hash<node_id>{}(which.target);
    }
  };
  /// What goes through this node, from one end to the other.
  struct flow {
    link_id from = no_link;
    link_id to = no_link;
    std::uint64_t session = 0;
    time_point used;
  };

  void pass_on(time_point now, const peer& from, const transport::routed_message& message);
  link_id way_on(time_point now, const peer& from, const transport::routed_message& message, const flow* kept);
  void on_loop(time_point now, const transport::routed_message& message);
  bool is_quiet(time_point now, const peer& far) const;
  link_id next_link(time_point now, const node_id& target, std::uint8_t hops_left);
  result<peer*> open_far(time_point now, const node_id& node, link_id via);
  bool is_settled(const transport::routed_message& message) const;
  bool is_early(const transport::routed_message& message) const;
  std::optional<delivery> receive(time_point now, const peer& from, const transport::routed_message& message);
  result<peer*> begin_session(time_point now, const peer& from, const transport::routed_message& message);
  std::nullopt_t refuse(const peer& from, const transport::routed_message& message, const error& why);
  void choose_way(time_point now, peer& far);
  void seal_all(time_point now, peer& far);
  bool send(time_point now, peer& far, byte_span messages);
  void give_up(time_point now, const peer& far, const error& why);
  void lose(const peer& far, error why);
  void tell(time_point now, const peer& far, const error& why);
  std::string why_lost(const peer& far) const;
  peer* way_back(const peer& far);
  void turn_back(const peer& from, const transport::routed_message& message, const error& why);
  transport::route_broken_message route_broken(const ends& whose, std::uint64_t session, const error& why) const;
  void send_broken(time_point now, const transport::route_broken_message& message);
  void send_broken(peer& by, const transport::route_broken_message& message);

  const node_options& options_;
  const self_description& self_;
  message_seal& seal_;
  peer_table& peers_;
  full_view& view_;
  neighbours& neighbours_;
  counters& counts_;
  mesh::routes routes_;
  std::unordered_map<ends, flow, ends_hash> flows_;
  early_envelopes early_;
  std::vector<lost_path> lost_;
  std::vector<link_id> dirty_;
  std::uint64_t last_session_ = 0;
  time_point next_sweep_ = time_point::max();
  byte_buffer record_;  ///< Gathered from the lanes of a far peer.
  byte_buffer text_;    ///< Numbered, to be sealed.
  byte_buffer sealed_;
  byte_buffer body_;
  byte_buffer opened_;
};

}  // namespace askr
