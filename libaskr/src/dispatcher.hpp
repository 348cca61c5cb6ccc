// SPDX-License-Identifier: MIT
#pragma once

/// The one dispatcher behind all doors: commands from clients, from peers and from the node's own code come here, are
/// authorised here, and end here in exactly one outcome by their deadline. No I/O, no clock. (design:
/// docs/architecture.md)
///
/// dispatcher.cpp: in through the doors and into a handler. dispatcher_routing.cpp: to another node, and to a third if
/// need be. dispatcher_outcomes.cpp: how commands end.
/// dispatcher_gathering.cpp: to all who serve. dispatcher_streams.cpp: answers in parts.

#include "libaskr/src/authoriser.hpp"
#include "libaskr/src/caller.hpp"
#include "libaskr/src/command_request.hpp"
#include "libaskr/src/command_table.hpp"
#include "libaskr/src/gathers.hpp"
#include "libaskr/src/kept_commands.hpp"
#include "libaskr/src/pending_commands.hpp"
#include "libaskr/src/retry_budget.hpp"
#include "libaskr/src/served_results.hpp"
#include "mesh/directory.hpp"
#include "mesh/mid_window.hpp"

#include <askr/command.hpp>
#include <askr/counters.hpp>
#include <askr/options.hpp>
#include <askr/random.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

struct peer;
class peer_table;
class relay;
class session_table;

/// What a deferred or blocking handler is to be started with; the answer comes back by dispatcher::on_answer().
struct handler_job {
  std::uint64_t serving = 0;
  std::shared_ptr<detail::handler> handler;
  command asked;
  std::shared_ptr<stream_feed> feed;  ///< Of one that answers in parts: to be opened first; it calls on_parts().
};

class dispatcher {
 public:
  dispatcher(const node_limits& limits, const node_id& self, const authoriser& rights, peer_table& peers, relay& paths,
             session_table& sessions, const mesh::directory& directory, rng& random, counters& counts);

  /// Takes a command from any side. The outcome goes to `from`, at the latest when `remaining` has passed. For
  /// caller::kind::self it may come before submit() returns.
  void submit(time_point now, const command_request& request, caller from);
  /// Sends a command of this node's own, if another node serves it and nothing stands against it: never answers before
  /// it returns. `done` is taken only if it returns true.
  bool try_forward(time_point now, const command_request& request,
                   detail::unique_function<void(result<payload>)>& done);
  /// A command that peer `from` sent here to be served: never forwarded, and never run twice.
  void serve(time_point now, const command_request& request, caller from);

  void on_reply(time_point now, link_id from, std::uint64_t mid, result<payload_view> outcome,
                bool maybe_executed = false);
  void on_client_reply(time_point now, session_id from, std::uint64_t mid, result<payload_view> outcome);
  void on_answer(time_point now, std::uint64_t serving, result<payload> outcome);

  void on_part(time_point now, link_id from, std::uint64_t mid, std::uint64_t number, result<payload_view> part);
  /// Of an answer that a client of this node gives.
  struct client_part {
    std::uint64_t number = 0;
    std::size_t message_bytes = 0;  ///< Of the message that it came in: what it costs of the client's credit.
    payload_view data;
  };
  void on_client_part(time_point now, session_id from, std::uint64_t mid, const client_part& part);
  /// A handler here has put parts into its feed.
  void on_parts(time_point now, std::uint64_t serving);
  void on_credit(time_point now, link_id from, std::uint64_t ticket, std::uint32_t bytes);
  void end_turn(time_point now);

  /// The caller lost interest: the outcome is `canceled`, and whoever works on it is told.
  void cancel(time_point now, caller::kind what, std::uint32_t id, std::uint64_t ticket);
  /// Still in the table, but lost: nothing more may be sent over it.
  void on_link_down(time_point now, peer& gone, const error& why);
  void on_session_down(time_point now, session_id session);
  /// Everything pending ends in `closed`, and so does what comes later.
  void stop(time_point now);

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return std::min(pending_.next_timeout(), held_due_); }

  std::vector<handler_job> take_jobs() { return std::exchange(jobs_, {}); }
  bool has_jobs() const noexcept { return !jobs_.empty(); }
  command_table& table() noexcept { return table_; }
  /// The handler that ran last, for warnings about slow ones.
  const std::string& last_served() const noexcept { return last_served_; }
  /// What a command that the running handler sends has for depth; 0 outside of handlers.
  std::uint8_t call_depth() const noexcept { return depth_; }
  std::size_t pending() const noexcept { return pending_.size(); }

 private:
  /// Where a command goes: to another node, or to whoever serves it here, or nowhere.
  struct route {
    peer* to = nullptr;
    bool here = false;
  };

  result<void> judge(const command_request& request) const;
  result<void> judge_rights(const command_request& request) const;
  bool admit(const command_request& request, caller& from);
  bool is_news(time_point now, caller& from);
  mesh::mid_verdict note_mid(const peer& asker, std::uint64_t mid);
  void serve_here(time_point now, const command_request& request, caller from);
  void submit_to(time_point now, const command_request& request, const node_id& target, caller from);
  /// These take `from` only if they do not fail: overloaded, too_large or unsupported, and nothing has run.
  result<void> run(time_point now, command_row& row, const command_request& request, caller& from);
  result<void> start(time_point now, command_row& row, const command_request& request, caller& from);
  result<void> forward_to_client(time_point now, command_row& row, const command_request& request, caller& from);
  void run_now(time_point now, command_row& row, const command_request& request, caller& from);
  /// Where the outcome of an idempotent command of a peer is to be remembered; null for others.
  served_results::entry* remember(time_point now, const command_request& request, const caller& from,
                                  std::uint64_t serving);

  std::vector<gathers::asked_node> servers_of(command_row& row);
  void submit_to_all(time_point now, const command_request& request, caller from);
  void on_gathered(gather_id which);
  void give_up_gather(time_point now, gather_id which, const error& why);

  void pass_on(time_point now, std::uint64_t mid, payload_view part);
  /// That command's feed is looked at when the turn ends.
  void on_parts_later(std::uint64_t mid);
  void grant(std::uint64_t mid, std::int64_t bytes);
  void grant_client(std::uint64_t mid);
  bool is_held(std::uint64_t mid) const;
  void hold(time_point now, std::uint64_t mid);
  void check_held(time_point now);
  bool wait_for_parts(time_point now, std::uint64_t serving, const result<payload_view>& outcome);
  void end_served(time_point now, std::uint64_t serving, result<payload_view> outcome);
  void finish_after_parts(time_point now, std::uint64_t serving);

  void send_anywhere(time_point now, const command_request& request, command_row& row, caller from);
  void forward(time_point now, const command_request& request, command_row* row, peer* to, caller from);
  void note_forwarded(time_point now, const command_request& request, command_row* row, peer& to, std::uint64_t mid,
                      caller from);
  std::span<const mesh::candidate> servers(time_point now, command_row& row);
  route choose(time_point now, command_row& row, const command_request& request, std::span<const node_id> tried);
  std::uint64_t next_mid(const command_request& request);
  bool may_try_again(time_point now, const pending_command& command, errc why, bool maybe_executed);
  bool try_again(time_point now, pending_command& command, errc why, bool maybe_executed);
  bool move_on(time_point now, pending_command& command, const command_request& request, peer& to, bool new_mid);

  /// What a server did with a command of ours is remembered for the next choice.
  void note_outcome(time_point now, const pending_command& command, errc outcome);
  /// An answer, or what stands for one: the command ends, or is tried elsewhere.
  void end(time_point now, pending_command& command, result<payload_view> outcome, bool maybe_executed = false);
  void conclude(time_point now, pending_command& command, result<payload_view> outcome, bool maybe_executed);
  /// Gives back what it held.
  void release(pending_command& command);
  void leave_alone(time_point now, std::uint64_t mid);
  /// Ends it before its server has answered.
  void give_up(time_point now, std::uint64_t mid, const error& why);
  /// Tells whoever works on it that nobody waits any more.
  void withdraw(pending_command& command);
  pending_command take(std::uint64_t mid);
  void finish(caller& to, result<payload_view> outcome, bool maybe_executed = false);
  void refuse(caller& to, error why, bool maybe_executed = false);
  static error no_handler(std::string_view name);

  const node_limits& limits_;
  node_id self_;
  const authoriser& rights_;
  peer_table& peers_;
  relay& relay_;
  session_table& sessions_;
  const mesh::directory& directory_;
  rng& random_;
  counters& counts_;
  command_table table_;
  pending_commands pending_;  ///< Sent to peers or clients, or at work in a deferred or blocking handler here.
  kept_commands kept_;
  retry_budget budget_;
  mesh::mid_windows seen_;
  served_results results_;
  gathers gathers_;
  std::vector<std::uint64_t> ready_;         ///< Feeds with parts and credit.
  std::vector<std::uint64_t> held_;          ///< Commands whose caller reads its parts too slowly,
  time_point held_due_ = time_point::max();  ///< to be looked at again.
  std::uint64_t last_mid_ = 0;
  bool stopped_ = false;
  std::vector<handler_job> jobs_;
  std::vector<mesh::candidate> among_;  ///< Scratch of choose(),
  std::vector<node_id> tried_;          ///< and of send_anywhere().
  byte_buffer scratch_;                 ///< Answers of immediate handlers are packed here.
  std::string last_served_;
  std::uint8_t depth_ = 0;
};

}  // namespace askr
