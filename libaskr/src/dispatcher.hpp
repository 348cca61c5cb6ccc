// SPDX-License-Identifier: MIT
#pragma once

/// The one dispatcher behind all doors: commands from clients, from peers and from the node's own code come here, are
/// authorised here, and end here in exactly one outcome by their deadline. No I/O, no clock. (design:
/// docs/architecture.md)

#include "libaskr/src/caller.hpp"
#include "libaskr/src/command_table.hpp"
#include "libaskr/src/pending_commands.hpp"
#include "mesh/directory.hpp"

#include <askr/command.hpp>
#include <askr/counters.hpp>
#include <askr/options.hpp>
#include <askr/random.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

struct peer;
class peer_table;
class relay;
class session_table;

/// A command on its way in. Views: valid during the call.
struct command_request {
  std::string_view name;
  payload_view data;
  const principal* who = nullptr;
  std::string_view to = {};  ///< Node name, label or id; empty: any node.
  milliseconds remaining = seconds(10);
  std::uint8_t depth = 0;
  bool idempotent = false;
  askr::balance balance = askr::balance::p2c;
  std::string_view key = {};  ///< Not empty: the same node for the same key.
};

/// What a deferred or blocking handler is to be started with; the answer comes back by dispatcher::on_answer().
struct handler_job {
  std::uint64_t serving = 0;
  std::shared_ptr<detail::handler> handler;
  command asked;
};

class dispatcher {
 public:
  dispatcher(const node_limits& limits, const node_id& self, peer_table& peers, relay& paths, session_table& sessions,
             const mesh::directory& directory, rng& random, counters& counts);

  /// Takes a command from any side. The outcome goes to `from`, at the latest when `remaining` has passed. For
  /// caller::kind::self it may come before submit() returns.
  void submit(time_point now, const command_request& request, caller from);
  /// Sends a command of this node's own, if another node serves it and nothing stands against it: never answers before
  /// it returns. `done` is taken only if it returns true.
  bool try_forward(time_point now, const command_request& request,
                   detail::unique_function<void(result<payload>)>& done);
  /// A command that a peer sent here to be served: never forwarded.
  void serve(time_point now, const command_request& request, caller from);

  void on_reply(time_point now, link_id from, std::uint64_t mid, result<payload_view> outcome,
                bool maybe_executed = false);
  void on_client_reply(session_id from, std::uint64_t mid, result<payload_view> outcome);
  void on_answer(time_point now, std::uint64_t serving, result<payload> outcome);

  /// The caller lost interest: the outcome is `canceled`, and the serving node is told.
  void cancel(time_point now, caller::kind what, std::uint32_t id, std::uint64_t ticket);
  /// Still in the table, but lost: nothing more may be sent over it.
  void on_link_down(time_point now, peer& gone, const error& why);
  void on_session_down(time_point now, session_id session);
  /// Everything pending ends in `closed`, and so does what comes later.
  void stop();

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return pending_.next_timeout(); }

  std::vector<handler_job> take_jobs() { return std::exchange(jobs_, {}); }
  bool has_jobs() const noexcept { return !jobs_.empty(); }
  command_table& table() noexcept { return table_; }
  /// The handler that ran last, for warnings about slow ones.
  const std::string& last_served() const noexcept { return last_served_; }
  /// What a command that the running handler sends has for depth; 0 outside of handlers.
  std::uint8_t call_depth() const noexcept { return depth_; }
  std::size_t pending() const noexcept { return pending_.size(); }

 private:
  bool admit(const command_request& request, caller& from);
  void serve_here(time_point now, const command_request& request, caller from);
  void submit_to(time_point now, const command_request& request, const node_id& target, caller from);
  void run(time_point now, command_row& row, const command_request& request, caller from);
  void run_now(detail::handler& handler, const command& asked, caller& from);
  void start(time_point now, std::shared_ptr<detail::handler> handler, const command_request& request, caller from);
  void forward(time_point now, const command_request& request, command_row* row, peer* to, caller from);
  void note_forwarded(time_point now, const command_request& request, command_row* row, peer& to, caller from);
  void forward_to_client(time_point now, const command_request& request, session_id client, caller from);
  /// Null: no other node that serves it can be reached.
  peer* choose(time_point now, command_row& row, const command_request& request);

  /// What a server did with a command of ours is remembered for the next choice.
  void note_outcome(time_point now, const pending_command& command, errc outcome);
  /// Ends it before its server has answered.
  void give_up(time_point now, std::uint64_t mid, const error& why);
  /// Tells whoever works on it that nobody waits any more.
  void withdraw(const pending_command& command);
  void finish(caller& to, result<payload_view> outcome, bool maybe_executed = false);
  pending_command take(std::uint64_t mid);
  void refuse(caller& to, error why);

  const node_limits& limits_;
  node_id self_;
  peer_table& peers_;
  relay& relay_;
  session_table& sessions_;
  const mesh::directory& directory_;
  rng& random_;
  counters& counts_;
  command_table table_;
  pending_commands pending_;  ///< Sent to peers or clients, or at work in a deferred or blocking handler here.
  std::uint64_t last_mid_ = 0;
  bool stopped_ = false;
  std::vector<handler_job> jobs_;
  byte_buffer scratch_;  ///< Answers of immediate handlers are packed here.
  std::string last_served_;
  std::uint8_t depth_ = 0;
};

}  // namespace askr
