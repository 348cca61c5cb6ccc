// SPDX-License-Identifier: MIT
#pragma once

/// Who gets which record. Three ways bring all views together:
/// - flood: a delta goes on at once to those peers whom this node feeds (feeders.hpp), but for those who get it anyway:
///   it came from there, or they are linked with the owner, or fed by who sent it;
/// - offers: of a node that comes up, or a record that was fetched whole, only the version is told, to the same; who
///   lacks it pulls it, from one link;
/// - repair, when a link comes up and when digests go on differing: 256 bucket digests, then the rows of those buckets
///   that differ, then what is newer on either side is pulled. The cost follows the difference, not the size.
/// Rows that are not up are never offered, so nobody hears of the dead again. docs/protocol.md, "Signed node records".

#include "mesh/feeders.hpp"
#include "mesh/record_view.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace askr::mesh {

/// The owner's number of a link; its order is the order of what is sent.
using link_number = std::uint64_t;

struct view_summary {
  digest root{};
  bucket_digests buckets{};
};
/// Rows that the sender has. In the buckets marked complete it has no others.
struct view_rows {
  std::bitset<256> complete;
  std::vector<record_row> rows;
};
struct record_pull {
  std::vector<node_id> ids;
};

/// A record pointer is to be sent whole, a header as an obituary.
struct exchange_message {
  link_number to = 0;
  std::variant<view_summary, view_rows, record_pull, signed_record_ptr, record_header> what;
};

struct exchange_options {
  std::size_t rows_per_message_max = 1'024;
  std::size_t pulls_per_link_max = 1'024;       ///< Unanswered at once, so that the answers fit the other end's outbox.
  std::size_t small_view_max = 64;              ///< Up to so many rows are cheaper than the digests of 256 buckets.
  std::size_t pulls_max = 16'384;               ///< Asked for and not there yet.
  milliseconds pull_patience = seconds(1);      ///< Then the next who offered it is asked.
  milliseconds mismatch_patience = seconds(2);  ///< Until a difference is not just news on its way.
  milliseconds repair_pause = seconds(4);       ///< Between two repairs over one link.
  milliseconds alarm_after = seconds(30);
};

struct delta_outcome {
  record_intake intake;
  /// Links that the message is to be sent on to, as it is: now, while it is there.
  std::vector<link_number> forward_to;
};

class record_exchange {
 public:
  /// `view` must outlive this. The owner tells of every change of it through this.
  explicit record_exchange(record_view& view, const exchange_options& options = {});

  /// `leads`: this side starts repairs on this link; exactly one side must (the lower id).
  void on_link_up(time_point now, link_number link, const node_id& peer, bool leads);
  void on_link_down(link_number link);

  /// This node's own news. The owner sends the delta to all links but those that are new.
  void publish(time_point now, signed_record_ptr record);
  /// It has come up in this turn: the whole record is still to go, as it is then.
  bool is_new(link_number link) const noexcept;
  /// As record_view::set_up; a node that comes up is offered to others.
  void set_up(time_point now, const node_id& id, bool up);

  /// Fails as record_view::accept does.
  result<delta_outcome> on_delta(time_point now, link_number from, const record_delta& delta);
  void on_summary(link_number from, const view_summary& summary);
  void on_rows(link_number from, const view_rows& offered);
  void on_pull(link_number from, std::span<const node_id> ids);
  /// The root digest of the other end's view, as pings carry it.
  void on_heard_root(time_point now, link_number from, const digest& root);

  /// Nodes that are not up here, of whom somebody said that they are, in the very state that is known.
  std::vector<node_id> take_confirmed() { return std::exchange(confirmed_, {}); }

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return next_due_; }
  /// False if take_messages() has nothing: asking costs nothing.
  bool has_messages() const noexcept { return news_ || !out_.empty(); }
  /// To be asked at the end of each turn.
  std::vector<exchange_message> take_messages(time_point now);

  /// Peers whose view has differed from ours for longer than alarm_after.
  std::vector<node_id> disagreeing(time_point now) const;
  std::size_t pulls() const noexcept { return pulls_.size(); }

 private:
  struct link_state {
    link_number number = 0;
    node_id peer;
    bool leads = false;
    bool is_new = true;
    std::optional<time_point> differs_since;
    std::optional<time_point> repaired_at;
    std::vector<record_row> offers;
    std::vector<node_id> pulls;  ///< To be asked for.
    std::size_t asked = 0;       ///< Asked for and not answered yet.
    signed_record_ptr record;    ///< The peer's; null: not known yet.
    feeders fed_by;
    bool on_ring = false;            ///< It is linked with its neighbours on the ring,
    std::uint64_t ring_version = 0;  ///< as of this version of who is up.
  };
  struct pull_state {
    record_stamp stamp;
    link_number from = 0;
    std::optional<link_number> also;  ///< Offers it, too.
    bool sent = false;
    time_point due = time_point::max();  ///< Once it is sent.
  };

  void repair(time_point now, link_number link, link_state& state);
  void send_rows(link_number to, const std::bitset<256>& buckets);
  void offer_what_is_newer(link_state& to, const view_rows& known_there);
  bool is_news(const record_row& row) const noexcept;
  void note_confirmed(const record_row& row);
  void correct(link_number from, const record_row& row);
  void want(link_number from, const record_row& row);
  void ask(link_number from, const node_id& id, pull_state& pull);
  void release(pull_state& pull);
  template <class Failed>
  void ask_others(Failed failed);
  void pull_done(const node_id& id, std::optional<link_number> answered_by);
  link_state* find(link_number link) noexcept;
  void note_record(const signed_record_ptr& record);
  bool is_on_ring(const node_id& id, const feeders& fed_by) const noexcept;
  bool feeds(link_state& peer);
  std::vector<link_number> uninformed(const signed_record& record, link_number from);
  void offer(const signed_record& record, link_number from);
  void send_offers(link_number to, link_state& state);
  void send_pulls(time_point now, link_number to, link_state& state);

  record_view& view_;
  exchange_options options_;
  std::vector<link_state> links_;  ///< Sorted by number.
  feeders own_feeders_;
  bool on_ring_ = false;
  std::uint64_t ring_version_ = 0;
  std::map<node_id, pull_state> pulls_;
  std::vector<exchange_message> out_;
  std::vector<node_id> confirmed_;
  bool news_ = false;                        ///< Offers or pulls may be due on some link.
  time_point next_due_ = time_point::max();  ///< No pull is due before.
};

}  // namespace askr::mesh
