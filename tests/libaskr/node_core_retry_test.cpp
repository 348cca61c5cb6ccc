// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_retry)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::outcomes;

/// Serves a command that is answered by hand, from `network.jobs`.
void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
}

void answer(core_network& network, std::size_t job, result<payload> outcome) {
  network.core(network.jobs[job].first).on_answer(network.now(), network.jobs[job].second.serving, std::move(outcome));
  network.run();
}

/// Node 0 is linked to all others, which serve "work".
struct star {
  explicit star(std::size_t servers, const core_network::tune& with = {}) : network(servers + 1, with) {
    for (std::size_t node = 1; node <= servers; ++node) {
      defer(network, node, "work");
      wires.push_back(&network.connect(0, node));
    }
    network.run();
  }

  std::size_t at_work() const { return network.jobs.back().first; }
  /// The connection to the node that was given the command last breaks.
  void lose_server() {
    network.cut(*wires[at_work() - 1]);
    network.run();
  }

  core_network network;
  std::vector<test::wire*> wires;
};

/// Nodes that serve one command at a time; what they refuse may be refused by so many, and there is no other budget.
core_network::tune full_when_busy(std::size_t refusals_max = 64) {
  return [refusals_max](node_options& options) {
    options.limits.retry_share = 0;
    options.limits.retries_per_second = 0;
    options.limits.refusals_max = refusals_max;
    if (options.name != "n0") options.limits.commands_pending_max = 1;
  };
}

void occupy(star& net, int node) {
  net.network.send(0, "work", {}, {.to = "n" + std::to_string(node), .timeout = 60s});
  net.network.run();
}

/// Says a command on the only link of node 0, with a mid of the test's choice.
void say(core_network& network, std::uint64_t mid, std::string_view name, bool idempotent = false) {
  auto& core = network.core(0);
  auto& to = core.peers().at(core.peers().link_to(network.self(1).id));
  const command_request request{
      .name = name, .data = {}, .who = &core.self_principal(), .remaining = seconds(10), .idempotent = idempotent};
  BOOST_REQUIRE(core.peers().send_command(to, mid, request).ok());
  network.run();
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_idempotent_command_of_a_lost_server_is_served_by_another_at_once) {
  star net(2);
  const auto waiting = net.network.send(0, "work", payload::from("what"), {.timeout = 5000ms, .idempotent = true});
  net.network.run();
  net.network.advance(1000ms);
  net.lose_server();
  BOOST_REQUIRE_EQUAL(net.network.jobs.size(), 2);
  BOOST_TEST(net.network.jobs[0].first != net.network.jobs[1].first);
  const auto& again = net.network.jobs[1].second.asked;
  BOOST_TEST(again.as<std::string>() == "what");
  BOOST_TEST((again.deadline == core_network::begin + 5000ms));
  answer(net.network, 1, payload::from(7));
  BOOST_TEST(waiting.as<int>() == 7);
  BOOST_TEST(net.network.counts(0).commands_retried == 1);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_idempotent_is_never_sent_twice_when_its_server_is_lost) {
  star net(2);
  const auto waiting = net.network.send(0, "work");
  net.network.run();
  net.lose_server();
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(net.network.jobs.size() == 1);
}

BOOST_AUTO_TEST_CASE(an_idempotent_command_is_tried_three_times_in_all) {
  star net(4);
  const auto waiting = net.network.send(0, "work", {}, {.idempotent = true});
  net.network.run();
  for (int i = 0; i < 2; ++i) {
    net.lose_server();
    BOOST_TEST(waiting.pending());
  }
  net.lose_server();
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(net.network.jobs.size() == 3);
  BOOST_TEST(net.network.core(0).peers().size() == 1);
}

BOOST_AUTO_TEST_CASE(an_idempotent_command_without_another_server_ends_in_peer_lost) {
  star net(1);
  const auto waiting = net.network.send(0, "work", {}, {.idempotent = true});
  net.network.run();
  net.lose_server();
  BOOST_TEST((waiting.code() == errc::peer_lost));
}

BOOST_AUTO_TEST_CASE(the_node_itself_serves_what_its_lost_server_did_not) {
  star net(1);
  const auto waiting = net.network.send(0, "work", payload::from(20), {.idempotent = true});
  net.network.run();
  net.network.on(0, "work", [](int number) { return number + 1; });
  net.lose_server();
  BOOST_TEST(waiting.as<int>() == 21);
}

BOOST_AUTO_TEST_CASE(a_command_for_one_node_goes_to_no_other) {
  star net(2);
  const auto waiting = net.network.send(0, "work", {}, {.to = "n1", .idempotent = true});
  net.network.run();
  net.lose_server();
  BOOST_TEST((waiting.code() == errc::peer_lost));
}

BOOST_AUTO_TEST_CASE(what_a_server_has_no_room_for_goes_to_another_and_so_does_what_it_serves_no_longer) {
  star net(2, [](node_options& options) {
    if (options.name == "n1") options.limits.commands_pending_max = 1;
  });
  std::vector<outcomes> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(net.network.send(0, "work"));
  net.network.run();
  BOOST_TEST(net.network.jobs.size() == 20);
  for (const auto& each : waiting) BOOST_TEST(each.pending());

  const auto before = net.network.jobs.size();
  net.network.core(2).remove_handler("work");
  for (std::size_t job = 0; job < before; ++job) answer(net.network, job, payload::from(1));
  net.network.on(2, "work", [] { return 2; });
  net.network.run();
  net.network.core(2).remove_handler("work");  // Node 0 does not know yet.
  const auto late = net.network.send(0, "work", {}, {.balance = balance::round_robin}),
             later = net.network.send(0, "work", {}, {.balance = balance::round_robin});
  net.network.run();
  BOOST_TEST((late.pending() || later.pending()));
  BOOST_TEST(net.network.counts(0).commands_retried >= 1);
}

BOOST_AUTO_TEST_CASE(a_handler_that_says_overloaded_has_run_so_only_idempotent_commands_go_elsewhere) {
  core_network network(3);
  for (std::size_t node : {1, 2}) {
    network.on(node, "work", []() -> result<int> { return error{errc::overloaded, "later"}; });
  }
  network.mesh();
  const auto once = network.send(0, "work");
  network.run();
  BOOST_TEST(once.text() == "overloaded: later");
  BOOST_TEST(network.counts(1).commands_served + network.counts(2).commands_served == 1);
  const auto twice = network.send(0, "work", {}, {.idempotent = true});
  network.run();
  BOOST_TEST(twice.text() == "overloaded: later");
  BOOST_TEST(network.counts(1).commands_served + network.counts(2).commands_served == 3);
}

BOOST_AUTO_TEST_CASE(retries_of_what_may_have_run_have_a_budget_and_those_after_a_loss_do_not) {
  star net(2, [](node_options& options) {
    options.limits.retry_share = 0;
    options.limits.retries_per_second = 1;
  });
  std::vector<outcomes> waiting;
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(net.network.send(0, "work", {}, {.idempotent = true, .balance = balance::round_robin}));
  }
  net.network.run();
  for (std::size_t job = 0; job < 40; ++job) {
    if (net.network.jobs[job].first == 1) answer(net.network, job, error{errc::overloaded, "half-way"});
  }
  const auto failed = std::count_if(waiting.begin(), waiting.end(), [](const auto& each) { return !each.pending(); });
  BOOST_TEST(failed == 10);  // Node 1 had 20, and 10 of these were tried again.
  BOOST_TEST(net.network.counts(0).commands_retried == 10);
  net.network.cut(*net.wires[1]);
  net.network.run();
  BOOST_TEST(net.network.counts(0).commands_retried == 30);  // All 20 that node 2 had first.
}

BOOST_AUTO_TEST_CASE(a_command_goes_from_server_to_server_until_one_has_room_whatever_the_budget) {
  star net(6, full_when_busy());
  for (int node = 1; node <= 5; ++node) occupy(net, node);
  const auto waiting = net.network.send(0, "work", payload::from(3));
  net.network.run();
  BOOST_TEST(waiting.pending());
  BOOST_REQUIRE_EQUAL(net.network.jobs.size(), 6);
  BOOST_TEST(net.at_work() == 6);
  for (std::size_t node = 1; node <= 5; ++node) BOOST_TEST(net.network.counts(node).commands_refused <= 1);
  answer(net.network, 5, payload::from(4));
  BOOST_TEST(waiting.as<int>() == 4);
}

BOOST_AUTO_TEST_CASE(a_command_that_every_server_refuses_ends_in_overloaded_when_each_was_asked_once) {
  star net(5, full_when_busy());
  for (int node = 1; node <= 5; ++node) occupy(net, node);
  net.network.core(5).remove_handler("work");  // Node 0 has not heard of it yet.
  for (const bool idempotent : {false, true}) {
    const auto before = net.network.counts(1).commands_refused;
    const auto waiting = net.network.send(0, "work", {}, {.idempotent = idempotent});
    net.network.run();
    BOOST_TEST((waiting.code() == errc::overloaded));
    for (std::size_t node = 1; node <= 4; ++node) BOOST_TEST(net.network.counts(node).commands_refused == before + 1);
  }
  BOOST_TEST(net.network.jobs.size() == 5);
}

BOOST_AUTO_TEST_CASE(refusals_of_one_command_are_bounded_by_their_option) {
  star net(5, full_when_busy(2));
  for (int node = 1; node <= 5; ++node) occupy(net, node);
  const auto waiting = net.network.send(0, "work");
  net.network.run();
  BOOST_TEST((waiting.code() == errc::overloaded));
  BOOST_TEST(net.network.counts(0).commands_retried == 1);
}

BOOST_AUTO_TEST_CASE(a_refusal_that_comes_after_the_deadline_leads_nowhere) {
  star net(3, full_when_busy());
  for (int node = 1; node <= 3; ++node) occupy(net, node);
  for (auto* wire : net.wires) wire->blocked = true;
  const auto waiting = net.network.send(0, "work", {}, {.timeout = 500ms});
  net.network.advance(600ms);
  BOOST_TEST((waiting.code() == errc::timed_out));
  for (auto* wire : net.wires) wire->blocked = false;
  net.network.run();
  BOOST_TEST(net.network.counts(0).commands_retried == 0);
  BOOST_TEST(net.network.jobs.size() == 3);
}

BOOST_AUTO_TEST_CASE(copies_of_commands_are_bounded_and_without_one_there_is_no_second_try) {
  star net(2, [](node_options& options) { options.limits.kept_bytes_max = 1000; });
  const auto large = net.network.send(0, "work", payload::from(std::string(2000, 'x')), {.idempotent = true});
  net.network.run();
  net.lose_server();
  BOOST_TEST((large.code() == errc::peer_lost));
}

BOOST_AUTO_TEST_CASE(a_duplicate_of_a_command_at_work_waits_for_the_same_answer) {
  star net(1);
  auto& network = net.network;
  const auto waiting = network.send(0, "work", {}, {.idempotent = true});
  network.run();
  network.connect(0, 1);  // The first link retires, but for the answer it waits for.
  network.run();
  BOOST_TEST(network.links_between(0, 1) == 2);
  network.cut(*net.wires[0]);
  network.run();
  BOOST_TEST(waiting.pending());
  BOOST_TEST(network.jobs.size() == 1);
  BOOST_TEST(network.counts(1).commands_duplicate == 1);
  answer(network, 0, payload::from(5));
  BOOST_TEST(waiting.as<int>() == 5);
}

BOOST_AUTO_TEST_CASE(a_duplicate_of_a_command_whose_answer_was_lost_gets_that_answer) {
  star net(1);
  auto& network = net.network;
  const auto waiting = network.send(0, "work", {}, {.idempotent = true});
  network.run();
  network.connect(0, 1);
  network.run();
  net.wires[0]->blocked = true;
  answer(network, 0, payload::from(5));
  BOOST_TEST(waiting.pending());
  network.cut(*net.wires[0]);
  network.run();
  BOOST_TEST(waiting.as<int>() == 5);
  BOOST_TEST(network.counts(1).commands_served == 1);
}

BOOST_AUTO_TEST_CASE(a_peer_that_repeats_a_mid_does_not_make_a_command_run_twice) {
  star net(1);
  auto& network = net.network;
  say(network, 5000, "work");
  say(network, 5000, "work");
  BOOST_TEST(network.jobs.size() == 1);  // It is at work: the answer is yet to come.
  BOOST_TEST(network.counts(1).commands_refused == 0);
  answer(network, 0, payload::from(1));
  say(network, 5000, "work");
  BOOST_TEST(network.jobs.size() == 1);
  BOOST_TEST(network.counts(1).commands_refused == 1);
  say(network, 900, "work");  // More than 4,096 behind.
  BOOST_TEST(network.jobs.size() == 1);
  BOOST_TEST(network.counts(1).commands_refused == 2);
  say(network, 4999, "work");
  BOOST_TEST(network.jobs.size() == 2);
  BOOST_TEST(network.counts(1).commands_duplicate == 3);
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(results_are_kept_for_a_while_and_within_a_bound) {
  core_network network(2, [](node_options& options) { options.limits.results_bytes_max = 4000; });
  int served = 0;
  network.on(1, "work", [&] { return ++served; });
  network.connect(0, 1);
  network.run();
  say(network, 1, "work", true);
  say(network, 1, "work", true);
  BOOST_TEST(network.counts(1).commands_refused == 0);
  for (std::uint64_t mid = 2; mid < 60; ++mid) say(network, mid, "work", true);
  say(network, 1, "work", true);
  BOOST_TEST(network.counts(1).commands_refused == 1);  // Long forgotten.
  network.advance(119s);
  say(network, 59, "work", true);
  BOOST_TEST(network.counts(1).commands_refused == 1);
  network.advance(2s);
  say(network, 59, "work", true);
  BOOST_TEST(network.counts(1).commands_refused == 2);
  BOOST_TEST(served == 59);
}

BOOST_AUTO_TEST_CASE(a_large_command_that_is_passed_by_thousands_of_small_ones_is_served_all_the_same) {
  star net(1);
  auto& network = net.network;
  network.on(1, "take", [](payload_view) {});
  network.run();
  const auto large = network.send(0, "take", payload::from(std::string(4 << 20, 'x')));
  std::vector<outcomes> small;
  for (int i = 0; i < 10'000; ++i) small.push_back(network.send(0, "take"));
  network.run();
  BOOST_TEST(large.only().ok());
  for (const auto& each : small) BOOST_REQUIRE(each.only().ok());
}

BOOST_AUTO_TEST_CASE(a_retry_far_behind_the_callers_last_command_counts_as_a_new_one) {
  star net(2);
  auto& network = net.network;
  const auto waiting = network.send(0, "work", {}, {.timeout = 60s, .idempotent = true});
  network.run();
  const auto lost = net.at_work(), other = 3 - lost;
  const std::string to = "n" + std::to_string(other);
  for (int i = 0; i < 5000; ++i) network.send(0, "askr.ping", {}, {.to = to});
  network.run();
  network.cut(*net.wires[lost - 1]);
  network.run();
  BOOST_REQUIRE_EQUAL(network.jobs.size(), 2);
  answer(network, 1, payload::from(1));
  BOOST_TEST(waiting.only().ok());
  BOOST_TEST(network.counts(other).commands_duplicate == 0);
}

BOOST_AUTO_TEST_SUITE_END()
