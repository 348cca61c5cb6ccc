// SPDX-License-Identifier: MIT
// Commands of a client that end before their time, are answered in parts or by all nodes; and what it answers in parts.
#include "tests/support/client_and_node.hpp"

#include <askr/answers.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_core_commands)

namespace {

using namespace askr;
using transport::client_message;
using transport::message_id;
using kind = client_message::kind;

struct fixture : test::client_and_node {
  std::vector<int> heard;
  std::function<void()> on_part;
  std::optional<result<payload>> ended;

  /// Asks "count" for an answer in parts, by the number 5.
  void ask_for_parts() {
    client().send(now,
                  {.name = "count",
                   .data = payload::from(1),
                   .number = 5,
                   .parts = std::make_shared<client_commands::part_receiver>([this](payload_view part) {
                     heard.push_back(part.as<int>());
                     if (on_part) on_part();
                   })},
                  into(ended));
    exchange();
  }
  void say_part(std::uint64_t mid, std::uint64_t number, int value) {
    const auto data = payload::from(value);
    client_message part;
    part.what = kind::part;
    part.mid = message_id::from_uint(mid);
    part.part = number;
    part.data = data.bytes();
    node->say(part);
    exchange();
  }

  /// Open, and serving "pour", which answers in parts.
  void serve_parts() {
    client().add_handler("pour", detail::make_handler(blocking([](const command&, stream&) {})));
    open();
    node->take();
  }
  client_job take_job() {
    auto jobs = client().take_jobs();
    BOOST_REQUIRE(jobs.size() == 1);
    jobs[0].feed->open({}, false);
    return std::move(jobs[0]);
  }
};

}  // namespace

// --- given up

BOOST_FIXTURE_TEST_CASE(a_command_that_is_given_up_ends_in_canceled_at_once_and_the_node_is_told, fixture) {
  open();
  client().send(now, {.name = "a", .number = 5}, into(ended));
  exchange();
  const auto asked = node->take();
  client().cancel(5);
  BOOST_TEST((ended->code() == errc::canceled));
  exchange();
  const auto told = node->take();
  BOOST_TEST((told.what == kind::cancel && told.mid == asked.mid));
  node->say(kind::reply, asked.mid.number(), payload::from(1));  // Too late: nobody is asked twice.
  client().cancel(5);
  exchange();
  BOOST_TEST(node->heard_nothing());
}

BOOST_FIXTURE_TEST_CASE(a_command_that_waits_for_a_connection_is_given_up_without_a_word, fixture) {
  client().connect(now, into(connected));
  client().send(now, {.name = "a", .number = 5}, into(ended));
  client().cancel(6);  // Never asked.
  BOOST_TEST(!ended.has_value());
  client().cancel(5);
  BOOST_TEST((ended->code() == errc::canceled));
  open();
  BOOST_TEST(node->heard_nothing());
}

// --- asked for in parts

BOOST_FIXTURE_TEST_CASE(each_part_is_heard_and_then_the_outcome, fixture) {
  open();
  ask_for_parts();
  const auto asked = node->take();
  BOOST_TEST(asked.stream);
  const auto mid = asked.mid.number();
  say_part(mid, 1, 10), say_part(mid, 2, 20);
  BOOST_TEST(!ended.has_value());
  node->say(kind::reply, mid, payload::from(2));
  exchange();
  say_part(mid, 3, 30);  // Behind the end.
  BOOST_TEST(heard == (std::vector{10, 20}), boost::test_tools::per_element());
  BOOST_TEST(ended->value().as<int>() == 2);
}

BOOST_FIXTURE_TEST_CASE(a_part_for_a_command_that_wants_none_is_passed_over, fixture) {
  open();
  auto& outcome = send("a");
  exchange();
  const auto mid = node->take().mid.number();
  say_part(mid, 1, 10);
  BOOST_TEST(!outcome.has_value());
  node->say(kind::reply, mid, payload::from(1));
  exchange();
  BOOST_TEST(outcome->ok());
}

BOOST_FIXTURE_TEST_CASE(a_caller_may_give_up_while_it_hears_a_part_and_hears_no_more, fixture) {
  open();
  on_part = [this] { client().cancel(5); };
  ask_for_parts();
  const auto mid = node->take().mid.number();
  say_part(mid, 1, 10), say_part(mid, 2, 20);
  BOOST_TEST(heard.size() == 1);
  BOOST_TEST((ended->code() == errc::canceled));
  BOOST_TEST((node->take().what == kind::cancel));
}

BOOST_FIXTURE_TEST_CASE(an_answer_in_parts_ends_with_the_connection, fixture) {
  open();
  ask_for_parts();
  say_part(node->take().mid.number(), 1, 10);
  lose();
  BOOST_TEST((ended->code() == errc::peer_lost));
  redial();
  BOOST_TEST(node->heard_nothing());
}

// --- asked of all

BOOST_FIXTURE_TEST_CASE(a_command_to_all_says_so_and_its_one_reply_has_the_answer_of_each, fixture) {
  open();
  client().send(now, {.name = "askr.ping", .all = true}, into(ended));
  exchange();
  const auto asked = node->take();
  BOOST_TEST(asked.all);
  node->say(kind::reply, asked.mid.number(),
            payload::from(std::vector<std::map<std::string, std::string>>{
                {{"node", "askr-a-x1Y2z3"}, {"id", std::string(32, '1')}, {"value", "yes"}},
                {{"node", "askr-b-x1Y2z4"}, {"id", std::string(32, '2')}, {"error", "busy"}, {"code", "overloaded"}}}));
  exchange();
  const auto answers = read_answers(ended->value()).value();
  BOOST_REQUIRE_EQUAL(answers.size(), 2);
  BOOST_TEST(answers[0].node == "askr-a-x1Y2z3");
  BOOST_TEST(answers[0].outcome.value().as<std::string>() == "yes");
  BOOST_TEST(answers[1].outcome.error().message() == "overloaded: busy");
}

// --- answered in parts

BOOST_FIXTURE_TEST_CASE(a_handler_answers_in_parts_as_long_as_there_is_credit, fixture) {
  serve_parts();
  node->ask(9, "pour", {}, true);
  exchange();
  const auto job = take_job();
  const auto large = payload::from(std::string(100'000, 'x'));
  int room = 0;
  for (int i = 0; i < 4; ++i) job.feed->push_with(large, [&](bool open) { room += open ? 1 : 100; });
  client().on_answer(job.serving, payload::from(4));
  exchange();
  std::size_t bytes = 0;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    const auto part = node->take();
    BOOST_TEST((part.what == kind::part && part.mid.number() == 9 && part.part == number));
    bytes += part.bytes;
  }
  BOOST_TEST(node->heard_nothing());  // The third was more than there was room for; the fourth and the end wait.
  BOOST_TEST(room == 0);
  node->give_credit(9, bytes - (256 << 10));
  exchange();
  BOOST_TEST(node->heard_nothing());
  node->give_credit(9, 1);
  exchange();
  BOOST_TEST((node->take().part == 4));
  const auto end = node->take();
  BOOST_TEST((end.what == kind::reply && end.mid.number() == 9));
  BOOST_TEST(end.data.as<int>() == 4);
}

BOOST_FIXTURE_TEST_CASE(a_handler_that_answers_in_parts_wants_to_be_asked_for_a_stream, fixture) {
  serve_parts();
  node->ask(9, "pour");
  exchange();
  BOOST_TEST(client().take_jobs().empty());
  BOOST_TEST(node->take().error == "pour answers in parts: ask for a stream");
}

BOOST_FIXTURE_TEST_CASE(a_part_that_cannot_be_said_ends_the_answer_with_its_error, fixture) {
  options.message_bytes_max = 1000;
  serve_parts();
  node->ask(9, "pour", {}, true);
  exchange();
  const auto job = take_job();
  job.feed->push_with(payload::from(std::string(2000, 'x')), [](bool) {});
  client().on_parts(job.serving);
  exchange();
  const auto end = node->take();
  BOOST_TEST((end.what == kind::failure && end.mid.number() == 9));
  BOOST_TEST(!stream(job.feed).send(1));
}

BOOST_FIXTURE_TEST_CASE(a_handler_is_told_when_nobody_waits_any_more, fixture) {
  const std::function<void()> ends[] = {[this] { node->say(kind::cancel, 9), exchange(); },
                                        [this] { lose(), redial(); }, [this] { client().close(now); }};
  serve_parts();
  for (const auto& end : ends) {
    node->ask(9, "pour", {}, true);
    exchange();
    const auto job = take_job();
    BOOST_TEST(!job.asked.canceled());
    end();
    BOOST_TEST(job.asked.canceled());
    BOOST_TEST(!stream(job.feed).send(1));
    client().on_parts(job.serving);
    client().on_answer(job.serving, payload::from(1));
  }
}

BOOST_AUTO_TEST_SUITE_END()
