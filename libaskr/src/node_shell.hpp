// SPDX-License-Identifier: MIT
#pragma once

/// The Asio shell of a node: sockets, clock, threads and files around a node_core that has none of them. A turn: handle
/// what is ready, then once, at the end, write what the core wants written. (docs/architecture.md)

#include "crypto/identity.hpp"
#include "crypto/workspace_keys.hpp"
#include "libaskr/src/node_core.hpp"
#include "libaskr/src/record_proof.hpp"
#include "libaskr/src/worker_pool.hpp"
#include "transport/io/beacon_socket.hpp"

#include <askr/assert.hpp>
#include <askr/node.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
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

class node_shell : public std::enable_shared_from_this<node_shell> {
 public:
  using task = detail::unique_function<void()>;

  node_shell(node_options options, asio::io_context* context);
  ~node_shell();

  void start();
  /// Waits until all is closed; on the node's own thread it only begins, and the rest follows in a turn of its own.
  void stop();

  /// Runs `work` on the node's thread, in a turn of its own, never inside the caller's stack, and not before start().
  /// False, and `work` is as it was, if the queue of such work is full, or the node was stopped.
  bool run(task&& work);
  /// Runs `work` on the node's thread and waits for what it returns; at once on that thread, or before start().
  template <class F>
  auto call(F work) -> decltype(work());

  void send(std::string_view name, payload data, const send_options& options, node::completion done);
  void emit(std::string_view topic, payload data);

  std::uint64_t next_listener() noexcept { return ++last_listener_; }

  node_core& core() noexcept { return core_; }
  const node_options& options() const noexcept { return options_; }
  const std::string& name() const noexcept { return self_.name; }
  const node_id& id() const noexcept { return self_.id; }
  std::uint16_t port() const noexcept { return port_; }
  std::string url() const;
  asio::any_io_executor executor() const { return context_->get_executor(); }

  // For connections, on the node's thread.
  const crypto::identity& identity() const noexcept { return identity_; }
  const crypto::workspace_keys& keys() const noexcept { return keys_; }
  askr::authenticator& authenticator() noexcept { return *options_.authenticator; }
  mutable_byte_span scratch() noexcept { return scratch_; }
  byte_buffer& records() noexcept { return records_; }
  /// Something changed: the outputs are written at the end of this turn.
  void touch();
  void remove(connection& which);
  void log(log_level level, std::string_view line);
  /// Names the handler that ran last if the node's thread was held for too long since `started`.
  void warn_if_slow(time_point started, time_point now);
  void begin_turn(time_point now) noexcept;
  void finish_turn(link_id from);
  /// The time of the turn at hand; outside of one it reads the clock.
  time_point now() const noexcept { return in_turn_ ? turn_time_ : clock::now(); }
  bool running() const noexcept { return running_; }
  /// A stranger may stay until it has shown who it is: false if there are too many of them.
  bool admit_stranger(const asio::ip::address& address);
  void forget_stranger(const asio::ip::address& address);
  std::map<link_id, connection*>& links() noexcept { return links_; }
  std::map<session_id, connection*>& sessions() noexcept { return sessions_; }

 private:
  void listen();
  void accept();
  void adopt(asio::ip::tcp::socket socket);
  void open_beacon();
  void send_beacon();
  void on_beacon(byte_span datagram);
  void dial(const mesh::dial_request& request);
  void start_jobs();
  void start_job(handler_job job);
  void ask_authenticator();
  void open();
  void run_tasks();
  void run_own_tasks();
  void run_all(std::vector<task> tasks);
  bool here() const noexcept;  ///< On the node's thread, between start and stop.
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
  crypto::workspace_keys keys_;
  self_description self_;
  record_proof proof_;
  identity_signer signer_;
  mesh::record_memo memo_;
  node_core core_;
  worker_pool workers_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer accept_pause_;
  asio::steady_timer timer_;
  time_point timer_due_ = time_point::max();
  std::shared_ptr<transport::beacon_socket> beacon_;
  std::set<std::shared_ptr<connection>> connections_;
  std::map<link_id, connection*> links_;
  std::map<session_id, connection*> sessions_;
  std::map<asio::ip::address, std::size_t> strangers_;
  std::size_t strangers_count_ = 0;
  byte_buffer scratch_;  ///< What a socket had to read: links open records in it, in place.
  byte_buffer records_;  ///< Where small messages of several lanes are gathered for one record.
  std::vector<std::uint32_t> dirty_;
  bool turn_ending_ = false;
  bool in_turn_ = false;  ///< A link's bytes are being handled.
  time_point turn_time_;
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
  std::vector<task> tasks_;      ///< From other threads, guarded by tasks_mutex_.
  std::vector<task> own_tasks_;  ///< From handlers and completions, on the node's thread.
  std::vector<task> spare_tasks_;  ///< Empty; what the next tasks are gathered in.
  bool tasks_posted_ = false;
  std::atomic<std::uint64_t> last_listener_ = 0;
  std::atomic<std::uint64_t> events_refused_ = 0;  ///< Emitted when the queue of tasks was full, or after stop().
};

template <class F>
auto node_shell::call(F work) -> decltype(work()) {
  if (!running_ || context_->get_executor().running_in_this_thread()) {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return touch();
    } else {
      auto value = work();
      touch();
      return value;
    }
  }
  auto promise = std::make_shared<std::promise<decltype(work())>>();
  auto future = promise->get_future();
  asio::post(*context_, [this, promise, &work] {
    touch();
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      promise->set_value();
    } else {
      promise->set_value(work());
    }
  });
  return future.get();
}

}  // namespace askr
