// SPDX-License-Identifier: MIT
#pragma once

/// A node: serves commands, sends them, emits and hears events, and holds connected state; one of many equal ones.
///
///     askr::node agent{{.name = "agent"}};
///     agent.on("fetch", [] { return now_ms(); });
///     agent.start();
///     auto time = agent.send("fetch").get().as<std::int64_t>();

#include <askr/answers.hpp>
#include <askr/command.hpp>
#include <askr/completion.hpp>
#include <askr/counters.hpp>
#include <askr/endpoint.hpp>
#include <askr/event.hpp>
#include <askr/handler.hpp>
#include <askr/listen_options.hpp>
#include <askr/options.hpp>
#include <askr/payload.hpp>

#include <asio/any_io_executor.hpp>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace asio {
class io_context;
}

namespace askr {

class node_host;

/// One node of the workspace as this node sees it.
struct node_info {
  std::string name;
  node_id id;
  std::string version;                 ///< Of the askr library it runs.
  std::vector<std::string> endpoints;
  std::vector<std::string> commands;   ///< What it serves.
  std::vector<std::string> topics;     ///< What it listens to.
  bool self = false;
  std::string link = {};               ///< How it is linked to this node: "unix", or the other end's address; "": it is not.
};

using listener_id = std::uint64_t;

/// All member functions may be called from any thread, also from handlers. Handlers, listeners and watchers run on the
/// node's one thread (its own, or the one that runs the io_context given to it), never inside a caller's stack. A node
/// must not be destroyed on its own thread, nor in a blocking handler of its own.
class node {
 public:
  using completion = detail::unique_function<void(result<payload>)>;

  /// Throws failure(errc::bad_options). Nothing is opened before start().
  explicit node(node_options options = {});
  /// Runs on `context`, which must be run by one thread only and must outlive the node.
  node(node_options options, asio::io_context& context);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Listens, beacons and dials the seeds; returns when clients can connect.
  /// Throws failure: io_failed (no port), bad_key_file, bad_options.
  void start();
  /// Says goodbye to peers and clients and closes everything; pending commands end in `closed`. May be called twice.
  /// In a handler, a blocking one too, it only begins, and the rest follows after that handler. With an io_context
  /// of yours, call it while that is run by another thread, or after its stop(); else it waits for ever.
  void stop();

  /// Serves a command. A second handler of the same name replaces the first. See <askr/handler.hpp> for its forms.
  template <class F>
  node& on(std::string name, F handler) {
    add_handler(std::move(name), detail::make_handler(std::move(handler)));
    return *this;
  }
  /// Serves it no longer. Calls in flight end as usual.
  void off(std::string name);

  /// Sends an event to all who listen to the topic in the whole workspace. Never blocks.
  template <class T>
  void emit(std::string_view topic, const T& data) {
    emit_payload(topic, payload::from(data));
  }
  void emit(std::string_view topic) { emit_payload(topic, payload{}); }
  void emit(std::string_view topic, payload data) { emit_payload(topic, std::move(data)); }

  /// Calls the listener for each event of a topic, or of a pattern (`sensor.*.temp`, `sensor.>`), from any node.
  template <class F>
  listener_id listen(std::string pattern, F listener) {
    return add_listener(std::move(pattern), {}, detail::make_listener(std::move(listener)));
  }
  /// The same, with something of the past first, told of gaps, or of being ready: see <askr/listen_options.hpp>.
  template <class F>
  listener_id listen(std::string pattern, listen_options options, F listener) {
    return add_listener(std::move(pattern), std::move(options), detail::make_listener(std::move(listener)));
  }
  void unlisten(listener_id listener);

  /// Sends a command to a node that serves it, here or elsewhere. The future gives the answer, or throws failure with
  /// exactly one of: no_handler, denied, timed_out, peer_lost, overloaded, handler_failed, canceled, too_large, no_node,
  /// bad_payload, closed. Do not wait for it on the node's own thread.
  template <class T>
  std::future<payload> send(std::string_view name, const T& data, send_options options = {}) {
    return send_payload(name, payload::from(data), options);
  }
  std::future<payload> send(std::string_view name) { return send_payload(name, payload{}, {}); }
  std::future<payload> send(std::string_view name, payload data, send_options options = {}) {
    return send_payload(name, std::move(data), options);
  }

  /// The same with a completion token `void(std::error_code, payload)`, completed on the token's associated executor
  /// (default: the node's). On an error the payload is its sentence, a string. A signal through the token's cancellation
  /// slot gives the command up: the outcome is `canceled`, and a handler that works on it is told.
  template <class Token>
  auto async_send(std::string_view name, payload data, send_options options, Token&& token) {
    return detail::async_cancelable(
        get_executor(), [this] { return next_command(); }, canceler(),
        [this, name, data = std::move(data), options](completion done, command_id number) mutable {
          send_numbered(name, std::move(data), options, std::move(done), number);
        },
        std::forward<Token>(token));
  }

  /// The same with a plain callback on the node's thread.
  void send_with(std::string_view name, payload data, send_options options, completion done);
  /// The same, and the number to cancel() it by.
  command_id send_cancelable(std::string_view name, payload data, send_options options, completion done);
  /// Gives a command up that has no outcome yet: it ends in `canceled`.
  void cancel(command_id which);

  /// Sends a command whose answer may come in parts: `on_part` hears each of them, then `done` the outcome, both on the
  /// node's thread. While `on_part` is at work the handler is held, a few parts ahead.
  command_id stream(std::string_view name, payload data, send_options options,
                    detail::unique_function<void(payload_view)> on_part, completion done);

  /// Asks every node that serves the command (of those that all serve: every node), and gives the answer of each, or its
  /// error: `timed_out` if it was silent. Throws failure as send() does, no_handler if there is none to ask.
  std::future<std::vector<node_answer>> send_all(std::string_view name, payload data = {}, send_options options = {});
  /// The same with a callback on the node's thread. For coroutines: async_send_all().
  void send_all_with(std::string_view name, payload data, send_options options,
                     detail::unique_function<void(result<std::vector<node_answer>>)> done);
  /// The same with a completion token `void(std::error_code, payload)`; read_answers() reads the payload.
  template <class Token>
  auto async_send_all(std::string_view name, payload data, send_options options, Token&& token) {
    return detail::async_cancelable(
        get_executor(), [this] { return next_command(); }, canceler(),
        [this, name, data = std::move(data), options](completion done, command_id number) mutable {
          gather(name, std::move(data), options, std::move(done), number);
        },
        std::forward<Token>(token));
  }

  /// The connected state: this node's own map, readable by everybody who may, by STATE_REQUEST.
  void set_state(std::string key, payload value);
  std::optional<payload> state(std::string_view key) const;
  /// Called on the node's thread after each change of the connected state by STATE_SET.
  void watch_state(detail::unique_function<void(std::string_view key, payload_view value)> watcher);

  /// Asks the authenticator again about every node and client that is in; whom it refuses now is closed. For verdicts
  /// that rest on more than its files(), which are looked after.
  void authenticate_again();

  /// The label given in the options and the full name, for example "askr-agent-x1Y2z3".
  std::string name() const;
  node_id id() const;
  std::string workspace() const;
  /// The port it listens on; 0 before start().
  std::uint16_t port() const;
  /// For example "ws://127.0.0.1:8800".
  std::string url() const;
  /// All nodes of the workspace, this one first. Waits for the node's thread.
  std::vector<node_info> nodes() const;
  askr::counters counters() const;

  asio::any_io_executor get_executor() const;

 private:
  friend class simulation;
  explicit node(std::shared_ptr<node_host> host);

  void add_handler(std::string name, std::shared_ptr<detail::handler> handler);
  listener_id add_listener(std::string pattern, listen_options options, detail::listener listener);
  void emit_payload(std::string_view topic, payload data);
  std::future<payload> send_payload(std::string_view name, payload data, send_options options);
  void send_numbered(std::string_view name, payload data, send_options options, completion done, command_id number);
  void gather(std::string_view name, payload data, send_options options, completion done, command_id number);
  command_id next_command();
  /// Calls cancel() while the node is there.
  std::function<void(command_id)> canceler();

  std::shared_ptr<node_host> host_;
};

}  // namespace askr
