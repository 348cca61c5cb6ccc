// SPDX-License-Identifier: MIT
#pragma once

/// The node's end of a client connection, in memory: says what a test wants said, and keeps what it hears.

#include "transport/session.hpp"

#include <askr/payload.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace askr::test {

/// A message that outlives what it was decoded from.
struct heard {
  transport::client_message::kind what;
  transport::message_id mid;
  std::string name;
  std::string token;
  std::string workspace;
  std::string to;
  payload data;
  std::optional<milliseconds> timeout;
  std::optional<std::uint64_t> last;
  std::string positions;  ///< "topic from epoch sequence; ..."
  bool ready = false;
  bool text = false;
  bool all = false;
  bool stream = false;
  std::uint64_t part = 0;
  std::string error = {};
  std::size_t bytes = 0;  ///< Of the whole message.
};

/// The node's end of one connection.
class fake_node {
 public:
  using client_message = transport::client_message;
  using message_id = transport::message_id;
  using kind = client_message::kind;

  explicit fake_node(time_point now) : session_(options(), random_, deflate_, {"127.0.0.1", true, now}) {}

  static const transport::session_options& options() {
    static const transport::session_options made = [] {
      transport::session_options session;
      session.handshake.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
      session.unadmitted_bytes_max = session.stream.limits.message_bytes_max;  // It lets everybody in.
      return session;
    }();
    return made;
  }

  void on_bytes(time_point now, byte_span received) {
    byte_buffer copy(received.begin(), received.end());
    session_.on_bytes(now, copy);
    while (const auto next = session_.next()) keep(*next);
  }

  void say(const client_message& message) { BOOST_REQUIRE(session_.send(codec_, message)); }
  void say(kind what, std::uint64_t mid, payload data = {}) {
    client_message message;
    message.what = what;
    message.mid = message_id::from_uint(mid);
    message.data = data.bytes();
    message.data_encoding = data.kind();
    say(message);
  }
  void ask(std::uint64_t mid, std::string_view name, const payload& data = {}, bool stream = false) {
    client_message message;
    message.mid = message_id::from_uint(mid);
    message.name = name;
    message.data = data.bytes();
    message.data_encoding = data.kind();
    message.stream = stream;
    say(message);
  }
  void give_credit(std::uint64_t mid, std::uint64_t bytes) {
    client_message message;
    message.what = kind::credit;
    message.mid = message_id::from_uint(mid);
    message.bytes = bytes;
    say(message);
  }
  void welcome(std::uint64_t mid) {
    client_message message;
    message.what = kind::welcome;
    message.mid = message_id::from_uint(mid);
    message.node_name = "askr-edge-x1Y2z3";
    message.workspace = "global";
    message.version = "0.1.0";
    say(message);
  }
  void refuse(std::uint64_t mid, errc code, std::string_view text) {
    client_message message;
    message.what = kind::failure;
    message.mid = mid == 0 ? message_id{} : message_id::from_uint(mid);
    message.code = code;
    message.text = text;
    say(message);
  }

  transport::session& session() { return session_; }
  heard take() {
    BOOST_REQUIRE(!heard_.empty());
    auto first = std::move(heard_.front());
    heard_.pop_front();
    return first;
  }
  bool heard_nothing() const { return heard_.empty(); }

 private:
  static std::string text_of(const std::vector<transport::client_position>& positions) {
    std::string text;
    for (const auto& each : positions) {
      text += std::string(each.topic) + " " + std::string(each.from) + " " + std::to_string(each.epoch) + " " +
              std::to_string(each.sequence) + "; ";
    }
    return text;
  }

  void keep(const websocket::message& received) {
    const auto how = received.text ? transport::client_encoding::json : transport::client_encoding::msgpack;
    const auto said = codec_.decode(received.data, how);
    BOOST_REQUIRE(said);
    heard_.push_back({said->what, said->mid, std::string(said->name), std::string(said->token),
                      std::string(said->workspace), std::string(said->to),
                      payload(payload_view(said->data, said->data_encoding)), said->timeout, said->last,
                      text_of(said->positions), said->ready, received.text, said->all, said->stream, said->part,
                      std::string(said->text), received.data.size()});
  }

  entropy random_;
  websocket::deflate_context deflate_;
  transport::client_codec codec_;
  transport::session session_;
  std::deque<heard> heard_;
};

}  // namespace askr::test
