// SPDX-License-Identifier: MIT
#pragma once

/// What the other nodes listen to, as their records say and their rights allow, and what this node owes them for it: to
/// say that it knows ("interest applied"), and what it had to leave out. No I/O.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/slot_map.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "mesh/event_history.hpp"
#include "transport/event_codec.hpp"

#include <askr/node_id.hpp>
#include <askr/permissions.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr {

/// Stands for a set of topics and patterns: the sum of their hashes, FNV-1a of 64 bits.
std::uint64_t interest_digest(const std::vector<std::string>& topics) noexcept;

struct interested_node {
  std::uint32_t slot = 0;
  node_id node;
  incarnation life = 0;
  std::uint64_t digest = ~std::uint64_t{0};  ///< Of all that its record names,
  std::vector<std::string> topics;           ///< and what of it the node may listen to; sorted.
  /// Where matching topics stood when we applied it, which is told again over a new way; all others begin at 1.
  std::vector<std::pair<std::string, mesh::event_sequence>> begins;
  bool is_counted = false;        ///< `begins` is known.
  bool is_told = false;           ///< That we know it, or there is nothing to tell:
  bool is_quiet = false;          ///< nothing that we ever emitted matches, and it does not have to know, for
  bool asking = false;            ///< it does not ask, and no link leads there. Its first event ends that for good.
  bool wants_heads = false;       ///< It may have lost the tail of something.
  bool is_owed = false;           ///< Something of that, and so it is in the list of those.
  link_id way = no_link;          ///< The first link towards it,
  std::uint64_t way_version = 0;  ///< as of this version of all links.
  struct skip {
    std::string topic;
    mesh::sequence_range events;
  };
  std::vector<skip> skipped;  ///< Not sent, because its link was full.

  std::vector<transport::topic_head> views_of_begins() const {
    std::vector<transport::topic_head> views;
    for (const auto& [topic, next] : begins) views.push_back({topic, next});
    return views;
  }
};

class event_interest {
 public:
  /// `table` gets a row for each pattern of each node.
  explicit event_interest(subscriptions& table) : table_(table) {}

  /// What a node's record names, of which it hears what `rights` allow. Does nothing if it is no news. A node that
  /// listens to nothing has no row.
  void set(const node_id& node, incarnation life, const std::vector<std::string>& topics, bool asking,
           const permissions& rights);
  void erase(const node_id& node);
  /// Nodes that are no more since the last call.
  std::vector<node_id> take_gone() { return std::exchange(gone_, {}); }
  interested_node* find(const node_id& node) noexcept;
  interested_node* at(std::uint32_t slot) noexcept { return rows_.find(slot); }

  /// A quiet one has to know now after all.
  void note_untold(interested_node& to);
  /// An event that its link did not take.
  void note_skipped(interested_node& to, std::string_view topic, mesh::event_sequence sequence);
  /// A new way leads to it: what was sent over the old one may be lost.
  void note_new_way(const node_id& node);

  template <class Visit>
  void for_each(Visit visit) {
    rows_.for_each(visit);
  }
  /// It is to be told something now.
  void note_owed(interested_node& to);
  /// True while some node has to be told something; the owner says what, as soon as it can, and clears it.
  bool owes() const noexcept { return !owed_.empty(); }
  /// In an order that hangs on nothing but who there is. What is still owed to one afterwards stays so.
  template <class Visit>
  void for_each_owed(Visit visit) {
    auto due = std::exchange(owed_, {});
    std::sort(due.begin(), due.end());
    for (const auto slot : due) {
      auto* row = at(slot);
      if (row == nullptr) continue;
      row->is_owed = false;
      if (owes_to(*row)) visit(*row);
      if (owes_to(*row)) note_owed(*row);
    }
  }

 private:
  interested_node& add(const node_id& node);
  void remove(const node_id& node);
  static bool owes_to(const interested_node& which) noexcept {
    return !which.is_told || which.wants_heads || !which.skipped.empty();
  }

  subscriptions& table_;
  slot_map<interested_node> rows_;
  std::unordered_map<node_id, std::uint32_t> slots_;
  std::vector<node_id> gone_;
  std::vector<std::uint32_t> owed_;  ///< Slots; the rows of some may be gone by now.
};

}  // namespace askr
