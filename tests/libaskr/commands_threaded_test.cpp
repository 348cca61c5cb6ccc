// SPDX-License-Identifier: MIT
// Answers in parts, of all nodes, given up, and how deep commands lead to commands: with real threads.
#include <askr/client.hpp>
#include <askr/coroutine.hpp>
#include <askr/node.hpp>
#include "tests/support/threaded_nodes.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>

BOOST_AUTO_TEST_SUITE(commands_threaded)

namespace {

using namespace askr;
using namespace askr::test;

struct pair {
  node agent{options_of("agent")};
  std::optional<node> edge;

  pair() {
    agent.start();
    edge.emplace(options_of("edge", {address(agent)}));
    edge->start();
  }
  bool know(std::string_view command) const { return serves(*edge, command); }
};

/// A stream's parts and its outcome, as text.
template <class Sender>
std::string stream_text(Sender& from, int count) {
  const auto text = std::make_shared<std::string>();
  std::promise<void> ended;
  from.stream(
      "count", payload::from(count), {}, [text](payload_view part) { *text += *part.to_json() + " "; },
      [text, &ended](const result<payload>& outcome) {
        *text += outcome ? *outcome->to_json() : outcome.error().message();
        ended.set_value();
      });
  BOOST_REQUIRE(ended.get_future().wait_for(patience) == std::future_status::ready);
  return *text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(blocking_handlers_and_coroutines_answer_in_parts) {
  pair nodes;
  nodes.agent.on("count", blocking([](const command& asked, stream& out) {
                   for (int i = 0; i < asked.as<int>(); ++i) out.send(i);
                 }));
  BOOST_REQUIRE(nodes.know("count"));
  BOOST_TEST(stream_text(*nodes.edge, 3) == "0 1 2 null");
  client outside({.url = nodes.edge->url()});
  outside.connect();
  BOOST_TEST(stream_text(outside, 2) == "0 1 null");
  nodes.agent.on("count", [](const command& asked, stream& out) -> asio::awaitable<int> {
    int i = 0;
    for (const auto last = asked.as<int>(); i < last; ++i) {
      const bool heard = co_await send_part(out, i);
      if (!heard) break;
    }
    co_return i;
  });
  BOOST_TEST(eventually([&] { return stream_text(*nodes.edge, 3) == "0 1 2 3"; }));
}

BOOST_AUTO_TEST_CASE(a_large_stream_comes_whole_though_its_producer_is_held) {
  pair nodes;
  nodes.agent.on("pour", blocking([](const command&, stream& out) {
                   for (int i = 0; i < 300; ++i) out.send(std::string(20'000, 'x'));
                 }));
  BOOST_REQUIRE(nodes.know("pour"));
  std::atomic<std::size_t> bytes = 0;
  std::promise<bool> ended;
  nodes.edge->stream(
      "pour", {}, {}, [&](payload_view part) { bytes += part.as<std::string>().size(); },
      [&](const result<payload>& outcome) { ended.set_value(outcome.ok()); });
  BOOST_TEST(ended.get_future().get());
  BOOST_TEST(bytes == 6'000'000);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_given_up_stops_its_blocking_handler) {
  pair nodes;
  std::promise<void> began, stopped;
  nodes.agent.on("wait", blocking([&](const command& asked) {
                   began.set_value();
                   while (!asked.canceled()) std::this_thread::sleep_for(1ms);
                   stopped.set_value();
                 }));
  BOOST_REQUIRE(nodes.know("wait"));
  std::promise<errc> ended;
  const auto number = nodes.edge->send_cancelable(
      "wait", {}, {}, [&](const result<payload>& outcome) { ended.set_value(outcome.code()); });
  BOOST_REQUIRE(began.get_future().wait_for(patience) == std::future_status::ready);
  nodes.edge->cancel(number);
  BOOST_TEST((ended.get_future().get() == errc::canceled));
  BOOST_REQUIRE(stopped.get_future().wait_for(patience) == std::future_status::ready);
}

BOOST_AUTO_TEST_CASE(a_cancellation_slot_gives_a_command_up) {
  pair nodes;
  std::atomic<bool> began = false, stopped = false;
  nodes.agent.on("wait", blocking([&](const command& asked) {
                   began = true;
                   while (!asked.canceled()) std::this_thread::sleep_for(1ms);
                   stopped = true;
                 }));
  BOOST_REQUIRE(nodes.know("wait"));
  client outside({.url = nodes.edge->url()});
  outside.connect();
  const auto give_up = [&](auto& from) {
    asio::cancellation_signal signal;
    std::promise<std::error_code> ended;
    began = stopped = false;
    asio::post(from.get_executor(), [&] {
      from.async_send("wait", payload{}, send_options{},
                      asio::bind_cancellation_slot(
                          signal.slot(), [&](std::error_code code, const payload&) { ended.set_value(code); }));
    });
    if (!eventually([&] { return began.load(); })) return false;
    asio::post(from.get_executor(), [&] { signal.emit(asio::cancellation_type::terminal); });
    const auto code = ended.get_future().get();
    return code == make_error_code(errc::canceled) && eventually([&] { return stopped.load(); });
  };
  BOOST_TEST(give_up(*nodes.edge));
  BOOST_TEST(give_up(outside));
}

BOOST_AUTO_TEST_CASE(all_nodes_are_asked_by_nodes_and_by_clients) {
  pair nodes;
  nodes.agent.on("who", [] { return "agent"; });
  nodes.edge->on("who", [] { return "edge"; });
  BOOST_REQUIRE(nodes.know("who"));
  BOOST_REQUIRE(sees(*nodes.edge, 2));
  client outside({.url = nodes.edge->url()});
  outside.connect();
  BOOST_TEST(eventually([&] { return nodes.edge->send_all("who").get().size() == 2; }));
  for (const auto& answers : {nodes.edge->send_all("who").get(), outside.send_all("who").get()}) {
    BOOST_REQUIRE_EQUAL(answers.size(), 2);
    BOOST_TEST(answers[0].outcome->as<std::string>() == "agent");
    BOOST_TEST(answers[1].outcome->as<std::string>() == "edge");
    BOOST_TEST((answers[0].id == nodes.agent.id()));
  }
}

BOOST_AUTO_TEST_CASE(commands_that_lead_to_commands_end_at_depth_16_through_handlers_of_every_kind) {
  auto options = options_of("one");
  options.workers = 20;
  node one(std::move(options));
  std::atomic<int> deepest = 0;
  const auto note = [&](const command& asked) { deepest = std::max<int>(deepest, asked.depth); };
  one.on("blocking", blocking([&](const command& asked) {
           note(asked);
           return one.send("coroutine").get().as<int>() + 1;
         }));
  one.on("coroutine", [&](const command& asked) -> asio::awaitable<int> {
    note(asked);
    asio::steady_timer pause(one.get_executor(), 1ms);
    co_await pause.async_wait(asio::use_awaitable);
    auto deeper = one.async_send("blocking", payload{}, send_options{}, asio::use_awaitable);
    const auto answer = co_await std::move(deeper);
    co_return answer.as<int>() + 1;
  });
  one.start();
  BOOST_TEST(outcome(one.send("coroutine")) != "never");
  BOOST_TEST(deepest == 16);
}

BOOST_AUTO_TEST_SUITE_END()
