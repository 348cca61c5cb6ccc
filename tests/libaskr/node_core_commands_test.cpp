// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

#include <set>

BOOST_AUTO_TEST_SUITE(node_core_commands)

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

}  // namespace

BOOST_AUTO_TEST_CASE(a_command_goes_to_the_node_that_serves_it_and_its_answer_comes_back) {
  core_network network(3);
  network.on(2, "add", [](const std::vector<int>& numbers) { return numbers[0] + numbers[1]; });
  network.mesh();
  const auto sum = network.send(0, "add", payload::from(std::vector{20, 22}));
  BOOST_TEST(sum.pending());
  network.run();
  BOOST_TEST(sum.as<int>() == 42);
  BOOST_TEST(network.counts(0).commands_forwarded == 1);
  BOOST_TEST(network.counts(2).commands_served == 1);
  BOOST_TEST(network.counts(1).commands_served == 0);
}

BOOST_AUTO_TEST_CASE(a_node_that_serves_a_command_itself_does_not_ask_others) {
  core_network network(2);
  for (std::size_t node : {0, 1}) network.on(node, "who", [node] { return node; });
  network.mesh();
  for (int i = 0; i < 10; ++i) BOOST_TEST(network.send(0, "who").as<int>() == 0);
  BOOST_TEST(network.counts(0).commands_forwarded == 0);
}

BOOST_AUTO_TEST_CASE(several_servers_share_the_commands) {
  core_network network(3);
  defer(network, 1, "work");
  defer(network, 2, "work");
  network.mesh();
  for (int i = 0; i < 100; ++i) network.send(0, "work");
  network.run();
  const auto served = network.counts(1).commands_served;
  BOOST_TEST(served + network.counts(2).commands_served == 100);
  BOOST_TEST(served > 35);
  BOOST_TEST(served < 65);
}

BOOST_AUTO_TEST_CASE(a_slow_server_gets_less_than_a_fast_one) {
  core_network network(3);
  defer(network, 1, "work");
  network.on(2, "work", [] {});
  network.mesh();
  for (int i = 0; i < 200; ++i) {
    network.send(0, "work");
    network.run();
    for (auto& [node, job] : std::exchange(network.jobs, {})) {  // 50 ms each.
      network.advance(50ms);
      network.core(node).on_answer(network.now(), job.serving, payload{});
      network.run();
    }
  }
  BOOST_TEST(network.counts(1).commands_served < 40);
}

BOOST_AUTO_TEST_CASE(a_server_that_fails_again_and_again_is_left_alone_for_a_while) {
  core_network network(3);
  network.on(1, "work", []() -> result<int> { return error{errc::overloaded, "later"}; });
  network.on(2, "work", [] { return 1; });
  network.mesh();
  for (int i = 0; i < 200; ++i) {
    network.send(0, "work");
    network.run();
  }
  BOOST_TEST(network.counts(1).commands_served < 30);
}

BOOST_AUTO_TEST_CASE(servers_may_be_taken_in_turn) {
  core_network network(4);
  for (std::size_t node : {1, 2, 3}) network.on(node, "who", [node] { return node; });
  network.mesh();
  for (int i = 0; i < 30; ++i) network.send(0, "who", {}, {.balance = balance::round_robin});
  network.run();
  for (std::size_t node : {1, 2, 3}) BOOST_TEST(network.counts(node).commands_served == 10);
}

BOOST_AUTO_TEST_CASE(the_same_key_leads_to_the_same_server_from_everywhere) {
  core_network network(5);
  for (std::size_t node : {1, 2, 3, 4}) network.on(node, "who", [node] { return node; });
  network.mesh();
  std::set<int> chosen;
  for (const std::string_view key : {"ada", "bob", "cid", "dan", "eve", "fay", "gil", "hal"}) {
    const auto first = network.send(0, "who", {}, {.key = key}), again = network.send(0, "who", {}, {.key = key});
    network.run();
    BOOST_TEST(first.as<int>() == again.as<int>());
    chosen.insert(first.as<int>());
  }
  BOOST_TEST(chosen.size() >= 3);
}

BOOST_AUTO_TEST_CASE(a_command_nobody_serves_fails_at_once_with_the_known_sentence) {
  core_network network(2);
  network.mesh();
  const auto lost = network.send(0, "fetch");
  BOOST_TEST(lost.text() == "no_handler: Command's callback for fetch not found");
  // Asked by name the other node says the same.
  const auto there = network.send(0, "fetch", {}, {.to = "n1"});
  network.run();
  BOOST_TEST(there.text() == "no_handler: Command's callback for fetch not found");
  BOOST_TEST(network.counts(0).commands_refused == 1);
}

BOOST_AUTO_TEST_CASE(a_target_is_named_by_label_full_name_or_id) {
  core_network network(3);
  for (std::size_t node : {0, 1, 2}) network.on(node, "who", [node] { return node; });
  network.mesh();
  const auto id = network.self(2).id.to_string();
  for (const std::string_view to : {std::string_view("n2"), std::string_view(network.name(2)), std::string_view(id)}) {
    const auto answered = network.send(0, "who", {}, {.to = to});
    network.run();
    BOOST_TEST(answered.as<int>() == 2);
  }
  BOOST_TEST(network.send(0, "who", {}, {.to = "n0"}).as<int>() == 0);
}

BOOST_AUTO_TEST_CASE(a_target_that_is_unknown_or_ambiguous_is_refused_at_once) {
  core_network network(0);
  network.add();
  for (int i = 0; i < 2; ++i) network.add([](node_options& options) { options.name = "twin"; });
  network.mesh();
  BOOST_TEST(network.send(0, "askr.ping", {}, {.to = "nobody"}).text() == "no_node: no node is called nobody");
  BOOST_TEST((network.send(0, "askr.ping", {}, {.to = "twin"}).code() == errc::no_node));
  const auto chosen = network.send(0, "askr.ping", {}, {.to = network.name(1)});
  network.run();
  BOOST_TEST(chosen.as<std::string>() == "pong");
}

BOOST_AUTO_TEST_CASE(a_command_without_an_answer_times_out_at_its_deadline_and_not_before) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  const auto waiting = network.send(0, "slow", {}, {.timeout = 1000ms});
  network.run();
  BOOST_REQUIRE_EQUAL(network.jobs.size(), 1);
  network.advance(999ms);
  BOOST_TEST(waiting.pending());
  network.advance(17ms);
  BOOST_TEST(waiting.text() == "timed_out: no answer before the deadline");
  BOOST_TEST(network.counts(0).commands_timed_out == 1);
}

BOOST_AUTO_TEST_CASE(the_deadline_is_carried_along) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  network.send(0, "slow", {}, {.timeout = 1500ms});
  network.run();
  BOOST_TEST((network.jobs[0].second.asked.deadline == network.now() + 1500ms));
}

BOOST_AUTO_TEST_CASE(a_deadline_of_nothing_is_over_at_once) {
  core_network network(1);
  network.on(0, "never", [] { BOOST_ERROR("must not run"); });
  BOOST_TEST((network.send(0, "never", {}, {.timeout = 0ms}).code() == errc::timed_out));
  BOOST_TEST((network.send(0, "never", {}, {.timeout = -5ms}).code() == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_dropped_and_counted) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  auto& line = network.connect(0, 1);  // A second link, only to be blocked below: the first one goes.
  network.run();
  const auto waiting = network.send(0, "slow", {}, {.timeout = 200ms});
  network.run();
  line.blocked = true;
  answer(network, 0, payload::from(1));
  network.advance(300ms);
  BOOST_TEST((waiting.code() == errc::timed_out));
  line.blocked = false;
  network.run();
  BOOST_TEST(waiting.size() == 1);
  BOOST_TEST(network.counts(0).replies_late == 1);
  // An answer that comes late on the serving node itself.
  answer(network, 0, payload::from(2));
  BOOST_TEST(network.counts(1).replies_late == 1);
}

BOOST_AUTO_TEST_CASE(when_a_link_goes_every_command_in_flight_over_it_ends_in_peer_lost_at_once) {
  core_network network(3);
  defer(network, 1, "slow");
  network.on(2, "fast", [] { return 1; });
  auto& line = network.connect(0, 1);
  network.connect(0, 2);
  network.run();
  std::vector<outcomes> waiting;
  for (int i = 0; i < 200; ++i) waiting.push_back(network.send(0, "slow"));
  network.run();
  network.cut(line);
  for (const auto& each : waiting) BOOST_TEST((each.code() == errc::peer_lost));
  BOOST_TEST(network.counts(0).commands_peer_lost == 200);
  // Others are not disturbed, and the lost node serves nothing any more.
  const auto fast = network.send(0, "fast");
  network.run();
  BOOST_TEST(fast.as<int>() == 1);
  BOOST_TEST((network.send(0, "slow").code() == errc::no_handler));
  // The answers of the lost caller's commands go nowhere, without harm.
  answer(network, 0, payload::from(1));
  BOOST_TEST(network.counts(1).replies_late == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_a_failure_chooses_the_callers_error) {
  core_network network(2);
  network.on(1, "refuse", []() -> int { throw failure(errc::denied, "not on Sundays"); });
  network.on(1, "break", []() -> int { throw std::runtime_error("secret path"); });
  network.on(1, "result", []() -> result<int> { return error{errc::overloaded, "later"}; });
  network.on(1, "typed", [](int number) { return number; });
  network.mesh();
  const auto refused = network.send(0, "refuse"), broken = network.send(0, "break"), full = network.send(0, "result"),
             misfit = network.send(0, "typed", payload::from("text"));
  network.run();
  BOOST_TEST(refused.text() == "denied: not on Sundays");
  BOOST_TEST((broken.code() == errc::handler_failed));
  BOOST_TEST(broken.text().find("secret") == std::string::npos);
  BOOST_TEST(full.text() == "overloaded: later");
  BOOST_TEST((misfit.code() == errc::bad_payload));
  BOOST_TEST(network.counts(1).handlers_failed == 4);
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_deferred_handler_that_never_answers_ends_in_timed_out_once) {
  core_network network(1);
  defer(network, 0, "later");
  const auto waiting = network.send(0, "later", {}, {.timeout = 100ms});
  network.run();
  network.advance(200ms);
  BOOST_TEST((waiting.code() == errc::timed_out));
  answer(network, 0, payload::from(1));
  BOOST_TEST(waiting.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_deferred_handler_gets_a_command_that_owns_what_it_refers_to) {
  core_network network(2);
  defer(network, 1, "later");
  network.mesh();
  const auto waiting = network.send(0, "later", payload::from("some text"));
  network.run();
  network.send(0, "askr.echo", payload::from(std::string(500, 'x')), {.to = "n1"});
  network.run();
  const auto& asked = network.jobs[0].second.asked;
  BOOST_TEST(asked.name == "later");
  BOOST_TEST(asked.as<std::string>() == "some text");
  BOOST_TEST(asked.who().name == network.name(0));
  answer(network, 0, payload::from("done"));
  BOOST_TEST(waiting.as<std::string>() == "done");
}

BOOST_AUTO_TEST_CASE(above_the_limit_of_pending_commands_the_next_one_is_overloaded_at_once) {
  const auto few = [](node_options& options) { options.limits.commands_pending_max = 3; };
  core_network network(2, few);
  defer(network, 1, "slow");
  network.mesh();
  std::vector<outcomes> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(network.send(0, "slow"));
  BOOST_TEST((waiting[3].code() == errc::overloaded));
  network.run();
  answer(network, 0, payload::from(1));
  BOOST_TEST(waiting[0].as<int>() == 1);
  const auto next = network.send(0, "slow");
  network.run();
  BOOST_TEST(next.pending());
}

BOOST_AUTO_TEST_CASE(a_link_that_does_not_drain_makes_commands_overloaded) {
  core_network network(2, [](node_options& options) { options.links.outbox_bytes_soft = 20'000; });
  network.on(1, "take", [](payload_view) {});
  network.mesh();
  const auto large = payload::from(std::string(15'000, 'x'));
  const auto first = network.send(0, "take", large), second = network.send(0, "take", large),
             third = network.send(0, "take", large);
  BOOST_TEST((third.code() == errc::overloaded));
  network.run();
  BOOST_TEST(first.only().ok());
  BOOST_TEST(second.only().ok());
}

BOOST_AUTO_TEST_CASE(a_payload_above_the_limit_is_too_large_in_both_directions) {
  core_network network(2, [](node_options& options) { options.links.message_bytes_max = 10'000; });
  network.on(1, "take", [](payload_view) {});
  network.on(1, "give", [] { return std::string(20'000, 'x'); });
  network.mesh();
  BOOST_TEST((network.send(0, "take", payload::from(std::string(20'000, 'x'))).code() == errc::too_large));
  const auto given = network.send(0, "give");
  network.run();
  BOOST_TEST((given.code() == errc::too_large));
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(large_payloads_arrive_whole) {
  core_network network(2, [](node_options& options) { options.links.compression = compression_mode::always; });
  network.mesh();
  for (const std::size_t size : {0u, 255u, 256u, 16'360u, 16'361u, 65'536u, 1'000'000u}) {
    const std::string text(size, 'q');
    const auto echoed = network.send(0, "askr.echo", payload::from(text), {.to = "n1"});
    network.run();
    BOOST_TEST((echoed.as<std::string>() == text));
  }
}

BOOST_AUTO_TEST_CASE(commands_that_led_to_commands_too_deep_are_denied_here_and_there) {
  core_network network(2);
  network.on(1, "depth", [](const command& asked) { return int{asked.depth}; });
  network.mesh();
  const auto deep = network.send(0, "depth", {}, {}, 16);
  network.run();
  BOOST_TEST(deep.as<int>() == 16);
  BOOST_TEST((network.send(0, "depth", {}, {}, 17).code() == errc::denied));
}

BOOST_AUTO_TEST_CASE(a_handler_may_replace_and_remove_itself_while_it_runs) {
  core_network network(1);
  network.on(0, "once", [&network] {
    network.core(0).remove_handler("once");
    return std::string("gone");
  });
  BOOST_TEST(network.send(0, "once").as<std::string>() == "gone");
  BOOST_TEST((network.send(0, "once").code() == errc::no_handler));
  network.on(0, "twice", [&network] {
    network.on(0, "twice", [] { return 2; });
    return 1;
  });
  BOOST_TEST(network.send(0, "twice").as<int>() == 1);
  BOOST_TEST(network.send(0, "twice").as<int>() == 2);
}

BOOST_AUTO_TEST_CASE(what_a_node_serves_is_known_to_all_soon_and_so_is_that_it_no_longer_does) {
  core_network network(3);
  network.mesh();
  network.on(2, "late", [] { return 1; });
  network.run();
  const auto served = network.send(0, "late");
  network.run();
  BOOST_TEST(served.as<int>() == 1);
  network.core(2).remove_handler("late");
  network.run();
  BOOST_TEST((network.send(0, "late").code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(a_node_that_changes_its_mind_all_the_time_announces_at_most_ten_times_a_second) {
  core_network network(2);
  network.mesh();
  const auto version = [&] { return network.core(0).members().view().find(network.self(0).id)->stamp().version; };
  const auto before = version();
  const auto flip = [](std::size_t i) { return "flip" + std::to_string(i); };
  for (std::size_t i = 0; i < 100; ++i) {
    network.on(0, flip(i), [] {});
    network.advance(5ms);
  }
  BOOST_TEST(version() - before >= 5);
  BOOST_TEST(version() - before <= 16);  // 10 at once, 10 a second; all changes in between go together.
  network.advance(200ms);
  const auto last = network.send(1, flip(99));
  network.run();
  BOOST_TEST(last.only().ok());
  BOOST_TEST(network.counts(1).messages_malformed == 0);
}

BOOST_AUTO_TEST_CASE(the_builtin_commands_are_there) {
  core_network network(2);
  network.on(1, "serve.me", [] {});
  network.mesh();
  const auto ping = network.send(0, "askr.ping"), echo = network.send(0, "askr.echo", payload::from(7), {.to = "n1"}),
             nodes = network.send(0, "askr.nodes");
  network.run();
  BOOST_TEST(ping.as<std::string>() == "pong");
  BOOST_TEST(echo.as<int>() == 7);
  const auto all = nodes.as<value>();
  BOOST_REQUIRE_EQUAL(all.size(), 2);
  BOOST_TEST(all[0].at("self").as_bool());
  BOOST_TEST(all[0].at("name").as_string() == network.name(0));
  BOOST_TEST(all[1].at("name").as_string() == network.name(1));
  BOOST_TEST(all[1].at("commands").at(0).as_string() == "serve.me");
  BOOST_TEST(all[1].at("endpoints").at(0).as_string() == "127.0.0.1:8801");
}

BOOST_AUTO_TEST_CASE(a_stopped_core_ends_all_that_is_pending) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  const auto waiting = network.send(0, "slow"), asked = network.send(1, "slow");
  network.run();
  network.core(1).stop(network.now());
  network.run();
  BOOST_TEST((asked.code() == errc::closed));
  BOOST_TEST((waiting.code() == errc::peer_lost || waiting.code() == errc::closed));
  BOOST_TEST(network.links_between(0, 1) == 0);
}

BOOST_AUTO_TEST_CASE(a_completion_may_stop_the_node_while_others_are_being_completed) {
  core_network network(2);
  defer(network, 1, "slow");
  auto& line = network.connect(0, 1);
  network.run();
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    network.core(0).send(network.now(), {.name = "slow", .data = {}, .who = &network.core(0).self_principal()},
                         [&](const result<payload>&) {
                           ++ended;
                           network.core(0).stop(network.now());
                         });
  }
  network.run();
  network.cut(line);
  BOOST_TEST(ended == 3);
}

BOOST_AUTO_TEST_SUITE_END()
