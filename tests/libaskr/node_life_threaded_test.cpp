// SPDX-License-Identifier: MIT
// Whole nodes with their threads and sockets on loopback: kinds of handlers and callers, every way to end, and what
// comes to the door.
#include "tests/support/socket_client.hpp"
#include "tests/support/threaded_nodes.hpp"

#include <askr/authenticators.hpp>
#include <askr/coroutine.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <ctime>

BOOST_AUTO_TEST_SUITE(node_life_threaded)

namespace {

using namespace askr;
using namespace askr::test;

/// Runs an io_context on a thread of its own.
class running_context {
 public:
  ~running_context() {
    context.stop();
    thread_.join();
  }
  asio::io_context context{1};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context);
  std::thread thread_{[this] { context.run(); }};
};

}  // namespace

// --- kinds of handlers and callers

BOOST_AUTO_TEST_CASE(blocking_handlers_run_beside_each_other_and_beside_the_node) {
  auto options = options_of("server");
  options.workers = 3;
  node server(std::move(options));
  std::atomic<int> inside = 0;
  server.on("meet", blocking([&] {
              ++inside;
              for (const auto end = clock::now() + patience; inside < 3 && clock::now() < end;)
                std::this_thread::yield();
              return inside.load();
            }));
  server.start();
  std::vector<std::future<payload>> meetings;
  for (int i = 0; i < 3; ++i) meetings.push_back(server.send("meet"));
  BOOST_TEST(outcome(server.send("askr.ping")) == "\"pong\"");
  for (auto& each : meetings) BOOST_TEST(outcome(each) == "3");
}

BOOST_AUTO_TEST_CASE(coroutine_handlers_ask_other_nodes_and_wait_without_holding_theirs) {
  node back(options_of("back"));
  back.on("number", [] { return 20; });
  back.start();
  node front(options_of("front", {address(back)}));
  front.on("sum", [&front](int more) -> asio::awaitable<int> {
    const payload nothing;
    const auto number = co_await front.async_send("number", nothing, {}, asio::use_awaitable);
    asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
    co_await pause.async_wait(asio::use_awaitable);
    co_return number.as<int>() + more;
  });
  front.on("fail", []() -> asio::awaitable<void> {
    throw failure(errc::overloaded, "tired");
    co_return;
  });
  front.start();
  BOOST_REQUIRE(serves(front, "number"));
  std::vector<std::future<payload>> sums;
  for (int i = 0; i < 50; ++i) sums.push_back(back.send("sum", i, {.to = "front"}));
  for (int i = 0; i < 50; ++i) BOOST_TEST(outcome(sums[static_cast<std::size_t>(i)]) == std::to_string(20 + i));
  BOOST_TEST(outcome(back.send("fail", payload{}, {.to = "front"})) == "overloaded");
}

BOOST_AUTO_TEST_CASE(a_node_runs_on_the_users_own_io_context) {
  running_context users;
  node other(options_of("other"));
  other.on("add", [](const std::vector<int>& numbers) { return numbers.at(0) + numbers.at(1); });
  other.start();
  node mine(options_of("mine", {address(other)}), users.context);
  mine.on("here", [] { return 1; });
  mine.start();
  BOOST_REQUIRE(serves(mine, "add"));
  auto sum = asio::co_spawn(
      users.context,
      [&mine]() -> asio::awaitable<int> {
        const auto numbers = payload::from(std::vector{20, 22});
        const auto answer = co_await mine.async_send("add", numbers, {}, asio::use_awaitable);
        co_return answer.as<int>();
      },
      asio::use_future);
  BOOST_REQUIRE((sum.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(sum.get() == 42);
  std::promise<std::error_code> ended;
  mine.async_send("nothing", payload{}, {}, [&](std::error_code why, const payload&) { ended.set_value(why); });
  BOOST_TEST((ended.get_future().get() == errc::no_handler));
  BOOST_TEST(outcome(other.send("here")) == "1");
  mine.stop();
  BOOST_TEST(sees(other, 1));
}

BOOST_AUTO_TEST_CASE(a_node_looks_for_more_to_do_as_long_as_it_was_told_and_then_sleeps) {
  const auto at_work = [](microseconds busy_poll) {  // In the 200 ms between two commands.
    auto options = options_of("node");
    options.busy_poll = busy_poll;
    node one(std::move(options));
    one.on("cpu", [] {
      timespec used{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
      return used.tv_sec * std::int64_t{1'000'000} + used.tv_nsec / 1000;
    });
    one.start();
    const auto before = one.send("cpu").get().as<std::int64_t>();
    std::this_thread::sleep_for(200ms);  // Nothing is waited for: what the node does meanwhile is measured.
    return microseconds(one.send("cpu").get().as<std::int64_t>() - before);
  };
  BOOST_TEST(at_work(0us).count() < 20'000);
  BOOST_TEST(at_work(1s).count() > 20'000);
  BOOST_TEST(at_work(5ms).count() < 20'000);
}

BOOST_AUTO_TEST_CASE(a_context_that_has_stopped_lets_its_node_go) {
  asio::io_context context{1};
  node mine(options_of("mine"), context);
  mine.start();
  context.run_for(20ms);
  context.stop();
  mine.stop();
  BOOST_TEST(outcome(mine.send("askr.ping")) == "closed");
}

// --- ends

BOOST_AUTO_TEST_CASE(commands_in_flight_end_when_the_serving_node_stops) {
  node server(options_of("server"));
  server.on("never", []() -> asio::awaitable<void> {
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await pause.async_wait(asio::use_awaitable);
  });
  server.start();
  node caller(options_of("caller", {address(server)}));
  caller.start();
  BOOST_REQUIRE(serves(caller, "never"));
  std::vector<std::future<payload>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(caller.send("never"));
  BOOST_REQUIRE(eventually([&] { return server.counters().commands_served == 100; }));
  const auto stopped = clock::now();
  server.stop();
  for (auto& each : waiting) {
    const auto end = outcome(each);
    BOOST_TEST((end == "peer_lost" || end == "closed"), end);
  }
  BOOST_TEST((clock::now() - stopped < seconds(5)));
  BOOST_TEST(outcome(caller.send("never")) == "no_handler");
}

BOOST_AUTO_TEST_CASE(a_node_may_be_destroyed_with_all_kinds_of_commands_under_way) {
  std::vector<std::future<payload>> waiting;
  {
    node lonely(options_of("lonely"));
    lonely.on("sleeps", []() -> asio::awaitable<void> {
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::hours(1));
      co_await pause.async_wait(asio::use_awaitable);
    });
    lonely.on("asks", [&lonely]() -> asio::awaitable<void> {
      const payload nothing;
      co_await lonely.async_send("sleeps", nothing, {}, asio::use_awaitable);
    });
    lonely.on("blocks", blocking([] { std::this_thread::sleep_for(100ms); }));
    lonely.start();
    for (int i = 0; i < 10; ++i) {
      for (const auto* name : {"sleeps", "asks", "blocks"}) waiting.push_back(lonely.send(name));
    }
    BOOST_REQUIRE(eventually([&] { return lonely.counters().commands_served >= 30; }));
  }
  for (auto& each : waiting) {
    const auto end = outcome(each);
    BOOST_TEST((end == "closed" || end == "null"), end);
  }
}

BOOST_AUTO_TEST_CASE(what_is_asked_of_a_node_that_never_starts_ends_in_closed) {
  std::future<payload> before;
  {
    node idle(options_of("idle"));
    idle.on("work", [] { BOOST_ERROR("must not run"); });
    before = idle.send("work");
    BOOST_TEST(idle.port() == 0);
    BOOST_TEST(idle.nodes().size() == 1);
  }
  BOOST_TEST(outcome(before) == "closed");
}

BOOST_AUTO_TEST_CASE(what_is_asked_before_the_start_waits_for_it) {
  node early(options_of("early"));
  auto answer = early.send("work");
  early.on("work", [] { return 1; });
  early.set_state("color", payload::from("red"));
  auto after = early.send("work");
  early.start();
  BOOST_TEST(outcome(answer) == "no_handler");
  BOOST_TEST(outcome(after) == "1");
  BOOST_TEST(early.state("color")->as<std::string>() == "red");
}

BOOST_AUTO_TEST_CASE(what_is_asked_of_a_stopped_node_ends_in_closed) {
  node done(options_of("done"));
  done.start();
  done.stop();
  done.stop();
  BOOST_TEST(outcome(done.send("askr.ping")) == "closed");
  done.emit("tick", 1);
  done.on("late", [] {});
  BOOST_CHECK_THROW(done.start(), failure);
}

BOOST_AUTO_TEST_CASE(handlers_completions_and_listeners_may_stop_their_node) {
  for (const std::string how : {"handler", "remote", "blocking", "coroutine", "completion", "listener"}) {
    BOOST_TEST_CONTEXT(how) {
      node other(options_of("other"));
      other.start();
      node mortal(options_of("mortal", {address(other)}));
      mortal.on("handler", [&] { mortal.stop(); });
      mortal.on("blocking", blocking([&] { mortal.stop(); }));
      mortal.on("coroutine", [&]() -> asio::awaitable<void> {
        mortal.stop();
        co_return;
      });
      mortal.listen("end", [&](const event&) { mortal.stop(); });
      mortal.start();
      BOOST_REQUIRE(sees(other, 2));
      std::future<payload> asked;
      if (how == "completion") mortal.send_with("askr.ping", {}, {}, [&](const result<payload>&) { mortal.stop(); });
      if (how == "listener") mortal.emit("end");
      if (how == "remote") asked = other.send("handler", payload{}, {.to = "mortal"});
      if (how == "handler" || how == "blocking" || how == "coroutine") asked = mortal.send(how);
      BOOST_TEST(sees(other, 1));
      if (asked.valid()) BOOST_TEST(outcome(asked) != "never");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_blocking_handler_may_stop_a_node_that_is_being_destroyed) {
  for (int round = 0; round < 20; ++round) {
    std::promise<void> begun;
    auto mortal = std::make_unique<node>(options_of("mortal"));
    auto& itself = *mortal;
    mortal->on("end", blocking([&] {
                 begun.set_value();
                 while (outcome(itself.send("askr.ping")) != "closed") std::this_thread::yield();
                 itself.stop();
               }));
    mortal->start();
    (void)mortal->send("end");
    begun.get_future().wait();
    mortal.reset();
  }
}

BOOST_AUTO_TEST_CASE(what_a_node_said_before_it_stopped_is_heard) {
  node listener(options_of("listener"));
  std::atomic<int> heard = 0;
  listener.listen("last.words", [&](const event&) { ++heard; });
  listener.start();
  node speaker(options_of("speaker", {address(listener)}));
  speaker.start();
  BOOST_REQUIRE(listens(speaker, "last.words", 1));
  for (int i = 0; i < 200; ++i) speaker.emit("last.words", std::string(1000, 'x'));
  speaker.stop();
  BOOST_TEST(eventually([&] { return heard == 200; }));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_used_by_many_threads_stops_in_peace) {
  node server(options_of("server"));
  server.on("work", blocking([] { return 1; }));
  server.start();
  node caller(options_of("caller", {address(server)}));
  caller.start();
  BOOST_REQUIRE(serves(caller, "work"));
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        const auto end = outcome(caller.send("work"));
        if (end == "never" || end == "broken promise") ++lost;
      }
    });
  }
  BOOST_TEST(eventually([&] { return server.counters().commands_served > 20; }));  // In the middle of it.
  server.stop();
  caller.stop();
  for (auto& each : threads) each.join();
  BOOST_TEST(lost == 0);
}

// --- doors

BOOST_AUTO_TEST_CASE(a_client_that_does_not_authenticate_in_time_is_closed) {
  auto options = options_of("strict");
  options.authenticator =
      std::make_shared<token>(std::vector<token::entry>{{.name = "a", .secret = std::string(40, 'a')}});
  options.sessions.auth_deadline = 100ms;
  node strict(std::move(options));
  strict.start();
  socket_client client(strict.port());
  BOOST_TEST(client.wait_for_end());
  BOOST_TEST(client.closed_with() == 1008);
}

BOOST_AUTO_TEST_CASE(clients_are_told_that_their_node_stops) {
  node mortal(options_of("mortal"));
  mortal.start();
  socket_client client(mortal.port());
  client.say(R"({"mid":1,"command":"askr.ping"})");
  BOOST_REQUIRE(client.wait_for(1));
  std::thread stopper([&] { mortal.stop(); });
  BOOST_TEST(client.wait_for_end());
  stopper.join();
  BOOST_TEST(client.closed_with() == 1001);
}

BOOST_AUTO_TEST_CASE(garbage_at_the_door_disturbs_nobody) {
  auto options = options_of("door");
  options.sessions.head_deadline = 200ms;
  options.links.handshake_deadline = 200ms;
  node door(std::move(options));
  door.start();
  node friendly(options_of("friendly", {address(door)}));
  friendly.start();
  socket_client client(door.port());
  const std::vector<std::string> garbage = {
      "",
      std::string(1, '\0'),
      "\x16\x03\x01\x02",
      "GET / HTTP/1.1\r\n\r\n",
      std::string(20'000, 'A'),
      "\xc1",
      "\xc1"
      "askr\x01\x01",
      "\xc1"
      "askr\x01\x01\x01" +
          std::string(2'000, '\xff'),
  };
  std::vector<std::unique_ptr<askr::test::raw_socket>> strangers;
  for (const auto& each : garbage) strangers.push_back(std::make_unique<askr::test::raw_socket>(door.port(), each));
  for (auto& each : strangers) BOOST_TEST(each->wait_for_end());
  BOOST_TEST(sees(door, 2));
  client.say(R"({"mid":1,"command":"askr.ping"})");
  BOOST_TEST(client.wait_for(1));
  BOOST_TEST(door.counters().links_opened == 1);
}

BOOST_AUTO_TEST_CASE(options_that_break_a_rule_are_refused_in_the_constructor) {
  const auto code_of = [](node_options options) {
    try {
      node refused(std::move(options));
    } catch (const failure& why) {
      return std::string(to_string(static_cast<errc>(why.code().value())));
    }
    return std::string("taken");
  };
  auto options = options_of("a b");
  BOOST_TEST(code_of(std::move(options)) == "bad_options");
  options = options_of("short");
  options.secret = "short";
  BOOST_TEST(code_of(std::move(options)) == "bad_options");
  options = options_of("absent");
  options.secret.clear();
  options.secret_file = "/nonexistent/secret";
  BOOST_TEST(code_of(std::move(options)) == "bad_key_file");
}

BOOST_AUTO_TEST_SUITE_END()
