// SPDX-License-Identifier: MIT
#pragma once

/// Connections to a node on loopback, blocking and with a deadline: a WebSocket client, and plain bytes.

#include "tests/support/fake_client.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace askr::test {

/// Sends what it is given and reads until the other side ends.
class raw_socket {
 public:
  raw_socket(std::uint16_t port, std::string_view first);

  void write(byte_span bytes);
  /// What came before the deadline, at least one byte; empty: nothing came, or it has ended.
  byte_buffer read(time_point deadline);
  bool ended() const { return ended_; }
  /// True if the other side ends within some seconds.
  bool wait_for_end();

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  bool ended_ = false;
};

class socket_client {
 public:
  explicit socket_client(std::uint16_t port);

  void say(std::string_view json);
  /// Reads until it has heard so many messages in all; false if they do not come.
  bool wait_for(std::size_t messages);
  bool wait_for_end();
  const std::vector<std::string>& heard() const { return heard_; }
  websocket::close_code closed_with() const { return client_.closed_with(); }

 private:
  bool read_some(time_point deadline);

  fake_client client_;
  raw_socket socket_;
  std::vector<std::string> heard_;
};

}  // namespace askr::test
