// SPDX-License-Identifier: MIT
#pragma once

/// Which way a message goes: shortest paths over the links that count (link_view), computed when somebody asks and
/// kept until the view changes. A link costs the larger RTT its ends report plus 1 ms, in whole microseconds, and ties
/// go to fewer hops, then to the lower id; so all nodes with equal views compute equal paths and equal trees.
///
/// Commands are routed hop by hop. Each relay takes the cheapest path that fits into the hops the message has left, so
/// what remains to be paid falls with every hop and there is no loop, even where the cheapest path of all is too long.
/// Events follow the tree of shortest paths of their origin: each node knows its children in it, and sends one copy to
/// each. In it, the origin's own links lead to their ends whatever they cost: were one that is busy left for a way that
/// is nearer for the moment, events would overtake those that are under way.

#include "mesh/link_view.hpp"
#include "mesh/radix_heap.hpp"

#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace askr::mesh {

/// Links on a path: a message that has crossed so many is dropped.
inline constexpr std::uint8_t hops_max = 8;

struct route {
  node_id next_hop;  ///< A neighbour: the destination itself if `hops` is 1.
  std::uint8_t hops = 0;
  microseconds cost{};  ///< RTTs plus 1 ms per hop.
};

/// This node's place in the tree of one origin.
class source_tree {
 public:
  /// Where copies go: neighbours that get the origin's events from this node. Sorted.
  std::span<const node_id> children() const noexcept { return children_; }
  /// Through which child `node` gets them; null if not through this node.
  const node_id* child_towards(const node_id& node) const noexcept;

 private:
  friend class routes;
  std::vector<node_id> children_;
  std::vector<std::pair<node_id, std::uint16_t>> below_;  ///< Sorted: who is reached through which child.
};

struct routes_options {
  std::size_t trees_max = 256;  ///< Origins whose trees are kept; the least recently used goes first.
  /// In a large mesh links of others change all the time. So that the work does not grow with the square of its size,
  /// what was computed is used for a millisecond per node that is up, from this number of nodes on. A link of
  /// this node's own is never used when it is gone, and whoever passes a message on decides anew.
  std::size_t large = 65;
};

class routes {
 public:
  /// `links` must outlive this.
  explicit routes(const link_view& links, const routes_options& options = {});

  /// The cheapest path of at most `hops_left` links. Nothing if there is none, or if `destination` is this node.
  std::optional<route> to(time_point now, const node_id& destination, std::uint8_t hops_left = hops_max);
  /// All nodes of that path, from the first relay to the destination; empty if there is none.
  std::vector<node_id> path_to(time_point now, const node_id& destination, std::uint8_t hops_left = hops_max);

  /// Valid until the links change or another tree is asked for. Nodes more than 8 hops from the origin are not in it;
  /// if shortest paths are that long, the tree is that of fewest hops.
  const source_tree& tree_from(time_point now, const node_id& origin);
  /// The version of the links that the calls above use now.
  std::uint64_t update(time_point now);
  /// A path that was given turned out not to be one: the next is computed from the links as they are.
  void doubt() noexcept { version_ = 0; }

 private:
  using cost = std::uint64_t;
  static constexpr cost unreached = ~cost{0};

  /// How a node is reached best.
  struct place {
    cost total = unreached;
    std::uint64_t tie = ~std::uint64_t{0};  ///< Hops, then the parent's rank: of two that cost the same the lower wins.

    auto operator<=>(const place&) const noexcept = default;
    std::uint32_t hops() const noexcept { return static_cast<std::uint32_t>(tie >> 32U); }
    std::uint32_t parent() const noexcept { return static_cast<std::uint32_t>(tie); }
  };
  using table = std::vector<place>;

  struct path {
    std::array<node_slot, hops_max> nodes{};  ///< From the first relay to the destination.
    std::uint8_t hops = 0;                    ///< 0: there is none.
    cost total = 0;
  };
  struct kept_tree {
    source_tree tree;
    std::uint64_t used = 0;
  };

  void refresh();
  bool may_be_used(time_point now) const noexcept;
  struct rules {
    cost hop_penalty = 0;  ///< Added to every link.
    bool keeps_own_links = false;
  };
  /// Fills `out` for all destinations.
  void search(node_slot from, rules how, table& out) const;
  void relax(node_slot from, rules how, table& out, radix_heap<node_slot>& reached) const;
  place reached_by(node_slot parent, const place& there, cost more) const noexcept;
  node_slot parent_of(const place& which) const noexcept { return by_rank_[which.parent()]; }
  void rank_ids();
  void layer();
  path find(time_point now, const node_id& destination, std::uint8_t hops_left);
  void grow(node_slot origin, source_tree& tree);
  /// The child of this node through which a tree reaches `node`; no_slot: not through this node.
  node_slot child_above(const table& from_origin, node_slot node) const noexcept;
  void make_room();

  const link_view& links_;
  routes_options options_;
  time_point computed_;
  std::uint64_t version_ = 0;  ///< Of the links that everything below was computed from.
  link_graph graph_;
  table own_;  ///< From this node; empty: not asked for yet.
  std::array<table, hops_max + 1>
      layers_;                        ///< Cheapest within n hops; made only where the cheapest of all is too long.
  std::vector<std::uint32_t> ranks_;  ///< By slot: its place among all ids,
  std::vector<node_slot> by_rank_;    ///< and back.
  std::map<node_id, kept_tree> trees_;
  std::uint64_t uses_ = 0;
};

}  // namespace askr::mesh
