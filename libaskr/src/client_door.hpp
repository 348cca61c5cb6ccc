// SPDX-License-Identifier: MIT
#pragma once

/// What clients say: lets them in through the authenticator, and turns their messages into commands, events and
/// subscriptions. Every message is answered, if it wants to be, with a reply or a typed error.

#include "libaskr/src/credential_guard.hpp"
#include "libaskr/src/session_table.hpp"

#include <askr/authenticator.hpp>
#include <askr/listen_options.hpp>
#include <askr/options.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace askr {

class authoriser;
class dispatcher;
class event_router;
struct self_description;

class client_door {
 public:
  client_door(const node_options& options, const self_description& self, const authoriser& rights,
              session_table& sessions, dispatcher& commands, event_router& events, counters& counts);

  /// Fails with overloaded if there are too many sessions.
  result<session_id> open(transport::arrival how);
  void on_bytes(time_point now, session_id from, mutable_byte_span received);
  void on_closed(time_point now, session_id session);
  void on_verdict(time_point now, session_id session, result<principal> verdict);
  /// All clients that are in are to be judged anew.
  void review();
  /// Closes sessions whose admission has ended by this wall time; returns when the next one does (0: none).
  wall_ms end_expired(time_point now, wall_ms wall);
  void on_timeout(time_point now, session_id session);
  /// Includes the deadline for authentication.
  time_point next_timeout(const client_row& which) const noexcept;
  /// Closes every session: the node goes.
  void close_all(time_point now, websocket::close_code code, std::string_view reason);

  /// Clients to be shown to the authenticator; the answers come back by on_verdict().
  std::vector<std::pair<session_id, client_credential>> take_credentials() { return std::exchange(credentials_, {}); }
  /// True once after clients have changed what this node serves.
  bool take_interest_changed() noexcept { return std::exchange(interest_changed_, false); }

 private:
  using message = transport::client_message;

  void pump(time_point now, client_row& from);
  void end_business(time_point now, client_row& of);
  void receive(time_point now, client_row& from, bool text, mutable_byte_span data);
  void keep_for_later(time_point now, client_row& from, bool text, byte_span data);
  static bool has_credential(const client_credential& shown) { return !shown.token.empty() || shown.key; }
  bool turned_away(time_point now, client_row& which, const transport::message_id& mid);
  void ask(time_point now, client_row& about, client_credential shown);
  client_credential recall(const client_row& of);
  void end_try(time_point now, client_row& which);
  void leave_queue(time_point now, client_row& which);
  void judge_waiting(time_point now, const std::string& address);
  void let_in(time_point now, client_row& who, principal as);
  void on_admitted(time_point now, client_row& who);
  void on_review(time_point now, client_row& which, result<principal> verdict);
  void on_refused(time_point now, client_row& which, error why);
  void say_refusal(time_point now, client_row& which);
  void end_wait(time_point now, client_row& which);
  void dismiss(time_point now, client_row& which, const error& why);
  bool prove_key(client_row& from, const message& said, client_credential& shown);
  void challenge(client_row& to, const message& said);
  void handle(time_point now, client_row& from, const message& said, std::size_t message_bytes);
  void on_command(time_point now, client_row& from, const message& said);
  void on_emit(time_point now, client_row& from, const message& said);
  void on_subscription(time_point now, client_row& from, const message& said);
  void subscribe(time_point now, client_row& from, const message& said);
  void unsubscribe(client_row& from, std::size_t place);
  void say_ready(client_row& to, const transport::message_id& mid, const listen_ready& how);
  void on_unsubscription(client_row& from, const message& said);
  void on_serve(client_row& from, const message& said);
  void on_unserve(client_row& from, const message& said);
  void on_cancel(time_point now, client_row& from, const message& said);
  void on_outcome(time_point now, client_row& from, const message& said);
  void on_part(time_point now, client_row& from, const message& said, std::size_t message_bytes);
  void on_auth(time_point now, client_row& from, const message& said);
  /// A message that says which node this is.
  message introduction(transport::client_message::kind what) const;
  void welcome(client_row& to, const transport::message_id& mid);
  void acknowledge(client_row& to, const message& said);
  void refuse(client_row& to, const transport::message_id& mid, const error& why);

  const node_options& options_;
  const self_description& self_;
  const authoriser& rights_;
  session_table& sessions_;
  dispatcher& commands_;
  event_router& events_;
  counters& counts_;
  entropy entropy_;
  credential_guard guard_;
  crypto::text_safe tokens_;
  websocket::deflate_context deflate_;
  transport::session_options session_options_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::vector<std::pair<session_id, client_credential>> credentials_;
  bool interest_changed_ = false;
};

}  // namespace askr
