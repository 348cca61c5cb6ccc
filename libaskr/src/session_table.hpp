// SPDX-License-Identifier: MIT
#pragma once

/// The client sessions of a node and what is said to them. What they say is the business of client_door.

#include "crypto/text_safe.hpp"
#include "libaskr/src/caller.hpp"
#include "libaskr/src/slot_map.hpp"
#include "transport/session.hpp"

#include <askr/authenticator.hpp>
#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/options.hpp>
#include <askr/principal.hpp>

#include <array>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace askr {

struct command_request;

/// Commands of one session under way, by the number the dispatcher knows them by (ticket) and by the client's mid.
class client_mids {
 public:
  /// 0 if a command with this mid is under way already.
  std::uint64_t add(const transport::message_id& mid);
  /// None if the ticket is unknown.
  transport::message_id mid(std::uint64_t ticket) const {
    return ticket == 0 || ticket > mids_.size() ? transport::message_id{} : mids_[ticket - 1];
  }
  /// 0 if there is none.
  std::uint64_t find(const transport::message_id& mid) const;
  /// The mid, which is then free again; none if the ticket is unknown.
  transport::message_id take(std::uint64_t ticket);
  std::size_t size() const noexcept { return tickets_.size(); }

 private:
  std::unordered_map<transport::message_id, std::uint64_t> tickets_;
  std::vector<transport::message_id> mids_;  ///< Ticket - 1 is the index.
  std::vector<std::uint64_t> free_;
};

/// Subscriptions of sessions by number: the session's id above the subscription's place in its row.
inline std::uint64_t subscription_number(session_id session, std::size_t place) noexcept {
  return std::uint64_t{session} << 32U | place;
}
inline session_id session_of(std::uint64_t subscription) noexcept {
  return static_cast<session_id>(subscription >> 32U);
}

/// One subscription of a session; a free place has no pattern.
struct client_subscription {
  std::string pattern;
  overflow_policy overflow = overflow_policy::drop_oldest;
};

/// Events that a session does not take fast enough, encoded already, and those that had to be dropped.
struct client_overflow {
  struct waiting_event {
    std::size_t place = 0;  ///< Of its subscription.
    std::string topic;      ///< Empty: no event, never dropped.
    std::string origin;
    incarnation epoch = 0;
    std::uint64_t sequence = 0;
    byte_buffer frame;
  };
  struct skipped_events {
    std::string topic;
    std::string origin;
    incarnation epoch = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };

  std::list<waiting_event> waiting;  ///< Unlike a deque, an empty one takes nothing.
  std::size_t bytes = 0;
  std::vector<skipped_events> skipped;
};

/// What a client signs with its key: 32 random bytes, never used twice.
using client_challenge = std::array<std::uint8_t, 32>;

struct client_row {
  client_row(session_id number, const transport::session_options& options, const entropy& random,
             websocket::deflate_context& deflate, transport::arrival how)
      : id(number), wire(options, random, deflate, std::move(how)) {}

  static constexpr std::size_t no_place = SIZE_MAX;
  /// Of a subscription; no_place if there is none.
  std::size_t place_of(std::string_view pattern) const noexcept;
  std::size_t add_subscription(std::string_view pattern, overflow_policy overflow);

  session_id id;
  transport::session wire;
  principal who;
  bool admitted = false;         ///< The authenticator said yes: `who` is set.
  bool asked = false;            ///< The authenticator was asked at least once.
  bool verdict_pending = false;  ///< Messages wait in `backlog`.
  int attempts = 0;
  time_point auth_due = time_point::max();
  transport::message_id auth_mid;
  /// What it was judged by last, beside what its connection shows (`wire.shown()`).
  crypto::kept_text token;
  std::optional<std::array<std::uint8_t, 32>> key;
  bool under_review = false;     ///< It is judged by both once more.
  bool trying = false;           ///< It counts among those of its address that are being judged.
  std::optional<error> refusal;  ///< Of a wrong credential; said at
  time_point refusal_due = time_point::max();
  std::optional<client_challenge> challenge;  ///< To be signed by a client that proves a key; good for one try.
  struct waiting_message {
    bool text = false;
    byte_buffer data;
  };
  std::vector<waiting_message> backlog;
  std::size_t backlog_bytes = 0;
  client_mids mids;
  std::vector<client_subscription> subscribed;
  std::size_t subscribed_count = 0;
  client_overflow overflow;
  std::uint64_t event_seen = 0;  ///< The event that was last sent to it, by any of its subscriptions.
  bool dirty = false;
  bool too_slow = false;  ///< Above its hard limit: it is closed when the turn ends.
};

class session_table {
 public:
  session_table(const session_limits& limits, counters& counts) : limits_(limits), counts_(counts) {}

  client_row& add(std::unique_ptr<client_row> opened) { return clients_.add(std::move(opened)); }
  session_id next_id() const noexcept { return clients_.next_id(); }
  client_row* find(session_id id) noexcept { return clients_.find(id); }
  void erase(session_id id) { clients_.erase(id); }
  std::size_t size() const noexcept { return clients_.size(); }
  template <class Visitor>
  void for_each(Visitor visit) {
    clients_.for_each(visit);
  }

  /// Fails with peer_lost (the session has gone), overloaded (it does not read), bad_payload or too_large.
  result<void> send_command(session_id to, std::uint64_t mid, const command_request& request);
  void send_cancel(session_id to, std::uint64_t mid);
  void send_credit(session_id to, std::uint64_t mid, std::uint64_t bytes);
  void send_reply(session_id to, std::uint64_t ticket, const result<payload_view>& outcome,
                  bool maybe_executed = false);
  /// Fails with bad_payload or too_large: it cannot be said in the session's encoding.
  result<void> send_part(session_id to, std::uint64_t ticket, std::uint64_t number, payload_view part);
  /// Above its soft limit.
  bool is_slow(session_id which) noexcept;
  /// False if it was dropped: the session is above its soft limit and its policy says so, or the payload cannot be said
  /// in its encoding.
  bool send_event(std::uint64_t subscription, const event& what, std::uint64_t number);
  void send_gap(std::uint64_t subscription, const event_gap& what);
  /// It has taken some of its output: what waits follows.
  void refill(client_row& which);
  /// Numbers what is delivered, so that a session gets it once however many of its patterns match.
  std::uint64_t begin_event() noexcept { return ++event_number_; }
  /// The event that was sent is over: its encoded forms are forgotten.
  void end_event() noexcept;
  /// Anything else.
  void send(client_row& to, const transport::client_message& message);

  /// The sessions that were given something to write since the last call.
  void take_dirty(std::vector<session_id>& taken);
  void mark_dirty(client_row& which);
  transport::client_codec& codec() noexcept { return codec_; }

 private:
  void check_hard_limit(client_row& which);
  bool wait(client_row& which, std::size_t place, const event& what, byte_span frame);
  void let_go(client_row& which, std::list<client_overflow::waiting_event>::iterator dropped);
  void note_skipped(client_row& which, std::string_view topic, std::string_view origin, incarnation epoch,
                    std::uint64_t sequence);
  void say_skipped(client_row& which, std::string_view topic);

  const session_limits& limits_;
  counters& counts_;
  slot_map<client_row> clients_;
  std::vector<session_id> dirty_;
  transport::client_codec codec_;
  byte_buffer payload_scratch_;
  std::uint64_t event_number_ = 0;
  struct encoded_event {
    const event* of = nullptr;
    bool ok = false;
    byte_buffer frame;
  };
  std::array<encoded_event, 2> event_frames_;  ///< By client_encoding: an event is encoded once for all sessions.
};

}  // namespace askr
