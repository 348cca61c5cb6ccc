// SPDX-License-Identifier: MIT
#pragma once

/// The client sessions of a node and what is said to them. What they say is the business of client_door.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/slot_map.hpp"
#include "transport/session.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/options.hpp>
#include <askr/principal.hpp>

#include <array>
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

struct client_row {
  client_row(session_id number, const transport::session_options& options, const entropy& random,
         websocket::deflate_context& deflate, std::string address, bool loopback, time_point opened)
      : id(number), wire(options, random, deflate, std::move(address), loopback, opened) {}

  session_id id;
  transport::session wire;
  principal who;
  bool admitted = false;         ///< The authenticator said yes: `who` is set.
  bool asked = false;            ///< The authenticator was asked at least once.
  bool verdict_pending = false;  ///< Messages wait in `backlog`.
  int attempts = 0;
  time_point auth_due = time_point::max();
  transport::message_id auth_mid;
  struct waiting_message {
    bool text = false;
    byte_buffer data;
  };
  std::vector<waiting_message> backlog;
  std::size_t backlog_bytes = 0;
  client_mids mids;
  std::vector<std::string> subscribed;
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

  /// Fails with peer_lost (the session has gone), bad_payload or too_large.
  result<void> send_command(session_id to, std::uint64_t mid, const command_request& request);
  void send_cancel(session_id to, std::uint64_t mid);
  void send_reply(session_id to, std::uint64_t ticket, const result<payload_view>& outcome, bool maybe_executed = false);
  /// Fails with bad_payload or too_large: it cannot be said in the session's encoding.
  result<void> send_part(session_id to, std::uint64_t ticket, std::uint64_t number, payload_view part);
  /// Above its soft limit.
  bool is_slow(session_id which) noexcept;
  /// False if it was dropped: the session is above its soft limit, or the payload cannot be said in its encoding.
  bool send_event(session_id to, const event& what);
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

  const session_limits& limits_;
  counters& counts_;
  slot_map<client_row> clients_;
  std::vector<session_id> dirty_;
  transport::client_codec codec_;
  byte_buffer payload_scratch_;
  struct encoded_event {
    const event* of = nullptr;
    bool ok = false;
    byte_buffer frame;
  };
  std::array<encoded_event, 2> event_frames_;  ///< By client_encoding: an event is encoded once for all sessions.
};

}  // namespace askr
