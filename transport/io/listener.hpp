// SPDX-License-Identifier: MIT
#pragma once

/// Where connections come in: the TCP port that serves everything, and a unix socket beside it for nodes of this host.

#include "transport/io/unix_socket.hpp"

#include <askr/endpoint.hpp>
#include <askr/error.hpp>
#include <askr/time.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace askr::transport {

/// Owned by one thread.
class listener : public std::enable_shared_from_this<listener> {
 public:
  using receiver = std::function<void(stream_socket)>;

  explicit listener(asio::io_context& context);

  /// Listens at the first port of `tries` from `at.port` that is free; `at.port` 0: any. The port it is, or
  /// bad_options (no IP address) or io_failed.
  result<std::uint16_t> open(const endpoint& at, std::uint16_t tries);
  /// Fails with io_failed if the name is taken, by whomever.
  result<void> open_unix(const asio::local::stream_protocol::endpoint& at);
  void start(receiver on_connection);
  void close();

 private:
  /// After a failure, most likely for want of descriptors, accepting pauses: twice as long each time, 1 s at most.
  struct pause {
    asio::steady_timer timer;
    milliseconds next;
  };

  template <class Acceptor>
  void accept(Acceptor& at, pause& rest);

  asio::ip::tcp::acceptor tcp_;
  pause tcp_pause_;
  asio::local::stream_protocol::acceptor unix_;
  pause unix_pause_;
  receiver on_connection_;
};

}  // namespace askr::transport
