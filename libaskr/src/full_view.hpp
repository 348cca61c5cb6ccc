// SPDX-License-Identifier: MIT
#pragma once

/// The full view: every node's newest signed record, who of them can be reached, and the directory of those that count.
/// Records come in over links and are judged, passed on and repaired (mesh/record_exchange); a node is up while a path
/// of links that both ends report leads to it (mesh/link_view), and lost once none has for a settle time. Only owners
/// whom this node's own authenticator admits get into the directory; the others count for routing alone.

#include "libaskr/src/core_keys.hpp"
#include "libaskr/src/peer_table.hpp"
#include "mesh/directory.hpp"
#include "mesh/link_view.hpp"
#include "mesh/record_exchange.hpp"
#include "mesh/record_publisher.hpp"
#include "mesh/record_view.hpp"
#include "transport/record_delta_codec.hpp"

#include <askr/authenticator.hpp>
#include <askr/counters.hpp>
#include <askr/options.hpp>

#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace askr {

/// An owner of a record whom the authenticator has to judge; the answer comes back by on_owner_verdict().
struct record_owner_claim {
  incarnation life = 0;
  peer_credential shown;
};

/// How hurried a mesh is.
struct view_pace {
  duration settle;      ///< So long a node that cannot be reached is still thought to be up.
  duration company{0};  ///< So long the news of others may wait for more of them before they go on.
};

class full_view {
 public:
  full_view(const node_id& self, const core_keys& keys, peer_table& peers, mesh::directory& directory,
            counters& counts);

  // Links of this node whose peers were admitted.
  void on_link_up(time_point now, const peer& to);
  void on_link_down(link_id link);
  /// A later one of it is known, or was lost.
  bool is_outdated(const node_id& id, incarnation life) const noexcept;
  /// Proves to the other end that its life is over: by a newer record of the same identity, or by its obituary.
  void send_record(peer& to, const node_id& of);

  /// This node's own links: paths begin with them as they are, whenever others are told.
  void set_own_links(incarnation life, mesh::link_reports links) { links_.set(view_.self(), life, std::move(links)); }
  /// This node's own news, told to all links.
  void publish(time_point now, const mesh::publication& news);

  // What peers say. Failing means that the link is to be closed.
  result<void> on_delta(time_point now, link_id from, const transport::record_delta_message& message);
  void on_summary(link_id from, const transport::view_summary_message& message);
  void on_rows(time_point now, link_id from, const transport::view_rows_message& message);
  void on_pull(link_id from, const transport::id_list& message);
  void on_heard_root(time_point now, link_id from, const mesh::digest& root);

  void on_owner_verdict(const node_id& id, incarnation life, result<principal> verdict);
  /// All owners are to be judged anew.
  void claim_all();
  /// What a node shows in its record of this life; nothing: there is none.
  std::optional<byte_buffer> credential_of(const node_id& id, incarnation life) const;
  /// Admissions of owners that have ended by this wall time; returns when the next one does (0: none).
  wall_ms end_expired(wall_ms wall);
  /// Owners that were admitted and are no longer, and why, since the last call.
  std::vector<std::pair<node_id, error>> take_dismissed() { return std::exchange(dismissed_, {}); }
  std::vector<record_owner_claim> take_claims() { return std::exchange(claims_, {}); }

  void end_turn(time_point now, const view_pace& pace);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

  /// Nodes that were found, lost, or said something new about themselves since the last call, with repetitions.
  std::vector<node_id> take_changed() { return std::exchange(changed_, {}); }
  /// A record of this very identity that is newer than its own: it runs twice.
  struct newer_self {
    incarnation life = 0;
    bool over = false;  ///< It is lost, says who remembers it.
  };
  std::optional<newer_self> take_newer_self() { return std::exchange(newer_self_, std::nullopt); }
  /// Nodes whose life turned out to be behind one that is over.
  std::vector<node_id> take_outlived() { return std::exchange(outlived_, {}); }

  bool is_up(const node_id& id) const noexcept { return view_.is_up(id); }
  /// In this life.
  bool is_up(const node_id& id, incarnation life) const noexcept {
    return is_up(id) && view_.peek(id)->stamp().life == life;
  }
  /// Grows when nodes come up or go down, as up() tells it.
  std::uint64_t up_changes() const noexcept { return up_changes_; }
  /// Those that are up, this node included, sorted.
  std::span<const node_id> up() const { return links_.up(); }
  /// Null if there is none.
  mesh::signed_record_ptr find(const node_id& id) const noexcept { return view_.find(id); }
  /// Its owner is not admitted, and may soon be.
  bool is_judging(const node_id& id) const noexcept { return judging_.count(id) != 0 && !view_.is_admitted(id); }
  /// What an admitted owner may do.
  std::optional<principal> admitted(const node_id& id) const;
  /// Null: it is not admitted. Valid until the next verdict.
  const permissions* rights_of(const node_id& id) const noexcept;
  mesh::digest root() const noexcept { return view_.digest().root(); }
  const mesh::record_view& records() const noexcept { return view_; }
  const mesh::link_view& links() const noexcept { return links_; }
  /// Peers whose view has differed from this one for long.
  std::vector<node_id> disagreeing(time_point now) const { return exchange_.disagreeing(now); }
  /// Takes records of nodes that are up and plain members: for a simulation that starts converged. Sorted by id.
  void preload(std::span<const mesh::signed_record_ptr> records);

 private:
  void send(const mesh::exchange_message& message);
  void append(peer& to, byte_span body);
  void pass_on(time_point now, const std::vector<mesh::link_number>& links);
  void send_waiting();
  void on_merged(time_point now, const mesh::record_intake& taken);
  void claim(const mesh::signed_record& record);
  void dismiss(const node_id& id, const error& why);
  void show(const node_id& id);
  mesh::record_ptr allowed(const mesh::signed_record& record) const;
  void follow_links(time_point now, duration settle);
  bool has_left(const node_id& id) const;
  void set_up(time_point now, const node_id& id, bool up);
  void believe(time_point now, const mesh::signed_record& record);
  void believe_confirmed(time_point now);
  void forget_unseen(time_point now);
  void forget_erased();

  peer_table& peers_;
  mesh::directory& directory_;
  counters& counts_;
  mesh::record_view view_;
  mesh::record_exchange exchange_;
  mesh::link_view links_;
  view_pace pace_{};              ///< Of the last turn.
  std::vector<link_id> waiting_;  ///< Links with news that wait for company, until
  time_point waiting_due_ = time_point::max();
  std::uint64_t up_changes_ = 0;
  std::map<node_id, time_point> unreachable_;       ///< Up until then, unless a path is found again.
  std::unordered_map<node_id, time_point> unseen_;  ///< Their links count until then, unless a path is found.
  time_point unseen_check_ = time_point::max();
  std::unordered_map<node_id, principal> principals_;  ///< Of admitted owners that are no plain members.
  std::unordered_set<node_id> judging_;                ///< Owners of whom a verdict is due.
  std::vector<record_owner_claim> claims_;
  std::vector<node_id> changed_;
  std::vector<std::pair<node_id, error>> dismissed_;
  std::optional<newer_self> newer_self_;
  std::vector<node_id> outlived_;
  byte_buffer body_;
};

}  // namespace askr
