// SPDX-License-Identifier: MIT
// Clients of real nodes over loopback, with their threads. Also runs under the thread sanitizer.
#include <askr/client.hpp>
#include <askr/coroutine.hpp>
#include <askr/node.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace askr;

BOOST_AUTO_TEST_SUITE(client_threaded)

namespace {

constexpr auto patience = seconds(20);

node_options quiet_node(std::uint16_t port = 0) {
  node_options options;
  options.workspace = "client-threaded-test";
  options.port = port;
  options.port_tries = 1;
  options.beacon = false;
  options.secret = "a secret of this test, long enough for it";
  return options;
}

client_options to(const node& one) { return {.url = one.url(), .reconnect_first = 1ms, .reconnect_max = 20ms}; }

template <class T>
T in_time(std::future<T> future) {
  BOOST_REQUIRE(future.wait_for(patience) == std::future_status::ready);
  return future.get();
}

errc code_of(std::future<payload> future) {
  try {
    in_time(std::move(future));
  } catch (const failure& why) {
    return static_cast<errc>(why.code().value());
  }
  BOOST_FAIL("it did not fail");
  return errc::closed;
}

struct fixture {
  node one{quiet_node()};

  fixture() {
    one.on("double", [](int n) { return 2 * n; });
    one.start();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(commands_from_many_threads_get_their_own_answers, fixture) {
  client asking(to(one));
  asking.connect();
  BOOST_TEST(asking.node_name() == one.name());
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::future<payload>> answers;
      for (int i = 0; i < 100; ++i) answers.push_back(asking.send("double", t * 1000 + i));
      for (int i = 0; i < 100; ++i) right += answers[i].get().as<int>() == 2 * (t * 1000 + i);
    });
  }
  for (auto& each : threads) each.join();
  BOOST_TEST(right == 400);
}

BOOST_FIXTURE_TEST_CASE(a_client_answers_in_parts_and_is_held_by_a_caller_at_another_node, fixture) {
  auto options = quiet_node();
  options.seeds = {"127.0.0.1:" + std::to_string(one.port())};
  node two(std::move(options));
  two.start();
  client serving(to(one)), asking(to(two));
  serving.on("pour", blocking([](const command& asked, stream& out) {
               int sent = 0;
               while (sent < asked.as<int>() && out.send(std::string(10'000, 'x'))) ++sent;
               return sent;
             }));
  serving.connect();
  asking.connect();
  in_time(serving.ready());
  std::size_t bytes = 0;
  std::promise<payload> end;
  for (bool known = false; !known;) {  // Until the other node has heard who serves it.
    known = code_of(asking.send("pour")) != errc::no_handler;
  }
  asking.stream(
      "pour", payload::from(300), {}, [&](payload_view part) { bytes += part.as<std::string>().size(); },
      [&](result<payload> outcome) { end.set_value(std::move(outcome).value()); });
  BOOST_TEST(in_time(end.get_future()).as<int>() == 300);
  BOOST_TEST(bytes == 3'000'000);
}

BOOST_FIXTURE_TEST_CASE(a_client_serves_in_every_way_and_another_asks, fixture) {
  client serving(to(one));
  serving.on("now", [](const std::string& text) { return text + "!"; });
  serving.on("blocking", blocking([](const std::string& text) { return text + "!!"; }));
  serving.on("coroutine", [&](std::string text) -> asio::awaitable<std::string> {
    auto data = payload::from(21);
    const auto doubled = co_await serving.async_send("double", std::move(data), {}, asio::use_awaitable);
    co_return text + std::to_string(doubled.as<int>());
  });
  serving.on("throwing", []() -> int { throw failure(errc::denied, "not today"); });
  serving.connect();
  in_time(serving.ready());

  client asking({.url = one.url(), .encoding = encoding::json});
  asking.connect();
  BOOST_TEST(in_time(asking.send("now", "a")).as<std::string>() == "a!");
  BOOST_TEST(in_time(asking.send("blocking", "b")).as<std::string>() == "b!!");
  BOOST_TEST(in_time(asking.send("coroutine", "c")).as<std::string>() == "c42");
  BOOST_TEST((code_of(asking.send("throwing")) == errc::denied));
  BOOST_TEST((code_of(asking.send("nothing")) == errc::no_handler));
  BOOST_TEST(in_time(one.send("now", "node")).as<std::string>() == "node!");
}

BOOST_FIXTURE_TEST_CASE(events_arrive_in_order_and_once, fixture) {
  constexpr int count = 1000;
  client listening(to(one));
  std::vector<int> heard;
  std::promise<void> all;
  listening.listen("count.>", [&](int n) {
    heard.push_back(n);
    if (n == count - 1) all.set_value();
  });
  listening.connect();
  in_time(listening.ready());
  client emitting(to(one));
  emitting.connect();
  for (int i = 0; i < count; ++i) emitting.emit("count.up", i);
  in_time(emitting.ready());
  in_time(all.get_future());
  BOOST_REQUIRE(heard.size() == count);
  for (int i = 0; i < count; ++i) BOOST_REQUIRE(heard[i] == i);
}

BOOST_AUTO_TEST_CASE(a_restarted_node_is_found_again_and_everything_is_said_again) {
  auto first = std::make_unique<node>(quiet_node());
  first->start();
  const auto port = first->port();
  client lasting(to(*first));
  std::atomic<int> heard = 0;
  lasting.listen("topic", [&] { ++heard; });
  lasting.on("answer", [] { return 42; });
  lasting.connect();
  in_time(lasting.ready());

  first->stop();
  first.reset();
  auto waiting = lasting.send("answer");  // No connection: it waits for the next one.
  node second(quiet_node(port));
  second.start();
  BOOST_TEST(in_time(std::move(waiting)).as<int>() == 42);
  in_time(lasting.ready());
  BOOST_TEST(in_time(second.send("answer")).as<int>() == 42);
  second.emit("topic");
  lasting.emit("topic");
  in_time(lasting.ready());
  BOOST_TEST(heard == 2);
}

BOOST_AUTO_TEST_CASE(commands_in_flight_end_in_peer_lost_when_the_node_goes) {
  auto one = std::make_unique<node>(quiet_node());
  std::promise<void> asked;
  one->on("hang", [&]() -> asio::awaitable<void> {
    asked.set_value();
    asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await never.async_wait(asio::use_awaitable);
  });
  one->start();
  client asking({.url = one->url(), .reconnect = false});
  asking.connect();
  auto answer = asking.send("hang");
  in_time(asked.get_future());
  one.reset();
  const auto code = code_of(std::move(answer));
  BOOST_TEST((code == errc::peer_lost || code == errc::closed));  // `closed` if the node could still say so.
  BOOST_TEST((code_of(asking.send("hang")) == errc::closed));
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_that_never_ends_does_not_outlive_its_client, fixture) {
  client asking(to(one));
  asking.connect();
  std::future<payload> answer;
  auto alive = std::make_shared<int>(1);
  {
    client serving(to(one));
    std::promise<void> asked;
    serving.on("hang", [&asked, alive]() -> asio::awaitable<void> {
      asked.set_value();
      asio::steady_timer never(co_await asio::this_coro::executor, std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
    });
    serving.connect();
    in_time(serving.ready());
    answer = asking.send("hang");
    in_time(asked.get_future());
  }
  BOOST_TEST((code_of(std::move(answer)) == errc::peer_lost));
  BOOST_TEST(alive.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(pending_commands_of_a_destroyed_client_end_in_closed, fixture) {
  std::future<payload> unsent;
  {
    client never({.url = one.url()});
    unsent = never.send("double", 1);
  }
  BOOST_TEST((code_of(std::move(unsent)) == errc::closed));
}

BOOST_AUTO_TEST_CASE(connecting_to_nobody_fails_at_once_and_may_be_tried_again) {
  client asking({.url = "ws://127.0.0.1:1"});
  for (int i = 0; i < 2; ++i) {
    BOOST_CHECK_EXCEPTION(asking.connect(), failure, [](const failure& why) { return why.code() == errc::io_failed; });
  }
  BOOST_CHECK_THROW(client({.url = "http://x"}), failure);
}

BOOST_FIXTURE_TEST_CASE(a_client_lives_on_the_users_loop, fixture) {
  asio::io_context loop(1);
  client asking(to(one), loop);
  std::optional<int> answer;
  const auto talk = [&]() -> asio::awaitable<void> {
    co_await asking.async_connect(asio::use_awaitable);
    auto data = payload::from(4);
    const auto doubled = co_await asking.async_send("double", std::move(data), {}, asio::use_awaitable);
    answer = doubled.as<int>();
    asking.close();
  };
  asio::co_spawn(loop, talk, [](std::exception_ptr thrown) { BOOST_TEST(!thrown); });
  loop.run_for(patience);
  BOOST_TEST(loop.stopped());  // Nothing was left to do.
  BOOST_TEST((answer == 8));
}

BOOST_FIXTURE_TEST_CASE(closing_twice_and_from_a_handler_is_fine, fixture) {
  client asking(to(one));
  asking.connect();
  std::promise<bool> answered;  // Checks belong to the test's own thread.
  asking.send_with("double", payload::from(1), {}, [&](result<payload> outcome) {
    asking.close();
    answered.set_value(outcome.ok());
  });
  BOOST_TEST(in_time(answered.get_future()));
  asking.close();
  asking.close();
  BOOST_TEST((code_of(asking.send("double", 1)) == errc::closed));
}

BOOST_AUTO_TEST_SUITE_END()
