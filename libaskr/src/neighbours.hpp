// SPDX-License-Identifier: MIT
#pragma once

/// Which nodes this one links with: mesh/topology says whom it wants, mesh/dialer gets them, and what neither end wants
/// any more is let go. Those of unknown place in the mesh (beacons, seeds) are dialled as long as a node is new to it.

#include "libaskr/src/full_view.hpp"
#include "libaskr/src/peer_table.hpp"
#include "mesh/dialer.hpp"
#include "mesh/topology.hpp"

#include <askr/options.hpp>

#include <string>
#include <vector>

namespace askr {

class neighbours {
 public:
  neighbours(const node_options& options, const node_id& self, peer_table& peers, const full_view& view, rng& random);

  void start(time_point now, const std::vector<std::string>& own_endpoints);

  void set_own_endpoints(const std::vector<std::string>& endpoints);

  void on_linked(time_point now, const node_id& peer, mesh::dial_id dial);
  void on_unlinked(time_point now, const node_id& peer);
  /// The link shall be replaced by a new one: it is dialled though it is there.
  void renew(time_point now, const node_id& peer);
  void on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self);
  /// Wanted, or welcome because this node has hardly any links yet.
  bool seeks(const node_id& node) const;
  /// Somebody said where this node may be reached.
  void on_heard_of(time_point now, const node_id& node, const std::vector<std::string>& endpoints);
  /// The view says something new about this node.
  void on_changed(time_point now, const node_id& node);
  /// The peer says whether it wants its link.
  void on_wanted(peer& from, bool wanted);
  /// This node's own messages go to or come from `far`, however they travel.
  void on_message(time_point now, const node_id& far) { topology_.on_message(now, far); }

  /// True if it was decided anew which links are wanted.
  bool end_turn(time_point now);
  void on_timeout(time_point now) { dialer_.on_timeout(now); }
  time_point next_timeout() const noexcept;

  std::vector<mesh::dial_request> take_dials() { return dialer_.take_requests(); }
  /// Links that neither end wants.
  std::vector<link_id> take_unwanted() { return std::exchange(unwanted_, {}); }
  mesh::dialer& dialer() noexcept { return dialer_; }
  std::vector<mesh::dialer::status> candidates() const { return dialer_.statuses(); }
  /// More nodes than a full mesh should have: only some are linked.
  bool ring() const noexcept { return topology_.ring(); }

 private:
  void plan(time_point now);
  void follow(time_point now, std::vector<node_id> wanted);
  void remember(time_point now, const node_id& node);
  bool wants(const node_id& node) const;
  bool would_want(const node_id& node) const;
  void tell_peers();

  node_id self_;
  peer_table& peers_;
  const full_view& view_;
  mesh::topology topology_;
  mesh::dialer dialer_;
  std::vector<std::string> seeds_;
  std::vector<node_id> wanted_;  ///< Of the last plan, sorted.
  std::vector<link_id> unwanted_;
  bool replan_ = false;
  std::uint64_t planned_for_ = 0;  ///< What the view's up_changes() was.
};

}  // namespace askr
