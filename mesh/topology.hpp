// SPDX-License-Identifier: MIT
#pragma once

/// Which links this node wants. In a small mesh: one to every node. In a large one: to its fingers, the nodes that own
/// the points half, a quarter, an eighth ... of the way around the ring of ids, to the next two nodes on the ring, and,
/// while a lot is said, straight to those it talks with. All know the full view, so nothing needs to be negotiated:
/// each end says whether it wants the link, and a link lives while either does, and a while longer. No I/O: the owner
/// dials and closes. (After Chord: Stoica et al., SIGCOMM 2001, section 4.3.)

#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace askr::mesh {

struct topology_options {
  std::size_t full_mesh_max = 64;      ///< Nodes in the mesh; with more of them the ring begins,
  std::size_t full_mesh_again = 48;    ///< and below this it ends. The distance keeps it from switching back and forth.
  std::size_t links_max = 128;         ///< Wanted in ring mode; what is above and not wanted may close at once.
  std::size_t successors = 2;          ///< The next nodes on the ring: they alone keep it connected.
  std::size_t choices = 4;             ///< Nodes at or after a finger's point that may stand in for one another.
  milliseconds keep = seconds(30);     ///< A link that neither end wants stays so long.
  std::uint32_t direct_messages = 50;  ///< With one far node within a second: worth a link of its own. 0 = never.
  milliseconds direct_keep = seconds(30);  ///< Since the last such second.
  std::size_t direct_max = 32;             ///< Such links, and
  std::size_t talkers_max = 1024;          ///< nodes whose messages are counted for it.
};

/// What the mesh looks like now. All sorted.
struct topology_view {
  std::span<const node_id> up;           ///< Nodes that are up, with or without this one.
  std::span<const node_id> linked;       ///< Direct peers,
  std::span<const node_id> wanted_here;  ///< those of them that say they want the link, and
  std::span<const node_id> failed;       ///< nodes that could not be linked lately.
};

struct topology_plan {
  std::vector<node_id> wanted;     ///< Sorted. Dial those that are not linked; tell those that are. Never this node.
  std::vector<node_id> may_close;  ///< Linked, and wanted by neither end for `keep`. Sorted.
};

class topology {
 public:
  topology(const topology_options& options, const node_id& self);

  /// A message of this node's own was sent to, or came from, `far`, however it travelled. O(1).
  void on_message(time_point now, const node_id& far);
  /// To be called when anything in the view changed, and at next_timeout().
  topology_plan plan(time_point now, const topology_view& view);
  /// In ring mode: whether `node`, which is not up, would be wanted if it were. `up` is sorted.
  bool would_want(std::vector<node_id> up, const node_id& node) const;
  /// When a link may close or a direct one is no longer wanted; of the last plan.
  time_point next_timeout() const noexcept { return next_timeout_; }

  bool ring() const noexcept { return ring_; }

 private:
  struct talker {
    time_point second;  ///< Begin of the second that is being counted.
    std::uint32_t messages = 0;
    time_point wanted_until = time_point::min();
  };

  void choose_mode(std::size_t nodes);
  void want_ring(const topology_view& view, std::vector<node_id>& wanted) const;
  void want_one_of(const topology_view& view, std::size_t at, std::size_t count, std::vector<node_id>& wanted) const;
  void want_direct(time_point now, const topology_view& view, std::vector<node_id>& wanted);
  std::vector<node_id> unwanted(time_point now, const topology_view& view, const std::vector<node_id>& wanted);
  void forget_quiet(time_point now);

  topology_options options_;
  node_id self_;
  bool ring_ = false;
  std::unordered_map<node_id, talker> talkers_;
  std::map<node_id, time_point> unwanted_since_;  ///< Linked peers only.
  time_point next_timeout_ = time_point::max();
};

/// The point 2^128 / 2^k beyond `id` on the ring; ids are big-endian numbers. `k` is 1 to 64.
node_id finger_point(const node_id& id, unsigned k) noexcept;

}  // namespace askr::mesh
