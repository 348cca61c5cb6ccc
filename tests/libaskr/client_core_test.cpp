// SPDX-License-Identifier: MIT
// A client_core against a session, both in memory: what is said, in which order, and what is said again.
#include "tests/support/client_and_node.hpp"

#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(client_core)

namespace {

using namespace askr;
using fixture = test::client_and_node;
using transport::client_message;
using transport::message_id;
using kind = client_message::kind;

}  // namespace

BOOST_FIXTURE_TEST_CASE(connecting_says_hello_and_ends_with_the_welcome, fixture) {
  options.workspace = "global";
  client().connect(now, into(connected));
  dial();
  const auto hello = node->take();
  BOOST_TEST((hello.what == kind::hello));
  BOOST_TEST(hello.workspace == "global");
  BOOST_TEST(!hello.text);
  BOOST_TEST(!connected.has_value());
  node->welcome(hello.mid.number());
  exchange();
  BOOST_TEST(connected->ok());
  BOOST_TEST(client().node_name() == "askr-edge-x1Y2z3");
}

BOOST_FIXTURE_TEST_CASE(a_token_is_the_first_message, fixture) {
  options.token = "s3cret";
  client().connect(now, into(connected));
  dial();
  const auto auth = node->take();
  BOOST_TEST((auth.what == kind::auth));
  BOOST_TEST(auth.token == "s3cret");
  BOOST_TEST((node->take().what == kind::hello));
}

BOOST_FIXTURE_TEST_CASE(json_is_spoken_in_text_frames, fixture) {
  options.encoding = encoding::json;
  open();
  auto& outcome = send("fetch");
  exchange();
  const auto asked = node->take();
  BOOST_TEST(asked.text);
  BOOST_TEST(asked.name == "fetch");
  node->say(kind::reply, asked.mid.number(), payload::from(std::string("ä")));
  exchange();
  BOOST_TEST(outcome->value().as<std::string>() == "ä");
}

BOOST_FIXTURE_TEST_CASE(a_refused_greeting_is_why_connect_fails, fixture) {
  client().connect(now, into(connected));
  dial();
  node->refuse(node->take().mid.number(), errc::unauthenticated, "unknown token");
  exchange();
  node->session().close(now, 1008, "unauthenticated");
  exchange();
  client().on_end(now, {errc::closed, "eof"});
  BOOST_TEST((connected->code() == errc::unauthenticated));
  BOOST_TEST(connected->error().detail == "unknown token");
  BOOST_TEST(!client().closed());  // It may be tried again.
}

BOOST_FIXTURE_TEST_CASE(no_node_there_is_said_with_the_url_and_the_reason, fixture) {
  client().connect(now, into(connected));
  BOOST_REQUIRE(client().take_dial(now));
  client().on_dial_failed(now, {errc::io_failed, "connect: Connection refused"});
  BOOST_TEST(connected->error().message() == "io_failed: no node at ws://127.0.0.1:8800 (connection refused)");
}

BOOST_FIXTURE_TEST_CASE(a_welcome_that_does_not_come_times_out, fixture) {
  client().connect(now, into(connected));
  dial();
  BOOST_REQUIRE(client().next_timeout() <= now + options.connect_timeout);
  now += options.connect_timeout;
  client().on_timeout(now);
  BOOST_TEST(client().should_close());
  client().on_end(now, {errc::closed, "closed"});
  BOOST_TEST((connected->code() == errc::timed_out));
}

BOOST_FIXTURE_TEST_CASE(what_does_not_answer_as_a_websocket_is_refused, fixture) {
  client().connect(now, into(connected));
  BOOST_REQUIRE(client().take_dial(now));
  client().on_dialed(now);
  std::string text = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
  byte_buffer bytes(text.begin(), text.end());
  client().on_bytes(now, bytes);
  BOOST_TEST(client().should_close());
  client().on_end(now, {errc::closed, "closed"});
  BOOST_TEST((connected->code() == errc::bad_message));
}

BOOST_FIXTURE_TEST_CASE(answers_are_matched_by_mid_in_any_order, fixture) {
  open();
  auto& first = send("a");
  auto& second = send("b");
  exchange();
  const auto a = node->take();
  const auto b = node->take();
  BOOST_TEST((a.timeout == milliseconds(seconds(10))));
  node->refuse(b.mid.number(), errc::no_handler, "Command's callback for b not found");
  node->say(kind::reply, a.mid.number(), payload::from(42));
  node->say(kind::reply, 999, payload::from(43));  // Never asked for.
  exchange();
  BOOST_TEST(first->value().as<int>() == 42);
  BOOST_TEST((second->code() == errc::no_handler));
}

BOOST_FIXTURE_TEST_CASE(a_silent_node_ends_in_timed_out_after_the_grace, fixture) {
  open();
  auto& outcome = send("a", milliseconds(100));
  exchange();
  now += milliseconds(100);
  client().on_timeout(now);
  BOOST_TEST(!outcome.has_value());  // The node has the same deadline, and knows better.
  now += client_commands::grace;
  BOOST_TEST((client().next_timeout() <= now));
  client().on_timeout(now);
  BOOST_TEST((outcome->code() == errc::timed_out));
}

BOOST_FIXTURE_TEST_CASE(a_lost_connection_ends_sent_commands_in_peer_lost_at_once, fixture) {
  open();
  auto& outcome = send("a");
  exchange();
  lose();
  BOOST_TEST((outcome->code() == errc::peer_lost));
  BOOST_TEST(client().node_name().empty());
  BOOST_TEST((client().next_timeout() <= now + options.reconnect_first));
}

BOOST_FIXTURE_TEST_CASE(serves_and_subscriptions_are_said_again_after_a_loss, fixture) {
  client().add_handler("add", detail::make_handler([] { return 1; }));
  client().add_listener(1, "t.>", detail::make_listener([](const event&) {}));
  open();
  BOOST_TEST(node->take().name == "add");
  BOOST_TEST(node->take().name == "t.>");
  lose();
  redial();
  const auto serve = node->take();
  const auto subscription = node->take();
  BOOST_TEST((serve.what == kind::serve && serve.name == "add"));
  BOOST_TEST((subscription.what == kind::subscription && subscription.name == "t.>"));
}

BOOST_FIXTURE_TEST_CASE(what_waited_for_a_connection_goes_out_in_order_with_the_time_that_is_left, fixture) {
  client().connect(now, into(connected));
  auto& outcome = send("a", seconds(5));
  client().emit(now, "topic", payload::from(1));
  auto& late = send("late", milliseconds(500));
  now += seconds(2);
  client().on_timeout(now);
  BOOST_TEST((late->code() == errc::timed_out));
  open();
  const auto command = node->take();
  BOOST_TEST(command.name == "a");
  BOOST_TEST((command.timeout == milliseconds(seconds(3))));
  BOOST_TEST((node->take().what == kind::event));
  BOOST_TEST(node->heard_nothing());
  BOOST_TEST(!outcome.has_value());
}

BOOST_FIXTURE_TEST_CASE(failed_dials_wait_longer_each_time_up_to_the_bound, fixture) {
  open();
  lose();
  milliseconds longest{0};
  for (int i = 0; i < 200; ++i) {
    const auto wait = std::chrono::ceil<milliseconds>(client().next_timeout() - now);
    longest = std::max(longest, wait);
    BOOST_REQUIRE(wait <= options.reconnect_max);
    now = client().next_timeout();
    client().on_timeout(now);
    BOOST_REQUIRE(client().take_dial(now));
    client().on_dial_failed(now, {errc::io_failed, "connect: Connection refused"});
  }
  BOOST_TEST((longest > seconds(3)));
}

BOOST_FIXTURE_TEST_CASE(without_reconnect_a_loss_closes_the_client, fixture) {
  options.reconnect = false;
  open();
  auto& sent = send("a");
  exchange();
  lose();
  BOOST_TEST((sent->code() == errc::peer_lost));
  BOOST_TEST(client().closed());
  BOOST_TEST((send("b")->code() == errc::closed));
}

BOOST_FIXTURE_TEST_CASE(a_served_command_is_answered_with_the_nodes_mid, fixture) {
  client().add_handler("double", detail::make_handler([](int n) { return 2 * n; }));
  open();
  const auto serve = node->take();
  node->say(kind::reply, serve.mid.number(), payload::from(true));
  client_message asked;
  asked.mid = message_id::from_uint(77);
  asked.name = "double";
  const auto data = payload::from(21);
  asked.data = data.bytes();
  node->say(asked);
  asked.mid = message_id::from_uint(78);
  asked.name = "unknown";
  node->say(asked);
  exchange();
  const auto reply = node->take();
  BOOST_TEST((reply.what == kind::reply && reply.mid.number() == 77));
  BOOST_TEST(reply.data.as<int>() == 42);
  const auto refused = node->take();
  BOOST_TEST((refused.what == kind::failure && refused.mid.number() == 78));
}

BOOST_FIXTURE_TEST_CASE(a_blocking_handler_answers_later_unless_nobody_waits_any_more, fixture) {
  client().add_handler("slow", detail::make_handler(blocking([] { return 1; })));
  open();
  node->take();
  client_message asked;
  asked.name = "slow";
  for (const std::uint64_t mid : {1, 2}) {
    asked.mid = message_id::from_uint(mid);
    node->say(asked);
  }
  node->say(kind::cancel, 1);
  exchange();
  const auto jobs = client().take_jobs();
  BOOST_REQUIRE(jobs.size() == 2);
  BOOST_TEST(jobs[0].asked.name == "slow");
  client().on_answer(jobs[0].serving, payload::from(1));
  client().on_answer(jobs[1].serving, payload::from(2));
  exchange();
  const auto reply = node->take();
  BOOST_TEST(reply.mid.number() == 2);
  BOOST_TEST(reply.data.as<int>() == 2);
  BOOST_TEST(node->heard_nothing());
}

BOOST_FIXTURE_TEST_CASE(an_answer_to_a_lost_connection_goes_nowhere, fixture) {
  client().add_handler("slow", detail::make_handler(blocking([] { return 1; })));
  open();
  node->take();
  client_message asked;
  asked.name = "slow";
  asked.mid = message_id::from_uint(1);
  node->say(asked);
  exchange();
  const auto jobs = client().take_jobs();
  lose();
  redial();
  BOOST_TEST((node->take().what == kind::serve));
  client().on_answer(jobs.at(0).serving, payload::from(1));
  exchange();
  BOOST_TEST(node->heard_nothing());
}

BOOST_FIXTURE_TEST_CASE(events_reach_each_listener_that_matches, fixture) {
  std::string log;
  client().add_listener(1, "t.a", detail::make_listener([&](int n) { log += "exact " + std::to_string(n) + ";"; }));
  client().add_listener(2, "t.*", detail::make_listener([&](const event& e) {
                          log += std::string(e.origin_name) + " " + std::to_string(e.sequence) + ";";
                        }));
  open();
  node->take(), node->take();
  client_message said;
  said.what = kind::event;
  said.name = "t.a";
  said.from = "askr-agent-abcdef";
  said.sequence = 5;
  const auto data = payload::from(3);
  said.data = data.bytes();
  node->say(said);
  exchange();
  BOOST_TEST(log == "exact 3;askr-agent-abcdef 5;");
  client().remove_listener(1);
  exchange();
  const auto unsubscribed = node->take();
  BOOST_TEST((unsubscribed.what == kind::unsubscription && unsubscribed.name == "t.a"));
}

BOOST_FIXTURE_TEST_CASE(after_a_lost_connection_topics_go_on_where_they_stopped_and_nothing_comes_twice, fixture) {
  std::string log;
  listen_options options;
  options.last = 5;
  options.on_gap = [&](const event_gap& gap) {
    log += std::string(to_string(gap.why)) + std::to_string(gap.from) + "-" + std::to_string(gap.to) + ";";
  };
  client().add_listener(1, "t.>", detail::make_listener([&](const event& heard) {
                          log += std::string(heard.topic) + std::to_string(heard.sequence) + ";";
                        }),
                        std::move(options));
  open();
  const auto first = node->take();
  BOOST_TEST((first.what == kind::subscription && first.last == 5 && first.positions.empty()));
  const auto say = [&](kind what, std::string_view topic, std::uint64_t sequence, incarnation epoch) {
    client_message said;
    said.what = what;
    said.name = topic;
    said.from = "askr-agent-abcdef";
    said.epoch = epoch;
    said.sequence = sequence;
    if (what == kind::gap) said.until = sequence + 1;
    node->say(said);
    exchange();
  };
  say(kind::event, "t.a", 5, 77);
  say(kind::event, "t.b", 1, 77);
  lose();
  redial();
  const auto again = node->take();
  BOOST_TEST((again.what == kind::subscription && !again.last));
  BOOST_TEST(again.positions == "t.a askr-agent-abcdef 77 5; t.b askr-agent-abcdef 77 1; ");
  say(kind::event, "t.a", 5, 77);
  say(kind::gap, "t.a", 6, 77);
  say(kind::event, "t.a", 8, 77);
  say(kind::event, "t.a", 1, 78);
  say(kind::event, "t.a", 9, 77);  // Of the life before.
  BOOST_TEST(log == "t.a5;t.b1;lost6-7;t.a8;t.a1;");
}

BOOST_FIXTURE_TEST_CASE(who_asks_is_told_how_many_nodes_are_ready, fixture) {
  std::string told;
  listen_options options;
  options.ready_timeout = 700ms;
  options.on_ready = [&](const listen_ready& how) { told = std::to_string(how.ready) + "/" + std::to_string(how.of); };
  client().add_listener(1, "t", detail::make_listener([](const event&) {}), std::move(options));
  open();
  const auto subscription = node->take();
  BOOST_TEST((subscription.ready && subscription.timeout == 700ms));
  node->say(kind::reply, subscription.mid.number(), payload::from(std::map<std::string, int>{{"ready", 2}, {"of", 3}}));
  exchange();
  BOOST_TEST(told == "2/3");
}

BOOST_FIXTURE_TEST_CASE(ready_waits_for_every_acknowledgement_and_tells_the_first_refusal, fixture) {
  client().add_listener(1, "secret", detail::make_listener([](const event&) {}));
  open();
  const auto subscription = node->take();
  std::optional<result<payload>> first;
  std::optional<result<payload>> second;
  client().ready(into(first));
  exchange();
  const auto fence = node->take();
  node->welcome(fence.mid.number());
  exchange();
  BOOST_TEST(!first.has_value());  // The subscription is not acknowledged yet.
  node->refuse(subscription.mid.number(), errc::denied, "may not listen");
  exchange();
  BOOST_TEST((first->code() == errc::denied));
  client().ready(into(second));
  exchange();
  node->welcome(node->take().mid.number());
  exchange();
  BOOST_TEST(second->ok());
}

BOOST_FIXTURE_TEST_CASE(ready_survives_a_lost_connection, fixture) {
  open();
  std::optional<result<payload>> outcome;
  client().ready(into(outcome));
  exchange();
  lose();
  redial();
  BOOST_TEST(!outcome.has_value());
  node->welcome(node->take().mid.number());
  exchange();
  BOOST_TEST(outcome->ok());
}

BOOST_FIXTURE_TEST_CASE(too_large_and_too_many_are_refused_here, fixture) {
  options.message_bytes_max = 1000;
  options.commands_pending_max = 2;
  open();
  std::optional<result<payload>> large;
  client().send(now, {.name = "a", .data = payload::from(std::string(2000, 'x')), .timeout = seconds(1)}, into(large));
  BOOST_TEST((large->code() == errc::too_large));
  auto& first = send("a");
  auto& second = send("a");
  BOOST_TEST((send("a")->code() == errc::overloaded));
  BOOST_TEST((!first && !second));
}

BOOST_FIXTURE_TEST_CASE(closing_ends_everything_in_closed_and_says_goodbye, fixture) {
  open();
  auto& outcome = send("a");
  std::optional<result<payload>> waiting;
  client().ready(into(waiting));
  exchange();
  client().close(now);
  BOOST_TEST((outcome->code() == errc::closed));
  BOOST_TEST((waiting->code() == errc::closed));
  exchange();
  BOOST_TEST(node->session().wants_shutdown());
  BOOST_TEST(!client().closed());
  client().on_end(now, {errc::closed, "eof"});
  BOOST_TEST(client().closed());
}

BOOST_AUTO_TEST_SUITE_END()
