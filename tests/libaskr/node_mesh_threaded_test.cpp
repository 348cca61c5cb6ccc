// SPDX-License-Identifier: MIT
// Whole nodes with their threads and sockets on loopback: how they find each other, and the main job across them.
#include "tests/support/socket_client.hpp"
#include "tests/support/threaded_nodes.hpp"

#include <askr/value.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(node_mesh_threaded)

namespace {

using namespace askr;
using namespace askr::test;

}  // namespace

// --- finding each other

BOOST_AUTO_TEST_CASE(three_nodes_that_know_one_seed_become_one_mesh) {
  node agent(options_of("agent"));
  agent.start();
  node relay(options_of("relay", {address(agent)})), edge(options_of("edge", {address(agent)}));
  relay.start();
  edge.start();
  for (const auto* each : {&agent, &relay, &edge}) BOOST_TEST(sees(*each, 3));
  BOOST_TEST(edge.nodes()[0].self);
  BOOST_TEST(edge.nodes()[0].name == edge.name());
  BOOST_TEST(outcome(edge.send("askr.ping", payload{}, {.to = "relay"})) == "\"pong\"");
}

BOOST_AUTO_TEST_CASE(nodes_find_each_other_by_beacon) {
  const auto with_beacon = [](std::string name) {
    auto options = options_of(std::move(name));
    options.workspace = "beacons-" + std::to_string(::getpid());  // Another run may beacon beside this one.
    options.beacon = true;
    options.beacon_port = 48'799;
    return options;
  };
  node one(with_beacon("one")), two(with_beacon("two")), three(with_beacon("three"));
  for (auto* each : {&one, &two, &three}) each->start();
  for (auto* each : {&one, &two, &three}) BOOST_TEST(sees(*each, 3));
}

BOOST_AUTO_TEST_CASE(two_workspaces_on_one_host_never_see_each_other) {
  const auto in_workspace = [](std::string workspace, std::vector<std::string> seeds) {
    auto options = options_of("node", std::move(seeds));
    options.workspace = std::move(workspace);
    options.beacon = true;
    options.beacon_port = 48'798;
    return options;
  };
  const auto run = std::to_string(::getpid());
  node red(in_workspace("red" + run, {}));
  red.start();
  node blue(in_workspace("blue" + run, {address(red)}));
  blue.start();
  node also_red(in_workspace("red" + run, {address(blue)}));
  also_red.start();
  BOOST_TEST(sees(red, 2));
  BOOST_TEST(eventually([&] { return red.counters().strangers_refused > 0; }));  // Blue has tried.
  BOOST_TEST(blue.nodes().size() == 1);
  BOOST_TEST(red.nodes().size() == 2);
}

BOOST_AUTO_TEST_CASE(who_does_not_know_the_secret_does_not_get_in) {
  node honest(options_of("honest"));
  honest.start();
  auto options = options_of("intruder", {address(honest)});
  options.secret = "quite another secret, but long enough";
  node intruder(std::move(options));
  intruder.start();
  BOOST_TEST(eventually([&] { return honest.counters().strangers_refused >= 2; }));
  BOOST_TEST(honest.nodes().size() == 1);
  BOOST_TEST(intruder.nodes().size() == 1);
  BOOST_TEST(honest.counters().links_opened == 0);
}

BOOST_AUTO_TEST_CASE(a_taken_port_means_the_next_free_one) {
  node first(options_of("first"));
  first.start();
  auto options = options_of("second");
  options.port = first.port();
  node second(std::move(options));
  second.start();
  BOOST_TEST(second.port() > first.port());
  BOOST_TEST(second.url() == "ws://" + address(second));
  options = options_of("third");
  options.port = first.port();
  options.port_tries = 1;
  node third(std::move(options));
  BOOST_CHECK_EXCEPTION(third.start(), failure, [](const failure& why) { return why.code() == errc::io_failed; });
}

BOOST_AUTO_TEST_CASE(a_node_whose_seed_is_itself_finds_that_out) {
  std::uint16_t port = 0;
  {
    node finds_a_port(options_of("first"));
    finds_a_port.start();
    port = finds_a_port.port();
  }
  auto options = options_of("narcissus", {"127.0.0.1:" + std::to_string(port), "localhost:" + std::to_string(port)});
  options.port = port;
  node narcissus(std::move(options));
  narcissus.start();
  node other(options_of("other", {address(narcissus)}));
  other.start();
  BOOST_TEST(sees(narcissus, 2));
  BOOST_TEST(narcissus.counters().links_opened == 1);
}

// --- the main job

BOOST_AUTO_TEST_CASE(a_thousand_commands_and_events_cross_a_node_that_does_not_serve_them) {
  node agent(options_of("agent"));
  agent.on("double", [](int number) { return 2 * number; });
  agent.start();
  node relay(options_of("relay", {address(agent)})), edge(options_of("edge", {address(agent)}));
  std::mutex mutex;
  std::vector<int> heard;
  edge.listen("tick", [&](int number) {
    const std::lock_guard lock(mutex);
    heard.push_back(number);
  });
  relay.start();
  edge.start();
  BOOST_REQUIRE(serves(edge, "double"));
  BOOST_REQUIRE(listens(agent, "tick", 1));
  std::vector<std::future<payload>> answers;
  for (int i = 0; i < 1000; ++i) {
    answers.push_back(edge.send("double", i));
    agent.emit("tick", i);
  }
  for (int i = 0; i < 1000; ++i) BOOST_TEST(outcome(answers[static_cast<std::size_t>(i)]) == std::to_string(2 * i));
  std::vector<int> all;
  for (int i = 0; i < 1000; ++i) all.push_back(i);
  BOOST_TEST(eventually([&] {
    const std::lock_guard lock(mutex);
    return heard.size() == 1000;
  }));
  const std::lock_guard lock(mutex);
  BOOST_TEST(heard == all, boost::test_tools::per_element());
  BOOST_TEST(edge.counters().events_dropped == 0);
}

// What is heard here too waits for the end of the turn; what follows it does not overtake it.
BOOST_AUTO_TEST_CASE(events_from_the_nodes_own_thread_arrive_in_the_order_in_which_they_were_emitted) {
  node edge(options_of("edge"));
  std::mutex mutex;
  std::vector<int> heard;
  edge.listen("told.*", [&](int number) {
    const std::lock_guard lock(mutex);
    heard.push_back(number);
  });
  edge.start();
  node agent(options_of("agent", {address(edge)}));
  agent.listen("told.here", [](int) {});
  agent.start();
  BOOST_REQUIRE(listens(agent, "told.*", 1));
  asio::post(agent.get_executor(), [&] {
    for (int i = 0; i < 100; ++i) agent.emit(i % 2 == 0 ? "told.here" : "told.elsewhere", i);
  });
  BOOST_TEST(eventually([&] {
    const std::lock_guard lock(mutex);
    return heard.size() == 100;
  }));
  const std::lock_guard lock(mutex);
  BOOST_TEST(std::is_sorted(heard.begin(), heard.end()));
}

BOOST_AUTO_TEST_CASE(clients_of_any_node_reach_every_service_and_hear_every_event_in_order) {
  node agent(options_of("agent"));
  agent.on("double", [](int number) { return 2 * number; });
  agent.start();
  node edge(options_of("edge", {address(agent)}));
  edge.start();
  BOOST_REQUIRE(serves(edge, "double"));
  socket_client client(edge.port());
  client.say(R"({"type":"subscription","eventType":"tick","mid":"s"})");
  BOOST_REQUIRE(client.wait_for(1));
  BOOST_REQUIRE(listens(agent, "tick", 1));
  for (int i = 0; i < 1000; ++i) {
    client.say(R"({"mid":)" + std::to_string(i) + R"(,"command":"double","data":)" + std::to_string(i) + "}");
    agent.emit("tick", i);
  }
  BOOST_REQUIRE(client.wait_for(2001));
  int events = 0;
  std::set<std::int64_t> answered;
  for (const auto& each : client.heard()) {
    const auto said = from_json(each);
    BOOST_REQUIRE(said.ok());
    if (const auto* topic = said->find("type"); topic != nullptr) {
      BOOST_TEST(said->at("payload").as_int() == events++);
    } else if (said->at("mid").is_integer()) {
      BOOST_TEST(said->at("value").as_int() == 2 * said->at("mid").as_int());
      BOOST_TEST(answered.insert(said->at("mid").as_int()).second);
    }
  }
  BOOST_TEST(events == 1000);
  BOOST_TEST(answered.size() == 1000);
}

BOOST_AUTO_TEST_CASE(four_threads_send_a_thousand_commands_each_and_every_answer_is_theirs) {
  node server(options_of("server"));
  server.on("echo", [](std::int64_t number) { return number; });
  server.start();
  node caller(options_of("caller", {address(server)}));
  caller.start();
  BOOST_REQUIRE(serves(caller, "echo"));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<std::future<payload>> answers;
      for (std::int64_t i = 0; i < 1000; ++i) {
        answers.push_back(caller.send("echo", thread * 10'000 + i));
        if (i % 100 == 0) caller.emit("noise", i);
      }
      for (std::int64_t i = 0; i < 1000; ++i) {
        if (outcome(answers[static_cast<std::size_t>(i)]) != std::to_string(thread * 10'000 + i)) ++wrong;
      }
    });
  }
  for (auto& each : threads) each.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(caller.counters().commands_sent == 4000);
}

BOOST_AUTO_TEST_CASE(futures_throw_failures_with_the_right_code) {
  node server(options_of("server"));
  server.on("refuse", []() -> int { throw failure(errc::denied, "not on Sundays"); });
  server.on("break", []() -> int { throw std::runtime_error("secret"); });
  server.on("sleep", blocking([] { std::this_thread::sleep_for(500ms); }));
  server.start();
  node caller(options_of("caller", {address(server)}));
  caller.start();
  BOOST_REQUIRE(serves(caller, "refuse"));
  auto refused = caller.send("refuse");
  BOOST_CHECK_EXCEPTION(refused.get(), failure, [](const failure& why) {
    return why.code() == errc::denied && why.detail() == "not on Sundays";
  });
  BOOST_TEST(outcome(caller.send("break")) == "handler_failed");
  BOOST_TEST(outcome(caller.send("nothing")) == "no_handler");
  BOOST_TEST(outcome(caller.send("sleep", payload{}, {.timeout = 50ms})) == "timed_out");
  BOOST_TEST(outcome(caller.send("askr.ping", payload{}, {.to = "nobody"})) == "no_node");
  BOOST_TEST(outcome(caller.send("askr.ping", payload{}, {.timeout = std::chrono::hours(1)})) == "bad_options");
  BOOST_TEST(outcome(caller.send("no name")) == "bad_options");
  BOOST_CHECK_THROW(caller.emit("no topic"), failure);
}

BOOST_AUTO_TEST_SUITE_END()
