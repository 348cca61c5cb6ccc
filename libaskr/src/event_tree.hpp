// SPDX-License-Identifier: MIT
#pragma once

/// Which links an event leaves by: those that lead, in the tree of shortest paths of its origin, to a node that wants
/// it; one copy each. The small form goes to the origin's own neighbours, the relayed form beyond. What is relayed is
/// remembered for a while, so that a disagreement about the tree makes no loop. (mesh/routes.hpp)

#include "libaskr/src/event_interest.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "mesh/routes.hpp"

#include <askr/event.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace askr {

class event_tree {
 public:
  struct branch {
    link_id link = no_link;
    bool is_leaf = false;  ///< Of those in question nobody lies behind the node at its end.
  };

  event_tree(const node_id& self, peer_table& peers, event_interest& interest) noexcept
      : self_(self), peers_(peers), interest_(interest) {}

  /// The first link towards a node that wants this node's own events; no_link if no path leads there.
  link_id way_to(time_point now, mesh::routes& paths, interested_node& to);
  /// Whether some node lies behind this one in the tree of that origin.
  bool has_children(time_point now, mesh::routes& paths, const node_id& origin);
  /// The links by which another node's event goes on to those in `matched`; valid until the next call.
  const std::vector<branch>& branches_for(time_point now, mesh::routes& paths, const std::vector<subscriber>& matched,
                                          const node_id& origin, link_id came_by);
  /// False if it was passed on before.
  bool is_new(const event& what);

 private:
  static constexpr std::size_t remembered = 8192;

  const node_id& self_;
  peer_table& peers_;
  event_interest& interest_;
  struct leaf {
    std::uint64_t version = 0;
    bool has_children = false;
  };
  std::unordered_map<node_id, leaf> leaves_;
  std::vector<std::uint64_t> passed_on_;  ///< Hashes of events, by their low bits.
  std::vector<branch> branches_;
};

}  // namespace askr
