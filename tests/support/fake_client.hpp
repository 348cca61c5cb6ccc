// SPDX-License-Identifier: MIT
#pragma once

/// A WebSocket client without a socket, that says and hears JSON texts, for tests of what nodes answer to clients.

#include "libaskr/src/caller.hpp"
#include "transport/websocket/stream.hpp"

#include <askr/bytes.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace askr::test {

class fake_client {
 public:
  struct options {
    std::vector<std::string> subprotocols = {};
    std::string address = "127.0.0.1";
    bool loopback = true;
  };

  fake_client(std::size_t node, const options& how, time_point now);

  void say(std::string_view json);
  void say_binary(byte_span bytes);
  /// What it has heard since the last call.
  std::vector<std::string> take();
  /// The same as one text, " | " between messages.
  std::string heard();
  /// How the server ended it; 0: not yet.
  websocket::close_code closed_with() const { return stream_ ? stream_->cause().code : 0; }
  /// What HTTP said if there was no upgrade.
  const std::string& http() const { return head_; }

  // For core_network.
  byte_buffer take_output();
  void on_bytes(time_point now, byte_span written);
  void on_end(time_point now);

  std::size_t node;
  session_id session = no_session;
  bool deaf = false;  ///< Reads nothing.
  bool gone = false;  ///< The connection broke.

 private:
  entropy entropy_;
  time_point opened_;
  std::optional<websocket::stream> stream_;
  std::string head_;
  byte_buffer output_;
  std::vector<std::string> heard_;
};

}  // namespace askr::test
