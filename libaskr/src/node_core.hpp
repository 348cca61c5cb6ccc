// SPDX-License-Identifier: MIT
#pragma once

/// The whole node without I/O: directory, membership, dispatcher, events, state and client sessions. Whoever owns it
/// gives it bytes, decoded link messages and the time, and takes what it wants done. The Asio shell (node_shell) owns
/// one; a simulator may own thousands. One thread, no locks, no clock. (docs/architecture.md)

#include "libaskr/src/client_door.hpp"
#include "libaskr/src/connected_state.hpp"
#include "libaskr/src/core_keys.hpp"
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/event_router.hpp"
#include "libaskr/src/membership.hpp"
#include "libaskr/src/peer_door.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/relay.hpp"
#include "libaskr/src/session_table.hpp"
#include "mesh/directory.hpp"

#include <askr/counters.hpp>
#include <askr/node.hpp>
#include <askr/options.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

class node_core {
 public:
  /// `options` and the authenticator in them must outlive the core.
  node_core(const node_options& options, const self_description& self, const core_keys& keys, std::uint64_t seed);
  ~node_core();
  node_core(const node_core&) = delete;
  node_core& operator=(const node_core&) = delete;

  void start(time_point now, std::vector<std::string> endpoints);
  /// Ends everything pending; what is to be said is in the outputs.
  void stop(time_point now);

  // The node's own code.
  result<void> add_handler(std::string name, std::shared_ptr<detail::handler> handler);
  void remove_handler(std::string_view name);
  /// Every node serves it, so it is not announced.
  void add_builtin(std::string name, std::shared_ptr<detail::handler> handler);
  /// A `number` other than 0 is one to cancel it by.
  void send(time_point now, const command_request& request, node::completion done, command_id number = 0,
            std::shared_ptr<part_receiver> parts = {});
  void cancel(time_point now, command_id number) { dispatcher_.cancel(now, caller::kind::self, 0, number); }
  /// Sends it if another node serves it and nothing stands against it; `done` is taken only then.
  bool try_forward(time_point now, const command_request& request, node::completion& done);
  /// How many commands led to one that the handler at work sends now.
  std::uint8_t call_depth() const noexcept { return dispatcher_.call_depth(); }
  result<void> emit(time_point now, std::string_view topic, payload_view data);
  /// Emits it if no listener of this node would be called for it and nothing stands against it.
  bool try_emit(time_point now, std::string_view topic, payload_view data);
  result<void> add_listener(time_point now, listener_id id, std::string_view pattern, detail::listener listener,
                            listen_options options = {});
  void remove_listener(listener_id listener);
  result<void> set_state(std::string_view key, payload value) { return state_.set(key, std::move(value)); }
  const payload* state(std::string_view key) const noexcept { return state_.find(key); }
  using state_watcher = detail::unique_function<void(std::string_view, payload_view)>;
  void watch_state(state_watcher watcher) { state_watcher_ = std::move(watcher); }
  std::vector<node_info> nodes() const;
  const principal& self_principal() const noexcept { return self_principal_; }

  // What happens outside.
  membership& members() noexcept { return membership_; }
  relay& paths() noexcept { return relay_; }
  client_door& clients() noexcept { return client_door_; }
  void on_link_record(time_point now, link_id link, byte_span messages) { peer_door_.on_record(now, link, messages); }
  void on_link_down(time_point now, link_id link, const error& why);
  void on_answer(time_point now, std::uint64_t serving, result<payload> outcome) {
    dispatcher_.on_answer(now, serving, std::move(outcome));
  }
  void on_parts(time_point now, std::uint64_t serving) { dispatcher_.on_parts(now, serving); }
  /// Ends the links, nodes and sessions whose admission has ended by this wall time; returns when the next one does
  /// (0: none).
  wall_ms end_expired(time_point now, wall_ms wall);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;
  /// After the last input of a turn, before the outputs are taken.
  void end_turn(time_point now);

  // What is to be done.
  peer_table& peers() noexcept { return peers_; }
  session_table& sessions() noexcept { return sessions_; }
  std::vector<handler_job> take_jobs() { return dispatcher_.take_jobs(); }
  const std::string& last_served() const noexcept { return dispatcher_.last_served(); }
  counters& counts() noexcept { return counts_; }

 private:
  void end_lost_paths(time_point now);
  void add_builtins();
  void demand(const command& asked, verb what, std::string_view key) const;
  payload answer_state_request(const command& asked);
  void answer_state_set(const command& asked);

  const node_options& options_;
  self_description self_;
  rng random_;
  counters counts_;
  mesh::directory directory_;
  peer_table peers_;
  session_table sessions_;
  authoriser rights_;
  event_router events_;
  membership membership_;
  relay relay_;
  dispatcher dispatcher_;
  client_door client_door_;
  peer_door peer_door_;
  connected_state state_;
  principal self_principal_;
  state_watcher state_watcher_;
  bool interest_changed_ = false;
};

}  // namespace askr
