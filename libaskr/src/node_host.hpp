// SPDX-License-Identifier: MIT
#pragma once

/// What stands between a node, as its user holds it, and the core that is the node: the Asio shell, or a simulation.
/// What both do the same way is done here.

#include "libaskr/src/node_core.hpp"

#include <askr/node.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace askr {

class node_host {
 public:
  using task = detail::unique_function<void()>;

  virtual ~node_host() = default;

  virtual void start() = 0;
  virtual void stop() = 0;

  /// Runs `work` on the node's thread, in a turn of its own, never inside the caller's stack, and not before start().
  /// False, and `work` is as it was, if the queue of such work is full, or the node was stopped.
  virtual bool run(task&& work) = 0;
  /// Runs `work` on the node's thread and waits for what it returns; at once on that thread, or before start().
  template <class F>
  auto call(F work) -> decltype(work());

  void send(std::string_view name, payload data, const send_options& options, node::completion done);
  /// The rarer ways to send a command.
  struct question {
    node::completion done;
    command_id number = 0;                      ///< To cancel it by; 0: never.
    std::shared_ptr<part_receiver> parts = {};  ///< If its answer may come in parts.
    bool all = false;                           ///< To every node that serves it.
  };
  void ask(std::string_view name, payload data, const send_options& options, question how);
  void cancel(command_id number);
  command_id next_command() noexcept { return ++last_command_; }
  void emit(std::string_view topic, payload data);

  listener_id listen(std::string pattern, listen_options options, detail::listener listener);
  void log(log_level level, std::string_view line);

  virtual node_core& core() noexcept = 0;
  virtual const node_options& options() const noexcept = 0;
  virtual const self_description& self() const noexcept = 0;
  virtual std::string url() const = 0;
  virtual std::uint16_t port() const noexcept = 0;
  virtual asio::any_io_executor executor() const = 0;
  /// On the node's thread.
  virtual void authenticate_again() = 0;
  const std::string& name() const noexcept { return self().name; }
  const node_id& id() const noexcept { return self().id; }

 protected:
  /// The time of the turn at hand; outside of one it reads the clock.
  virtual time_point now() const noexcept = 0;
  /// On the node's thread, between start and stop,
  virtual bool here() const noexcept = 0;
  /// and in the midst of a link's turn, so that what is appended to an outbox now leaves at its end.
  virtual bool in_turn() const noexcept = 0;
  /// The time, for a caller on any thread; now() is for the node's own.
  virtual time_point asked_at() const noexcept { return now(); }
  /// On the node's thread, where nothing waits that was asked before: what no code of this node hears is emitted at
  /// once. False: it is not.
  virtual bool try_emit(std::string_view /*topic*/, payload_view /*data*/) { return false; }
  virtual bool stopped() const noexcept = 0;
  virtual void call_and_wait(const std::function<void()>& work) = 0;
  virtual log_sink& sink() noexcept = 0;

 private:
  /// How many commands led to one that is sent now.
  std::uint8_t depth() noexcept;

  std::atomic<std::uint64_t> last_listener_ = 0;
  std::atomic<command_id> last_command_ = 0;
  std::atomic<std::uint64_t> events_refused_ = 0;  ///< Emitted when the queue of tasks was full, or after stop().
};

template <class F>
auto node_host::call(F work) -> decltype(work()) {
  if constexpr (std::is_void_v<decltype(work())>) {
    call_and_wait(work);
  } else {
    std::optional<decltype(work())> value;
    call_and_wait([&] { value.emplace(work()); });
    return std::move(*value);
  }
}

}  // namespace askr
