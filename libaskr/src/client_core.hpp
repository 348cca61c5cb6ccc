// SPDX-License-Identifier: MIT
#pragma once

/// A whole client without a socket: the opening handshake, the greeting, commands out and in, events out and in, and
/// what is said again after a lost connection. The owner dials when take_dial() says so, moves octets, and sets one
/// timer. Formats: docs/protocol.md, "The client wire".
///
/// idle --connect()--> dialing --> upgrading --> greeting --welcome--> open --lost--> waiting --> dialing ...

#include "crypto/primitives.hpp"
#include "libaskr/src/client_commands.hpp"
#include "libaskr/src/client_listeners.hpp"
#include "libaskr/src/client_services.hpp"
#include "libaskr/src/client_url.hpp"
#include "transport/client_codec.hpp"
#include "transport/http.hpp"
#include "transport/websocket/handshake.hpp"
#include "transport/websocket/stream.hpp"

#include <askr/client.hpp>
#include <askr/random.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

class client_core {
 public:
  using completion = client_commands::completion;

  /// `options` must outlive the core and be valid. `seed`: of the waits before dialling again.
  client_core(client_options& options, client_url url, std::uint64_t seed);
  /// To be proved instead of a token.
  void set_key(crypto::sign_key_pair key) { key_ = std::move(key); }

  // --- the connection
  void connect(time_point now, completion done);
  /// Dial now, and give up after this long.
  std::optional<milliseconds> take_dial(time_point now);
  void on_dialed(time_point now);
  void on_dial_failed(time_point now, const error& why);
  /// `received` is unmasked in place. May call handlers, listeners and completions.
  void on_bytes(time_point now, mutable_byte_span received);
  /// The connection has ended, or the owner has closed it.
  void on_end(time_point now, const error& why);
  /// What to write next; stays where it is until consume().
  byte_span output() noexcept;
  void consume(std::size_t bytes);
  bool should_shutdown_send() const noexcept;
  /// Close the socket, then call on_end().
  bool should_close() const noexcept;
  /// Says goodbye; from then on nothing is accepted.
  void close(time_point now);
  /// True once close() has been called and the connection is gone, or the client gave up.
  bool closed() const noexcept { return phase_ == phase::closed && !wire_; }
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

  // --- the verbs
  struct question {
    std::string name, to = {}, key = {};
    payload data = {};
    milliseconds timeout = std::chrono::seconds(10);
    bool idempotent = false;
    askr::balance balance = askr::balance::p2c;
    bool all = false;                                            ///< To every node that serves it.
    command_id number = 0;                                       ///< To cancel it by; 0: never.
    std::shared_ptr<client_commands::part_receiver> parts = {};  ///< If its answer may come in parts.
  };
  void send(time_point now, question what, completion done);
  void cancel(command_id number);
  void emit(time_point now, std::string topic, payload data);
  void add_handler(std::string name, std::shared_ptr<detail::handler> handler);
  void remove_handler(std::string_view name);
  void add_listener(std::uint64_t id, std::string pattern, detail::listener listener, listen_options options = {});
  void remove_listener(std::uint64_t id);
  void ready(completion done);

  std::vector<client_job> take_jobs() { return services_.take_jobs(); }
  void on_answer(std::uint64_t serving, result<payload> outcome);
  /// A handler has put parts into its feed.
  void on_parts(std::uint64_t serving);

  /// Empty while there is none.
  const std::string& node_name() const noexcept { return node_name_; }

 private:
  enum class phase : std::uint8_t { idle, dialing, upgrading, greeting, open, waiting, closed };

  /// One connection, from the dialled socket on.
  struct wire {
    /// Defined elsewhere: to clang 14 a nested class with initializers cannot be constructed before this one ends.
    wire();

    websocket::client_handshake handshake;
    http::response_parser head;
    byte_buffer request;
    std::size_t request_written = 0;
    std::optional<websocket::stream> stream;
    std::optional<error> broken;   ///< Nothing more is to be said: close the socket.
    std::optional<error> refused;  ///< The node's own word; it explains the end of the connection.
    time_point welcome_due;
  };

  /// A command or, with mid 0, an event, on its way out or waiting for a connection.
  struct outgoing {
    std::uint64_t mid = 0;
    question what;
  };

  /// ready() that was asked for when `mid` was the last one.
  struct waiter {
    std::uint64_t mid = 0;
    completion done;
  };

  void dial(time_point now);
  void upgrade(time_point now);
  void greet();
  void say_hello();
  void show_key(std::string_view signature);
  void on_challenge(const transport::client_message& said);
  void on_welcome(time_point now, const transport::client_message& said);
  void lost(time_point now, const error& why);
  error why_lost(const error& given) const;
  void give_up(const error& why);
  void receive(time_point now, const websocket::message& received);
  void handle(time_point now, const transport::client_message& said);
  void on_failure(time_point now, const transport::client_message& said);
  void on_command(time_point now, const transport::client_message& said);
  void on_credit(const transport::client_message& said);
  void on_event(const transport::client_message& said);
  void on_gap(const transport::client_message& said);
  void answer(const transport::message_id& mid, const result<payload_view>& outcome);
  bool say_part(served_command& which, payload_view part);

  bool is_open() const noexcept { return phase_ == phase::open; }
  bool accepts(std::size_t more_bytes, const completion& done);
  void transmit(time_point now, const outgoing& what);
  void wait(outgoing what);
  void say_again(time_point now);
  void declare(transport::client_message::kind what, std::string_view name);
  void subscribe(std::string_view pattern, bool again);
  void on_ready(std::uint64_t mid, const transport::client_message& said);
  void fence();
  void acknowledge(std::uint64_t mid);
  void complete_waiters();
  void problem(error why, std::string_view about);
  result<void> write(const transport::client_message& message);
  std::uint64_t await();
  void log(log_level level, const std::string& line);

  std::optional<crypto::sign_key_pair> key_;
  client_options& options_;
  client_url url_;
  rng random_;
  entropy entropy_;
  transport::client_codec codec_;
  transport::client_encoding encoding_;
  byte_buffer encoded_;

  phase phase_ = phase::idle;
  std::optional<wire> wire_;
  bool dial_wanted_ = false;
  bool welcomed_once_ = false;
  unsigned attempts_ = 0;                    ///< Dialled in vain since the last welcome.
  time_point dial_due_ = time_point::max();  ///< phase::waiting
  std::string node_name_;
  std::vector<completion> connecting_;

  std::uint64_t last_mid_ = 0;
  client_commands commands_;
  std::deque<outgoing> unsent_;
  std::size_t unsent_bytes_ = 0;
  client_services services_;
  client_listeners listeners_;
  std::map<std::uint64_t, std::string>
      awaited_;  ///< Subscriptions, serves and fences that the node has to acknowledge.
  std::map<std::uint64_t, std::string> ready_asked_;  ///< Subscriptions whose answer says how many nodes are ready.
  std::deque<waiter> waiters_;
  std::optional<error> problem_;  ///< The first refusal since the last ready().
};

}  // namespace askr
