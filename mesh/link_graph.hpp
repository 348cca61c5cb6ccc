// SPDX-License-Identifier: MIT
#pragma once

/// Links that count, in the form that path searches want: the edges of each node in one run, all runs in one block. A
/// link that comes, goes or gets another cost changes two runs; a run that is full moves to the end of the block, and
/// what is left behind is squeezed out when the block is full.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace askr::mesh {

/// A node's place in the tables of a link_view; stable while the node is known.
using node_slot = std::uint32_t;
inline constexpr node_slot no_slot = std::numeric_limits<node_slot>::max();

/// A link as it counts now.
struct link_change {
  node_slot a = no_slot;
  node_slot b = no_slot;
  std::uint32_t cost_us = 0;  ///< 0: it is no more.
};

class link_graph {
 public:
  struct edge {
    node_slot to = no_slot;
    std::uint32_t cost_us = 0;
  };

  /// Of all changes so far, the number of those that are in it. Its view counts them.
  std::uint64_t changes = 0;

  /// In no order.
  std::span<const edge> of(node_slot slot) const noexcept {
    const auto& run = runs_[slot];
    return {edges_.data() + run.first, run.size};
  }
  /// A hint that of(slot) will be read soon.
  void prefetch(node_slot slot) const noexcept {
    constexpr std::size_t edges_per_line = 64 / sizeof(edge);
    const auto links = of(slot);
    for (std::size_t i = 0; i < links.size(); i += edges_per_line) __builtin_prefetch(links.data() + i);
  }
  std::size_t slots() const noexcept { return runs_.size(); }
  std::size_t bytes() const noexcept { return runs_.capacity() * sizeof(run) + edges_.capacity() * sizeof(edge); }

  void clear() noexcept;
  /// The next slot gets a run, which push() fills.
  void begin_run() { runs_.push_back({static_cast<std::uint32_t>(edges_.size()), 0, 0}); }
  void push(edge next);
  /// New slots have no edges.
  void grow(std::size_t slots);
  /// In both directions.
  void apply(const link_change& change);

 private:
  struct run {
    std::uint32_t first = 0;
    std::uint32_t size = 0;
    std::uint32_t room = 0;
  };

  void set(node_slot from, edge to);
  void erase(node_slot from, node_slot to) noexcept;
  void make_room(run& which);
  void squeeze(std::size_t wanted);

  std::vector<run> runs_;
  std::vector<edge> edges_;
  std::size_t unused_ = 0;  ///< Edges in no run's room.
};

}  // namespace askr::mesh
