// SPDX-License-Identifier: MIT
#pragma once

/// The Asio shell of a client: one socket, one timer, one thread (or the user's io_context) around a client_core. A
/// turn: handle what is ready, then once, at the end, dial, write, close and set the timer as the core wants it.

#include "libaskr/src/client_core.hpp"
#include "libaskr/src/worker_pool.hpp"
#include "transport/tls.hpp"

#include <askr/client.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace askr {

class client_shell : public std::enable_shared_from_this<client_shell> {
 public:
  using task = detail::unique_function<void()>;

  client_shell(client_options options, asio::io_context* context);
  ~client_shell();

  void start();
  /// Closes, waits for that unless it is on the client's thread, and stops the threads.
  void stop();
  /// Says goodbye; waits until the node has answered, or a second, unless it is on the client's thread.
  void close();

  /// Runs `work` on the client's thread, never inside the caller's stack. False if the queue of such work is full, or
  /// the client was stopped.
  bool run(task work);
  void connect(client::completion done);
  /// Hands over a command. `done` is called in any case.
  /// `what` has the rarer wishes; name, data and options are put in.
  void send(std::string_view name, payload data, const send_options& options, client::completion done,
            client_core::question what = {});
  void cancel(command_id number);
  command_id next_command() noexcept { return ++last_command_; }
  /// Runs `work(done)` on the client's thread; if it cannot, `done` gets `closed`.
  void run_with(client::completion done, detail::unique_function<void(client::completion)> work);

  std::uint64_t next_listener() noexcept { return ++last_listener_; }
  client_core& core() noexcept { return core_; }
  const client_options& options() const noexcept { return options_; }
  std::string node_name() const;
  bool on_own_thread() const noexcept { return context_->get_executor().running_in_this_thread(); }
  asio::any_io_executor executor() const { return context_->get_executor(); }

 private:
  void run_tasks();
  void touch();
  void end_turn();
  void start_jobs();
  void start_job(client_job job);
  void dial(milliseconds timeout);
  void adopt(asio::ip::tcp::socket socket);
  void read();
  void on_received(mutable_byte_span received);
  void write();
  byte_span next_output();
  void consume(std::size_t written);
  void drop_socket(const error& why);
  void arm_timer();
  void note_state();

  client_options options_;
  std::unique_ptr<asio::io_context> own_context_;
  asio::io_context* context_;
  client_core core_;
  worker_pool workers_;
  asio::ip::tcp::socket socket_;
  std::optional<tls::context> tls_context_;  ///< For wss.
  std::unique_ptr<tls::channel> tls_;        ///< Of the socket.
  byte_buffer plain_;                        ///< What it has opened last,
  byte_buffer sealed_;                       ///< and what is being written.
  std::size_t sealed_written_ = 0;
  std::uint64_t connection_ = 0;  ///< Counts sockets: completions of an earlier one are stale.
  bool writing_ = false;
  bool shut_down_ = false;
  asio::steady_timer timer_;
  time_point timer_due_ = time_point::max();
  byte_buffer received_;
  bool turn_ending_ = false;
  std::thread thread_;

  mutable std::mutex mutex_;  ///< Of what follows.
  std::vector<task> tasks_;
  bool tasks_posted_ = false;
  bool stopped_ = false;
  std::string node_name_;
  std::vector<std::promise<void>> closing_;

  std::vector<task> running_tasks_;
  std::atomic<std::uint64_t> last_listener_ = 0;
  std::atomic<command_id> last_command_ = 0;
};

}  // namespace askr
