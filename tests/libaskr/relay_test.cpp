// SPDX-License-Identifier: MIT
// Commands between nodes that have no link.
#include "tests/support/relay_network.hpp"

#include <algorithm>

BOOST_AUTO_TEST_SUITE(relay_suite)

using namespace askr;
using namespace askr::test;

BOOST_AUTO_TEST_CASE(a_command_crosses_relays_and_its_answer_comes_back) {
  core_network network(5);
  network.on(4, "add", [](std::vector<int> of) { return of[0] + of[1]; });
  chain(network, 5);
  const auto sum = network.send(0, "add", payload::from(std::vector{40, 2}));
  network.run();
  BOOST_TEST(sum.as<int>() == 42);
  BOOST_TEST(network.counts(2).messages_relayed == 2);
  BOOST_TEST(network.counts(2).commands_served == 0);
}

BOOST_AUTO_TEST_CASE(a_command_for_a_named_node_reaches_it_over_relays) {
  core_network network(4);
  chain(network, 4);
  const auto ping = network.send(3, "askr.ping", {}, {.to = "n0"});
  network.run();
  BOOST_TEST(ping.as<std::string>() == "pong");
}

BOOST_AUTO_TEST_CASE(of_two_servers_that_are_equal_the_one_without_a_relay_between_is_asked) {
  core_network network(4);
  int near = 0, far = 0;
  network.on(1, "work", [&] { ++near; });
  network.on(3, "work", [&] { ++far; });
  chain(network, 4);
  network.advance(20s);  // Both are no newcomers any more.
  for (int i = 0; i < 100; ++i) {
    network.send(0, "work");
    network.run();
  }
  BOOST_TEST(near + far == 100);
  BOOST_TEST(near > 90);
}

BOOST_AUTO_TEST_CASE(the_target_knows_who_asked_whatever_the_relays_say) {
  core_network network(3);
  std::string asked_by, entry;
  network.on(2, "who", [&](const command& asked) {
    asked_by = asked.who().name;
    entry = asked.who().entry.to_string();
  });
  chain(network, 3);
  auto& client = network.client(0);
  client.say(R"({"mid":1,"command":"who"})");
  network.run();
  BOOST_TEST(asked_by == "local");
  BOOST_TEST(entry == network.self(0).id.to_string());
}

BOOST_AUTO_TEST_CASE(large_payloads_cross_relays_in_both_directions) {
  core_network network(3);
  network.on(2, "echo", [](const command& asked) { return asked.data; });
  chain(network, 3);
  const std::string big(300'000, 'x');
  const auto echoed = network.send(0, "echo", payload::from(big));
  network.run();
  BOOST_TEST((echoed.as<std::string>() == big));
}

BOOST_AUTO_TEST_CASE(many_commands_cross_in_order_and_none_is_lost) {
  core_network network(4);
  std::vector<int> seen;
  network.on(3, "count", [&](int number) {
    seen.push_back(number);
    return number;
  });
  chain(network, 4);
  std::vector<outcomes> waiting;
  for (int i = 0; i < 2000; ++i) waiting.push_back(network.send(0, "count", payload::from(i)));
  network.run();
  for (int i = 0; i < 2000; ++i) BOOST_TEST(waiting[static_cast<std::size_t>(i)].as<int>() == i);
  BOOST_TEST(std::is_sorted(seen.begin(), seen.end()));
  BOOST_TEST(network.core(0).peers().far_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_cancel_reaches_the_handler_over_relays) {
  core_network network(3);
  defer(network, 2, "slow");
  chain(network, 3);
  auto& client = network.client(0);
  client.say(R"({"mid":1,"command":"slow"})");
  network.run();
  BOOST_REQUIRE_EQUAL(network.jobs.size(), 1);
  client.say(R"({"type":"cancel","mid":1})");
  network.run();
  network.core(2).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  network.run();
  BOOST_TEST(network.counts(2).replies_late == 1);  // Nobody waited for it any more.
}

BOOST_AUTO_TEST_CASE(a_path_longer_than_eight_hops_is_none) {
  core_network network(11);
  network.on(10, "far", [] { return 1; });
  network.on(8, "near", [] { return 1; });
  chain(network, 11);
  const auto near = network.send(0, "near");
  const auto far = network.send(0, "far");
  network.run();
  BOOST_TEST(near.as<int>() == 1);
  BOOST_TEST((far.code() == errc::no_handler || far.code() == errc::no_node));
}

BOOST_AUTO_TEST_CASE(a_relay_sees_no_payload_and_an_altered_envelope_is_refused) {
  core_network network(3);
  network.on(2, "echo", [](const command& asked) { return asked.data; });
  chain(network, 3);
  // The relay's door gets an envelope that it altered: the target refuses it.
  deliver_envelope(network, 1, 2, {.source = network.self(0).id, .target = network.self(2).id, .hops_left = 3});
  network.run();
  BOOST_TEST(network.counts(2).routed_refused == 1);
  BOOST_TEST(network.links_between(1, 2) == 1);
  BOOST_TEST(network.core(2).peers().far_count() == 0);
}

// The relay knows both ends before they know each other.
BOOST_AUTO_TEST_CASE(what_comes_from_a_node_that_is_not_judged_yet_waits_and_is_served_in_order) {
  core_network network(3);
  std::vector<int> seen;
  network.on(2, "count", [&](int number) {
    seen.push_back(number);
    return number;
  });
  network.undecided = {2};
  chain(network, 3);
  std::vector<outcomes> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(network.send(0, "count", payload::from(i)));
    network.run();  // Each in an envelope of its own.
  }
  network.advance(900ms);
  BOOST_TEST(seen.empty());
  network.undecided.clear();
  network.run();
  BOOST_TEST(seen == (std::vector{0, 1, 2}), boost::test_tools::per_element());
  for (int i = 0; i < 3; ++i) BOOST_TEST(waiting[static_cast<std::size_t>(i)].as<int>() == i);
}

BOOST_AUTO_TEST_CASE(what_waits_too_long_for_a_verdict_is_refused_and_its_source_told) {
  core_network network(3);
  network.on(2, "serve", [] { return 1; });
  network.undecided = {2};
  chain(network, 3);
  const auto waiting = network.send(0, "serve", {}, {.timeout = 60s});
  network.run();
  BOOST_TEST(waiting.pending());
  network.advance(1s);
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(waiting.text().find("not admitted") != std::string::npos);
  BOOST_TEST(network.counts(2).routed_refused == 1);
}

BOOST_AUTO_TEST_CASE(too_much_from_nodes_that_are_not_judged_yet_is_told_overloaded) {
  core_network network(3);
  network.on(2, "size", [](std::string text) { return text.size(); });
  network.undecided = {2};
  chain(network, 3);
  const std::string text(60'000, 'x');
  std::vector<outcomes> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(network.send(0, "size", payload::from(text)));
  network.run();
  for (const auto& each : waiting) BOOST_TEST((each.code() == errc::peer_lost));
  BOOST_TEST(waiting[0].text().find("too much waits here") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(flows_are_bounded_and_the_surplus_is_told_overloaded) {
  core_network network(4, [](node_options& options) { options.limits.flows_max = 1; });
  network.on(2, "a", [] { return 1; });
  network.on(3, "b", [] { return 1; });
  network.connect(0, 1);
  network.connect(1, 2);
  network.connect(1, 3);
  network.run();
  const auto a = network.send(0, "a", {}, {.timeout = 1s});
  network.run();
  network.advance(2s);
  BOOST_TEST(!a.pending());  // One flow there, none left for the way back.
  BOOST_TEST((a.code() == errc::peer_lost || a.code() == errc::timed_out));
}

BOOST_AUTO_TEST_SUITE_END()
