// SPDX-License-Identifier: MIT
#pragma once

/// The full view: the newest signed record of every node, which of them are up, and what is remembered of those that
/// are lost. Everything that comes in is judged here: sizes and versions first, then the signature, then the entries,
/// so that a forged record costs the same however long it is. Who gets which record is record_exchange's affair.

#include "mesh/record_memo.hpp"
#include "mesh/record_proof.hpp"
#include "mesh/signed_record.hpp"
#include "mesh/view_digest.hpp"

#include <askr/error.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace askr::mesh {

struct view_options {
  record_limits record;
  std::size_t owners_max = 16'384;
  std::size_t unreached_max = 4'096;  ///< Records of nodes that are not up; the one that is so for longest goes first.
  milliseconds unreached_kept = seconds(30);
  std::size_t lost_max = 1'024;
  std::chrono::hours lost_kept{24};
};

enum class intake : std::uint8_t {
  merged,      ///< It is the newest now.
  known,       ///< Nothing new: a duplicate, or older than what is known.
  incomplete,  ///< Newer, but not to be told without the whole record: ask for it.
  newer_self,  ///< Signed with this node's own keys, and newer than what it said itself: its identity runs twice.
  outlived,    ///< The life that was known here is behind one that is over: its owner must begin a higher one.
};

struct record_intake {
  intake what = intake::known;
  signed_record_ptr record = {};    ///< If merged: the new one.
  signed_record_ptr previous = {};  ///< If merged: the one before, null if there was none.
};

/// What stays of a node that is gone: enough to dial it again, and not to be told old news about it.
struct lost_node {
  record_header last;  ///< Proves to its owner, if that comes back with its clock behind, what it has to exceed.
  std::vector<std::string> endpoints;
  time_point since;

  const node_id& id() const noexcept { return last.id; }
  /// So that it is old news.
  bool is_later_than(const record_stamp& stamp) const noexcept {
    return std::tie(stamp.life, stamp.version) < std::tie(last.stamp.life, last.stamp.version);
  }
};

class record_view {
 public:
  /// Small: of 10,000 nodes each has 10,000 of them.
  struct row {
    signed_record_ptr record;
    bool up = false;
    bool admitted = false;  ///< The owner of this life may say more than where its links lead.

    const node_id& id() const noexcept { return record->id(); }
  };

  /// `verifier` and `memo` must outlive this.
  record_view(const node_id& self, const record_verifier& verifier, record_memo& memo,
              const view_options& options = {});

  /// This node's own new record: always up.
  void publish(time_point now, signed_record_ptr record);
  /// A record from a link. New nodes are not up until the owner says so. Fails with
  /// - errc::bad_message: the id is not the keys', entries are malformed or not those that were signed,
  /// - errc::unauthenticated: the signature is wrong,
  /// - errc::too_large: above a limit of record_limits, or errc::overloaded: too many owners.
  /// But for overloaded, no honest node sends such a thing: the link is to be closed.
  result<record_intake> accept(time_point now, const record_delta& delta);

  /// A path leads to it, or not any more. False if it is not known, or this changes nothing.
  bool set_up(time_point now, const node_id& id, bool up);
  /// Whether its owner counts, as this node's authenticator judged it. New lives are not admitted.
  void set_admitted(const node_id& id, bool admitted) noexcept;
  bool is_admitted(const node_id& id) const noexcept;
  /// It is lost: its record goes, a few words are remembered.
  void lose(time_point now, const node_id& id);

  /// Null if unknown.
  signed_record_ptr find(const node_id& id) const noexcept;
  /// The same, valid until the next change.
  const signed_record* peek(const node_id& id) const noexcept;
  bool is_up(const node_id& id) const noexcept;
  /// Sorted by id.
  std::span<const row> rows() const noexcept { return rows_; }
  /// Those whose id begins with this byte.
  std::span<const row> bucket(std::uint8_t first_byte) const noexcept;
  std::size_t up_count() const noexcept { return up_count_; }
  /// Grows when a node comes up or goes down.
  std::uint64_t up_version() const noexcept { return up_version_; }
  /// The next and the previous node that is up on the ring of ids; `id` itself if there is no other.
  std::pair<node_id, node_id> ring_neighbours(const node_id& id) const noexcept;
  const view_digest& digest() const noexcept { return digest_; }
  /// Oldest first.
  const std::deque<lost_node>& lost() const noexcept { return lost_; }
  const lost_node* find_lost(const node_id& id) const noexcept;
  const node_id& self() const noexcept { return self_; }

  /// Nodes whose records went since the last call.
  std::vector<node_id> take_erased() { return std::exchange(erased_, {}); }
  /// Records that are known to be good, of nodes that are up and admitted: for simulations that start converged. Sorted
  /// by id; there may be only this node's own before.
  void preload(std::span<const signed_record_ptr> records);

  /// Forgets what was not reached, or lost, for too long.
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

 private:
  using row_place = std::vector<row>::iterator;

  row_place place_of(const node_id& id) noexcept;
  const row* find_row(const node_id& id) const noexcept;
  /// The record that `delta` makes of `base` (null: of nothing).
  result<signed_record_ptr> verified(const record_delta& delta, const signed_record* base,
                                     const owner_keys& keys) const;
  bool can_follow(const record_delta& delta, const signed_record* current) const noexcept;
  bool is_old(const record_delta& delta, const signed_record* current) const noexcept;
  result<record_intake> accept_own(const record_delta& delta) const;
  bool is_obituary(const record_delta& delta) const;
  result<record_intake> accept_obituary(time_point now, const record_delta& delta);
  signed_record_ptr install(time_point now, signed_record_ptr record, bool up);
  void mark_unreached(time_point now, const node_id& id);
  void reached(const node_id& id);
  void forget_lost(const node_id& id);
  void remember_lost(lost_node gone);
  void erase(const node_id& id);

  node_id self_;
  const record_verifier& verifier_;
  record_memo& memo_;
  view_options options_;
  std::vector<row> rows_;  ///< Sorted: small, and a bucket is a run.
  std::size_t up_count_ = 0;
  std::uint64_t up_version_ = 1;
  view_digest digest_;
  std::map<node_id, time_point> unreached_;  ///< Since when.
  std::set<std::pair<time_point, node_id>> unreached_by_age_;
  std::deque<lost_node> lost_;
  std::vector<node_id> erased_;
};

}  // namespace askr::mesh
