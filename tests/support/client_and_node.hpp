// SPDX-License-Identifier: MIT
#pragma once

/// A whole client_core and the node it talks to, both in memory.

#include "libaskr/src/client_core.hpp"
#include "tests/support/fake_node.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace askr::test {

/// A client, the node it is connected to, and the wire between them.
struct client_and_node {
  client_options options;
  time_point now{seconds(1000)};
  std::optional<client_core> core;
  std::optional<fake_node> node;
  std::optional<result<payload>> connected;

  client_core& client() {
    if (!core) core.emplace(options, client_url::parse(options.url).value(), 7);
    return *core;
  }
  static client_core::completion into(std::optional<result<payload>>& outcome) {
    return [&outcome](result<payload> came) { outcome = std::move(came); };
  }

  /// Carries bytes both ways until both are silent.
  void exchange() {
    for (bool moved = true; moved;) {
      moved = false;
      while (!client().output().empty()) {
        const auto bytes = client().output();
        node->on_bytes(now, bytes);
        client().consume(bytes.size());
        moved = true;
      }
      while (!node->session().output().empty()) {
        const auto bytes = node->session().output();
        byte_buffer copy(bytes.begin(), bytes.end());
        node->session().consume(copy.size());
        client().on_bytes(now, copy);
        moved = true;
      }
    }
  }
  void dial() {
    BOOST_REQUIRE(client().take_dial(now));
    node.emplace(now);
    client().on_dialed(now);
    exchange();
  }
  /// Connected and welcomed; what the client has said since then is waiting at the node.
  void open() {
    if (!connected) client().connect(now, into(connected));
    dial();
    auto hello = node->take();
    if (hello.what == transport::client_message::kind::auth) hello = node->take();
    BOOST_REQUIRE(hello.what == transport::client_message::kind::hello);
    node->welcome(hello.mid.number());
    exchange();
  }
  void lose() {
    client().on_end(now, {errc::closed, "reset"});
    node.reset();
  }
  void redial() {
    const auto due = client().next_timeout();
    BOOST_REQUIRE(due != time_point::max());
    now = std::max(now, due);
    client().on_timeout(now);
    open();
  }
  std::optional<result<payload>>& send(std::string name, milliseconds timeout = seconds(10)) {
    auto& outcome = outcomes.emplace_back();
    client().send(now, {.name = std::move(name), .data = payload::from(1), .timeout = timeout}, into(outcome));
    return outcome;
  }
  std::deque<std::optional<result<payload>>> outcomes;
};

}  // namespace askr::test
