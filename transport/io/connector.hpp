// SPDX-License-Identifier: MIT
#pragma once

/// One attempt to connect: resolves the host, tries its addresses one after the other, and gives up at a deadline.

#include <askr/endpoint.hpp>
#include <askr/error.hpp>
#include <askr/time.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace askr::transport {

/// Owned by one thread; keeps itself alive until it has answered.
class connector : public std::enable_shared_from_this<connector> {
 public:
  using completion = std::function<void(result<asio::ip::tcp::socket>)>;

  explicit connector(asio::io_context& context) : resolver_(context), socket_(context), deadline_(context) {}

  /// Answers once: a connected socket, or io_failed (naming the step) or timed_out.
  void start(const endpoint& to, milliseconds timeout, completion done);
  /// Ends it without an answer.
  void cancel();

 private:
  void connect(const asio::ip::tcp::resolver::results_type& addresses);
  void finish(result<asio::ip::tcp::socket> outcome);

  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer deadline_;
  completion done_;
};

}  // namespace askr::transport
