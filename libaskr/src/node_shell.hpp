// SPDX-License-Identifier: MIT
#pragma once

/// The Asio shell of a node: sockets, clock, threads and files around a node_core that has none of them. A turn: handle
/// what is ready, then once, at the end, write what the core wants written. (docs/architecture.md)

#include "crypto/identity.hpp"
#include "crypto/keyring.hpp"
#include "libaskr/src/admission_shell.hpp"
#include "libaskr/src/discovery_shell.hpp"
#include "libaskr/src/handler_memory.hpp"
#include "libaskr/src/node_host.hpp"
#include "libaskr/src/record_proof.hpp"
#include "libaskr/src/stranger_gate.hpp"
#include "libaskr/src/tls_shell.hpp"
#include "libaskr/src/worker_pool.hpp"
#include "transport/io/listener.hpp"

#include <askr/assert.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace askr {

class connection;

class node_shell final : public node_host, public std::enable_shared_from_this<node_shell> {
 public:
  node_shell(node_options options, asio::io_context* context);
  ~node_shell() override;

  void start() override;
  /// Waits until all is closed; on the node's own thread it only begins, and the rest follows in a turn of its own.
  void stop() override;
  bool run(task&& work) override;

  node_core& core() noexcept override { return core_; }
  const node_options& options() const noexcept override { return options_; }
  const self_description& self() const noexcept override { return self_; }
  std::uint16_t port() const noexcept override { return port_; }
  std::string url() const override;
  asio::any_io_executor executor() const override { return context_->get_executor(); }
  void authenticate_again() override { admissions_.ask_again(); }

  // For connections and discovery, on the node's thread.
  const crypto::identity& identity() const noexcept { return identity_; }
  const std::shared_ptr<const crypto::keyring>& keys() const noexcept { return keys_; }
  void set_keys(crypto::keyring keys) { keys_ = std::make_shared<const crypto::keyring>(std::move(keys)); }
  askr::authenticator& authenticator() noexcept { return *options_.authenticator; }
  tls_shell& tls() noexcept { return tls_; }
  admission_shell& admissions() noexcept { return admissions_; }
  mutable_byte_span scratch() noexcept { return scratch_; }
  byte_buffer& records() noexcept { return records_; }
  /// Something changed: the outputs are written at the end of this turn.
  void touch();
  void remove(connection& which);
  /// Names the handler that ran last if the node's thread was held for too long since `started`.
  void warn_if_slow(time_point started, time_point now);
  void begin_turn(time_point now) noexcept;
  void finish_turn(link_id from);
  time_point now() const noexcept override { return in_turn_ ? turn_time_ : clock::now(); }
  bool running() const noexcept { return running_; }
  stranger_gate& strangers() noexcept { return strangers_; }
  /// A stranger may stay until it has shown who it is, or another takes its place. 0: there are too many of them.
  stranger_gate::ticket admit_stranger(connection& which, const asio::ip::address& address);
  void forget_stranger(stranger_gate::ticket which, bool failed);
  asio::io_context& context() noexcept { return *context_; }
  const std::set<std::shared_ptr<connection>>& connections() const noexcept { return connections_; }
  std::shared_ptr<connection> adopt(transport::stream_socket socket);
  std::map<link_id, connection*>& links() noexcept { return links_; }
  std::map<session_id, connection*>& sessions() noexcept { return sessions_; }

 private:
  void listen();
  void start_jobs();
  void start_job(handler_job job);
  void open();
  void run_context();
  void run_tasks();
  void run_own_tasks();
  void run_all(std::vector<task> tasks);
  bool here() const noexcept override;
  bool in_turn() const noexcept override { return here() && in_turn_; }
  bool try_emit(std::string_view topic, payload_view data) override;
  time_point asked_at() const noexcept override { return here() ? now() : clock::now(); }
  bool stopped() const noexcept override { return stopped_; }
  void call_and_wait(const std::function<void()>& work) override;
  log_sink& sink() noexcept override { return options_.log; }
  void end_turn(time_point now);
  void flush_links();
  void flush_sessions();
  void arm_timer();
  void begin_to_end();
  void say_goodbye();
  void linger();
  void close_all();
  void set_ended();

  node_options options_;
  std::unique_ptr<asio::io_context> own_context_;
  asio::io_context* context_;
  crypto::identity identity_;
  std::shared_ptr<const crypto::keyring> keys_;
  self_description self_;
  record_proof proof_;
  identity_signer signer_;
  mesh::record_memo memo_;
  identity_seal seal_;
  node_core core_;
  worker_pool workers_;
  std::shared_ptr<transport::listener> listener_;
  discovery_shell discovery_;
  tls_shell tls_;
  admission_shell admissions_;
  asio::steady_timer timer_;
  time_point timer_due_ = time_point::max();
  std::set<std::shared_ptr<connection>> connections_;
  std::map<link_id, connection*> links_;
  std::map<session_id, connection*> sessions_;
  stranger_gate strangers_;
  std::unordered_map<stranger_gate::ticket, connection*> stranger_connections_;
  std::size_t connections_max_;  ///< Descriptors are left for dials, files and the program's own.
  byte_buffer scratch_;          ///< What a socket had to read: links open records in it, in place.
  byte_buffer records_;          ///< Where small messages of several lanes are gathered for one record.
  std::vector<std::uint32_t> dirty_;
  handler_memory turn_memory_;
  bool turn_ending_ = false;
  bool at_tasks_ = false;
  time_point touched_at_;  ///< When the turn that is ending was first touched.
  bool in_turn_ = false;   ///< A link's bytes are being handled.
  time_point turn_time_;
  time_point last_turn_ended_;
  std::uint16_t port_ = 0;
  std::atomic<bool> running_ = false;
  std::atomic<bool> stopped_ = false;
  std::promise<void> ending_;  ///< Kept when the last connection is closed after stop().
  std::shared_future<void> ended_ = ending_.get_future().share();
  bool lingering_ = false;
  bool has_ended_ = false;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::mutex tasks_mutex_;
  std::vector<task> tasks_;        ///< From other threads, guarded by tasks_mutex_.
  std::vector<task> own_tasks_;    ///< From handlers and completions, on the node's thread.
  std::vector<task> spare_tasks_;  ///< Empty; what the next tasks are gathered in.
  bool tasks_posted_ = false;
};

}  // namespace askr
