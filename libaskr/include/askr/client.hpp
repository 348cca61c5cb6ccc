// SPDX-License-Identifier: MIT
#pragma once

/// A client: the verbs of a node, spoken over a WebSocket to a node that runs elsewhere. It has no keys, no links and
/// no part in the mesh; what it serves and listens to is announced by the node it is connected to.
///
///     askr::client client{{.url = "ws://127.0.0.1:8800"}};
///     client.listen("FETCHED_TIME", [](std::int64_t time) { std::cout << time << '\n'; });
///     client.connect();
///     auto time = client.send("fetch").get().as<std::int64_t>();

#include <askr/answers.hpp>
#include <askr/command.hpp>
#include <askr/completion.hpp>
#include <askr/encoding.hpp>
#include <askr/event.hpp>
#include <askr/handler.hpp>
#include <askr/listen_options.hpp>
#include <askr/options.hpp>
#include <askr/payload.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio {
class io_context;
}

namespace askr {

class client_shell;

/// How a client behaves. Every member has a default.
struct client_options {
  std::string url = "ws://127.0.0.1:8800";      ///< ws:// or wss://host[:port][/path] of any node.
  std::string workspace = {};                   ///< Empty: that of the node. Another one: connect() fails.
  std::string token = {};                       ///< Shown in the first message; empty: none.
  std::string signing_key_file = {};            ///< 0600 file with the client's own key, to prove instead of a token.
  std::string ca_file = {};                     ///< For wss: PEM of whom to believe; empty: the system's authorities.
  std::string certificate_file = {};            ///< For wss: PEM, shown to a node that asks for it; empty: none.
  std::string key_file = {};                    ///< Its private key, PEM; 0600.
  askr::encoding encoding = encoding::msgpack;  ///< On the wire: msgpack (binary frames), or json (text frames).
  bool reconnect = true;                        ///< When the connection is lost; else the client is closed then.
  milliseconds reconnect_first = 100ms;         ///< The first wait is random up to this; it doubles,
  milliseconds reconnect_max = seconds(5);      ///< up to this.
  milliseconds connect_timeout = seconds(5);    ///< From the dial to the node's welcome.
  std::size_t message_bytes_max = 1 << 20;      ///< One message sent; larger is too_large. A node takes 1 MiB.
  std::size_t received_bytes_max = 16 << 20;    ///< One message received; larger closes the connection.
  std::size_t output_bytes_max = 8 << 20;       ///< Queued and not written; above it commands get overloaded.
  std::size_t commands_pending_max = 4096;      ///< Sent and not answered; more gets overloaded. A node takes 4,096.
  std::size_t serving_max = 1024;               ///< Blocking and coroutine handlers at work; more gets overloaded.
  std::size_t workers = 2;                      ///< Threads for blocking handlers, started with the first of them.
  log_sink log = {};                            ///< Called on the client's thread. Empty: nothing is logged.
};

/// Names the first broken rule (errc::bad_options).
result<void> validate(const client_options& options);

using listener_id = std::uint64_t;

/// All member functions may be called from any thread, also from handlers, unless they say otherwise. Handlers,
/// listeners and callbacks run on the client's one thread (its own, or the one that runs the io_context given to it),
/// never inside a caller's stack. A client must not be destroyed on its own thread, nor in a blocking handler of its
/// own.
///
/// on, listen, send and emit may come before connect(): they take effect when the node has said welcome. After a lost
/// connection the client dials again, serves and listens as before, and sends what was waiting; commands that had been
/// sent end in peer_lost, since they may have run. Topics that it has heard before go on where it stopped: the events of the
/// meantime come first, and those that are gone are told as gaps.
class client {
 public:
  using completion = detail::unique_function<void(result<payload>)>;

  /// Throws failure(errc::bad_options). Nothing is opened before connect().
  explicit client(client_options options = {});
  /// Runs on `context`, which must be run by one thread only and must outlive the client.
  client(client_options options, asio::io_context& context);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Returns when the node has said welcome. Throws failure: io_failed (no node there), timed_out, unauthenticated,
  /// denied, wrong_workspace, overloaded, unsupported, closed. May be tried again. Not on the client's own thread:
  /// there, use async_connect().
  void connect();
  /// The same with a completion token `void(std::error_code, payload)`; the payload is as with async_send().
  template <class Token>
  auto async_connect(Token&& token) {
    return detail::async_outcome(
        get_executor(), [this](completion done) { connect_with(std::move(done)); }, std::forward<Token>(token));
  }
  void connect_with(completion done);

  /// Says goodbye and closes; whatever is pending ends in `closed`. May be called twice.
  void close();

  /// Serves a command, for the whole workspace. A second handler of the same name replaces the first. See
  /// <askr/handler.hpp> for its forms. Of who asked only the name is known here.
  template <class F>
  client& on(std::string name, F handler) {
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
  /// The same, with something of the past first, told of gaps, or of being ready: see <askr/listen_options.hpp>. The
  /// past comes with the first listener of a pattern only.
  template <class F>
  listener_id listen(std::string pattern, listen_options options, F listener) {
    return add_listener(std::move(pattern), std::move(options), detail::make_listener(std::move(listener)));
  }
  void unlisten(listener_id listener);

  /// The future is ready when the node has acknowledged everything that was served, listened to and emitted so far. It
  /// throws the first refusal since the last ready(), as failure: denied, overloaded, bad_payload, too_large, closed.
  std::future<void> ready();

  /// As node::send: the future gives the answer, or throws failure. Do not wait for it on the client's own thread.
  template <class T>
  std::future<payload> send(std::string_view name, const T& data, send_options options = {}) {
    return send_payload(name, payload::from(data), options);
  }
  std::future<payload> send(std::string_view name) { return send_payload(name, payload{}, {}); }
  std::future<payload> send(std::string_view name, payload data, send_options options = {}) {
    return send_payload(name, std::move(data), options);
  }

  /// The same with a completion token `void(std::error_code, payload)`, completed on the token's associated executor
  /// (default: the client's). On an error the payload is its sentence, a string. The views must live until the
  /// operation has begun. A signal through the token's cancellation slot gives the command up.
  template <class Token>
  auto async_send(std::string_view name, payload data, send_options options, Token&& token) {
    return detail::async_cancelable(
        get_executor(), [this] { return next_command(); }, canceler(),
        [this, name, data = std::move(data), options](completion done, command_id number) mutable {
          send_numbered(name, std::move(data), options, std::move(done), number);
        },
        std::forward<Token>(token));
  }

  /// The same with a plain callback on the client's thread.
  void send_with(std::string_view name, payload data, send_options options, completion done);
  /// The same, and the number to cancel() it by.
  command_id send_cancelable(std::string_view name, payload data, send_options options, completion done);
  /// Gives a command up that has no outcome yet: it ends in `canceled`, and the node is told.
  void cancel(command_id which);

  /// As node::stream: `on_part` hears each part of the answer, then `done` the outcome, on the client's thread.
  command_id stream(std::string_view name, payload data, send_options options,
                    detail::unique_function<void(payload_view)> on_part, completion done);

  /// As node::send_all: the answer of each node that serves the command, or its error.
  std::future<std::vector<node_answer>> send_all(std::string_view name, payload data = {}, send_options options = {});
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

  /// As given in the options.
  const std::string& url() const noexcept;
  /// The full name of the node that it is connected to; empty while there is none.
  std::string node_name() const;

  asio::any_io_executor get_executor() const;

 private:
  void add_handler(std::string name, std::shared_ptr<detail::handler> handler);
  listener_id add_listener(std::string pattern, listen_options options, detail::listener listener);
  void emit_payload(std::string_view topic, payload data);
  std::future<payload> send_payload(std::string_view name, payload data, send_options options);
  void send_numbered(std::string_view name, payload data, send_options options, completion done, command_id number);
  void gather(std::string_view name, payload data, send_options options, completion done, command_id number);
  command_id next_command();
  /// Calls cancel() while the client is there.
  std::function<void(command_id)> canceler();

  std::shared_ptr<client_shell> shell_;
};

}  // namespace askr
