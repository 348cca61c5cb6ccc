// SPDX-License-Identifier: MIT
// Links between nodes on one host: by unix socket, and by TCP where that cannot be.
#include "transport/io/unix_socket.hpp"

#include "libaskr/src/node_setup.hpp"

#include "tests/support/threaded_nodes.hpp"

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/write.hpp>

BOOST_AUTO_TEST_SUITE(unix_links_threaded)

namespace {

using namespace askr;
using namespace askr::test;

crypto::workspace_keys keys_of_this_case() {
  return crypto::workspace_keys::derive(std::nullopt, options_of("any").workspace);
}

/// How a node is linked to the one other that there is.
std::string link_of(const node& one) {
  if (!sees(one, 2)) return "alone";
  return one.nodes()[1].link;
}

/// A port that nobody listens at, so that it can be taken twice: by a squatter's name and by a node.
std::uint16_t free_port() {
  node probe(options_of("probe"));
  probe.start();
  return probe.port();
}

}  // namespace

BOOST_AUTO_TEST_CASE(nodes_on_one_host_link_by_unix_socket) {
  node one(options_of("one"));
  one.start();
  node other(options_of("other", {address(one)}));
  other.start();
  BOOST_TEST(link_of(other) == "unix");
  BOOST_TEST(link_of(one) == "unix");
  BOOST_TEST(outcome(other.send("askr.ping", payload{}, {.to = "one"})) == "\"pong\"");
}

BOOST_AUTO_TEST_CASE(a_node_on_all_addresses_is_reached_by_unix_socket_at_each_of_them) {
  auto options = options_of("one");
  options.bind = "0.0.0.0";
  node wildcard(std::move(options));
  wildcard.start();
  node other(options_of("other", {"127.0.0.2:" + std::to_string(wildcard.port())}));
  other.start();
  BOOST_TEST(link_of(other) == "unix");
}

BOOST_AUTO_TEST_CASE(either_side_can_refuse_unix_sockets) {
  for (const bool listens : {false, true}) {
    auto first = options_of("one");
    first.unix_links = listens;
    node one(std::move(first));
    one.start();
    auto second = options_of("other", {address(one)});
    second.unix_links = !listens;
    node other(std::move(second));
    other.start();
    BOOST_TEST(link_of(other) == address(one));
  }
}

BOOST_AUTO_TEST_CASE(who_takes_the_name_first_only_delays_the_link) {
  const auto port = free_port();
  const endpoint at{"127.0.0.1", port};
  asio::io_context context;
  asio::local::stream_protocol::acceptor squatter(context, transport::unix_endpoint(keys_of_this_case(), at));
  auto options = options_of("one");
  options.port = port;
  node one(std::move(options));
  one.start();
  BOOST_REQUIRE(one.port() == port);
  node other(options_of("other", {at.to_string()}));
  other.start();
  BOOST_TEST(link_of(other) == at.to_string());  // He accepts and says nothing.
}

BOOST_AUTO_TEST_CASE(who_takes_the_name_first_and_talks_nonsense_does_not_even_delay_it) {
  const auto port = free_port();
  const endpoint at{"127.0.0.1", port};
  asio::io_context context;
  asio::local::stream_protocol::acceptor squatter(context, transport::unix_endpoint(keys_of_this_case(), at));
  squatter.non_blocking(true);
  auto options = options_of("one");
  options.port = port;
  node one(std::move(options));
  one.start();
  node other(options_of("other", {at.to_string()}));
  other.start();
  asio::error_code failed;
  asio::local::stream_protocol::socket victim(context);
  BOOST_REQUIRE(eventually([&] { return squatter.accept(victim, failed), !failed; }));
  asio::write(victim, asio::buffer(std::string(600, '\xff')), failed);
  BOOST_TEST(link_of(other) == at.to_string());
}

BOOST_AUTO_TEST_CASE(only_nodes_come_by_the_unix_socket) {
  node one(options_of("one"));
  one.start();
  asio::io_context context;
  asio::local::stream_protocol::socket client(context);
  client.connect(transport::unix_endpoint(keys_of_this_case(), {"127.0.0.1", one.port()}));
  asio::error_code failed;
  asio::write(client, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")), failed);
  char byte = 0;
  BOOST_TEST(client.read_some(asio::buffer(&byte, 1), failed) == 0);  // Not one byte of answer.
  BOOST_TEST(failed);
  BOOST_TEST(eventually([&] { return one.counters().strangers_refused == 1; }));
}

BOOST_AUTO_TEST_SUITE_END()
