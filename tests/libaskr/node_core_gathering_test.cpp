// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

#include <askr/answers.hpp>

BOOST_AUTO_TEST_SUITE(node_core_gathering)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::outcomes;

/// "n1=7 n2:timed_out": label, then the value or the code.
std::string summary(const outcomes& gathered) {
  const auto answers = read_answers(gathered.only().value());
  std::string text;
  for (const auto& each : *answers) {
    text += (text.empty() ? "" : " ") + std::string(mesh::label_of(each.node));
    text += each.outcome ? "=" + *each.outcome->to_json() : ":" + std::string(to_string(each.outcome.code()));
  }
  return text;
}

void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_node_that_serves_a_command_answers_this_one_included) {
  core_network network(4);
  for (std::size_t node : {0, 1, 3}) network.on(node, "who", [node] { return node; });
  network.mesh();
  const auto all = network.send(0, "who", {}, {}, 0, {.all = true});
  network.run();
  BOOST_TEST(summary(all) == "n0=0 n1=1 n3=3");
}

BOOST_AUTO_TEST_CASE(what_every_node_serves_every_node_is_asked) {
  core_network network(3);
  network.mesh();
  const auto all = network.send(0, "askr.ping", {}, {}, 0, {.all = true});
  network.run();
  BOOST_TEST(summary(all) == R"(n0="pong" n1="pong" n2="pong")");
}

BOOST_AUTO_TEST_CASE(the_silent_the_lost_and_the_failed_are_named) {
  core_network network(5);
  network.on(1, "work", [] { return 1; });
  defer(network, 2, "work");
  network.on(3, "work", []() -> int { throw failure(errc::denied, "not I"); });
  defer(network, 4, "work");
  std::vector<test::wire*> wires;
  for (std::size_t node : {1, 2, 3, 4}) wires.push_back(&network.connect(0, node));
  network.run();
  const auto all = network.send(0, "work", {}, {.timeout = 1000ms, .idempotent = true}, 0, {.all = true});
  network.run();
  BOOST_TEST(all.pending());
  network.cut(*wires[3]);
  network.advance(1100ms);
  BOOST_TEST(summary(all) == "n1=1 n2:timed_out n3:denied n4:peer_lost");
  BOOST_TEST(network.counts(1).commands_served == 1);  // Nobody answers for another.
}

BOOST_AUTO_TEST_CASE(a_command_to_all_that_nobody_serves_ends_in_no_handler) {
  core_network network(2);
  network.mesh();
  BOOST_TEST((network.send(0, "who", {}, {}, 0, {.all = true}).code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(a_command_to_all_may_be_given_up_and_so_do_all_its_questions) {
  core_network network(3);
  for (std::size_t node : {1, 2}) defer(network, node, "work");
  network.mesh();
  const auto all = network.send(0, "work", {}, {}, 0, {.number = 5, .all = true});
  network.run();
  network.core(0).cancel(network.now(), 5);
  BOOST_TEST((all.code() == errc::canceled));
  network.run();
  for (const auto& [node, job] : network.jobs) BOOST_TEST(job.asked.canceled());
  network.advance(20s);
  BOOST_TEST(all.size() == 1);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_msgpack_spoils_no_others) {
  core_network network(3);
  network.on(1, "give", [] { return payload(byte_buffer{0xc1}, encoding::msgpack); });
  network.on(2, "give", [] { return payload(byte_buffer{1, 2}, encoding::raw); });
  network.on(0, "give", [] { return payload(byte_buffer{'[', '1', ']'}, encoding::json); });
  network.mesh();
  const auto all = network.send(0, "give", {}, {}, 0, {.all = true});
  network.run();
  BOOST_TEST(summary(all) == R"(n0=[1] n1:bad_payload n2="AQI=")");
}

BOOST_AUTO_TEST_CASE(answers_are_bounded_together) {
  core_network network(3, [](node_options& options) { options.limits.gathered_bytes_max = 1500; });
  for (std::size_t node : {1, 2}) network.on(node, "give", [] { return std::string(1000, 'x'); });
  network.mesh();
  const auto all = network.send(0, "give", {}, {}, 0, {.all = true});
  network.run();
  BOOST_TEST(summary(all).ends_with("n2:too_large"));
}

BOOST_AUTO_TEST_CASE(a_client_asks_all_nodes_and_is_told_who_failed) {
  core_network network(3);
  network.on(1, "who", [] { return 1; });
  network.on(2, "who", []() -> int { throw failure(errc::denied, "not I"); });
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"who","all":true})");
  network.run();
  BOOST_TEST(client.heard() == R"({"mid":"a","value":[{"node":")" + network.name(1) + R"(","id":")" +
                                   network.self(1).id.to_string() + R"(","value":1},{"node":")" + network.name(2) +
                                   R"(","id":")" + network.self(2).id.to_string() +
                                   R"(","error":"not I","code":"denied"}]})");
  client.say(R"({"mid":"b","command":"who","all":true,"to":"n1"})");
  network.run();
  BOOST_TEST(client.heard().find("unsupported") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
