// SPDX-License-Identifier: MIT
#pragma once

/// The links of the whole mesh as their two ends report them, and who can be reached over them. A link counts only when
/// both ends report it, each naming the life of the other; a node is up while a path of such links leads to it. So no
/// single accuser can declare a node dead, and no single liar can invent a link.
///
/// Reachability is kept by a tree of parents rooted at this node: a change that leaves the tree alone costs nothing, a
/// lost tree edge costs a look at the neighbours, and only when these do not help is the whole mesh walked (O(links)).
/// Reports are shared with the records they came in, and nothing else is kept per link: with 10,000 nodes this is 1 MB,
/// and 2 MB more where paths are looked for, in the link_graph that these need.

#include "mesh/link_graph.hpp"
#include "mesh/record_schema.hpp"

#include <askr/node_id.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace askr::mesh {

/// Added to each link's RTT, so that fewer hops win on a fast LAN.
inline constexpr std::uint32_t hop_cost_us = 1000;

class link_view {
 public:
  explicit link_view(const node_id& self);

  /// What a node reports now, in place of what it reported before. False, and nothing changes, if the reports are not
  /// strictly ascending or name the node itself.
  bool set(const node_id& id, incarnation life, link_reports links);
  void reserve(std::size_t nodes) { rows_.reserve(nodes); }
  /// The node's record is gone.
  void erase(const node_id& id);

  /// A path leads to it. This node itself is always up.
  bool is_up(const node_id& id) const noexcept;
  std::size_t up_count() const noexcept { return up_count_; }
  /// All that are up, this node included, sorted; valid until the next change.
  std::span<const node_id> up() const;
  /// Nodes that went up or down since the last call, each at least once; is_up() tells which. Take them every turn.
  std::vector<node_id> take_changed() { return std::exchange(changed_, {}); }

  /// Grows whenever a link, its cost, or a node came or went; everything computed from the links hangs on it.
  std::uint64_t version() const noexcept { return version_; }
  /// The version of the last change of this node's own links, or of what slots stand for: nothing that was computed
  /// before it may be used any more, while other changes only make it a little worse.
  std::uint64_t vital_version() const noexcept { return vital_version_; }

  /// Grows whenever a link that counted is gone.
  std::uint64_t losses() const noexcept { return losses_; }

  node_slot self_slot() const noexcept { return 0; }
  node_slot slot_of(const node_id& id) const noexcept;
  const node_id& id_of(node_slot slot) const noexcept { return rows_[slot].id; }
  /// One more than the highest slot in use.
  std::size_t slots() const noexcept { return rows_.size(); }
  /// Brings a graph up to what the links are now: by what has changed since the last call, so that it costs hardly
  /// anything; O(links) if that was for another graph, or for none, or too long ago.
  void update(link_graph& graph) const;

 private:
  struct row {
    node_id id;
    incarnation life = 0;
    link_reports links;
    node_slot parent = no_slot;  ///< Next node on some path to this one; no_slot: down. The root is its own parent.
  };

  /// As one end reports it.
  struct half_link {
    node_slot to = no_slot;
    std::uint8_t rtt_step = 0;
  };
  using edges = std::vector<link_graph::edge>;

  void build(link_graph& into) const;
  void resolve(const row& from, std::vector<half_link>& into) const;

  /// The link as it counts, if it does.
  std::optional<link_graph::edge> edge_of(const row& from, const link_list::value_type& reported) const;
  /// Those of `mine` that count and are not the same in `others`.
  void collect_differing(node_slot slot, const link_list& mine, const link_list& others, edges& into) const;
  /// The links of a node that count.
  void collect(node_slot slot, edges& into) const;
  void replace(node_slot slot, incarnation life, link_reports links);
  void note_changes(node_slot slot, const edges& before, const edges& after);
  /// `before` and `after`: its links that count, as far as they differ.
  void find_orphans(node_slot slot, const edges& before, const edges& after);
  void rehang_orphans();
  bool hang(node_slot orphan);
  bool leads_home(node_slot slot) const noexcept;
  void walk_all();
  void raise_around(node_slot slot);
  void change_parent(node_slot slot, node_slot parent);

  node_slot add(const node_id& id);
  std::size_t place_of(const node_id& id) const noexcept;
  void insert_into_index(node_slot slot);
  void erase_from_index(const node_id& id);
  std::size_t home_of(node_slot slot) const noexcept;

  std::vector<row> rows_;
  std::vector<node_slot> free_;
  std::vector<node_slot> index_;  ///< Open addressing by the id, which is a hash already; a power of two, half empty.
  std::size_t up_count_ = 1;
  std::uint64_t version_ = 1;
  std::uint64_t vital_version_ = 1;
  std::uint64_t losses_ = 0;
  std::vector<node_id> changed_;
  std::vector<node_slot> orphans_;  ///< Lost their parent in the change that is being made.
  /// The newest, since a graph was last updated. None are kept before the first time, or once making the graph anew
  /// costs less: most nodes of a large mesh look for no path for long.
  mutable std::vector<link_change> changes_;
  mutable std::uint64_t changes_forgotten_ = 1;
  mutable bool graph_in_use_ = false;
  mutable std::vector<node_id> up_;
  mutable bool up_valid_ = false;
};

}  // namespace askr::mesh
