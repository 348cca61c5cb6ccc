// SPDX-License-Identifier: MIT
// Commands between nodes that have no link.
#include "libaskr/src/relay.hpp"

#include "tests/support/core_network.hpp"

#include <algorithm>

BOOST_AUTO_TEST_SUITE(relay_suite)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::outcomes;

/// 0 - 1 - 2 - ...
std::vector<test::wire*> chain(core_network& network, std::size_t nodes) {
  std::vector<test::wire*> lines;
  for (std::size_t i = 0; i + 1 < nodes; ++i) lines.push_back(&network.connect(i, i + 1));
  network.run();
  return lines;
}

void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
  network.run();
}

/// `to` gets a sealed text that nobody sealed, over its link to `from`.
void deliver_envelope(core_network& network, std::size_t from, std::size_t to, transport::routed_message message) {
  const byte_buffer junk(64, 7);
  message.source_life = message.target_life = 1;
  if (message.session == 0) message.session = 9;
  message.sealed = junk;
  byte_buffer body;
  write_message(body, message);
  transport::outbox forged;
  (void)forged.append_routed(body);
  byte_buffer scratch;
  network.core(to).on_link_record(network.now(), network.core(to).peers().link_to(network.self(from).id),
                                  forged.next_record(scratch));
}

/// What this end of a wire tells `to` of a path that broke; errc::closed: nothing.
errc told(const test::wire::end& by, const node_id& to) {
  transport::decompressor decompressor;
  transport::inbox in(decompressor);
  for (const auto& record : by.sent) {
    byte_span rest = record;
    for (auto message = in.next(rest); message && message->kind != transport::message_kind::none;
         message = in.next(rest)) {
      if (message->kind != transport::message_kind::route_broken) continue;
      const auto broken = transport::decode_route_broken(*message);
      if (broken && broken->to == to) return broken->code;
    }
  }
  return errc::closed;
}

}  // namespace

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

BOOST_AUTO_TEST_CASE(a_link_that_goes_on_the_way_ends_what_waits_in_peer_lost_at_once) {
  for (const std::size_t broken : {0, 1, 2, 3}) {
    core_network network(5);
    defer(network, 4, "slow");
    const auto lines = chain(network, 5);
    const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
    network.run();
    BOOST_TEST(waiting.pending());
    network.cut(*lines[broken]);
    network.advance(200ms);
    BOOST_TEST((waiting.code() == errc::peer_lost), "link " << broken);
    BOOST_TEST(network.core(4).peers().far_count() == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_relay_next_to_the_break_tells_both_ends_in_the_same_turn) {
  core_network network(4);
  defer(network, 3, "slow");
  const auto lines = chain(network, 4);
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  network.cut(*lines[2]);
  network.run();  // No time passes.
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(waiting.text().find(network.name(2)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_second_path_takes_over_when_the_first_breaks) {
  core_network network(4);
  network.on(3, "serve", [] { return 1; });
  auto& first = network.connect(0, 1);
  network.connect(1, 3);
  network.connect(0, 2);
  network.connect(2, 3);
  network.run();
  network.advance(2s);
  const auto before = network.send(0, "serve");
  network.run();
  BOOST_TEST(before.as<int>() == 1);
  network.cut(first);
  network.run();
  for (int i = 0; i < 3; ++i) {
    const auto after = network.send(0, "serve");
    network.run();
    BOOST_TEST(after.as<int>() == 1);
  }
  BOOST_TEST(network.counts(2).messages_relayed > 0);
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

// A link that is let go breaks no path, so the relays before it go on to send there.
BOOST_AUTO_TEST_CASE(what_follows_a_path_whose_end_was_let_go_turns_round_and_arrives) {
  core_network network(4);
  network.on(3, "serve", [] { return 1; });
  auto lines = chain(network, 4);
  const auto first = network.send(0, "serve");
  network.run();
  BOOST_TEST(first.as<int>() == 1);
  network.connect(1, 3);
  network.run();
  network.core(2).paths().on_let_go(network.now(), network.core(2).peers().link_to(network.self(3).id));
  network.core(3).paths().on_let_go(network.now(), network.core(3).peers().link_to(network.self(2).id));
  network.cut(*lines[2]);
  network.run();
  const auto turned = network.counts(2).messages_relayed;
  for (int i = 0; i < 3; ++i) {
    const auto next = network.send(0, "serve");
    network.run();
    BOOST_TEST(next.as<int>() == 1);
  }
  BOOST_TEST(network.counts(2).messages_relayed == turned + 1);  // Only the first of them.
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

// A node that has just come knows no path to the source.
BOOST_AUTO_TEST_CASE(a_refusal_goes_back_as_the_message_came) {
  core_network network(2);
  chain(network, 2);
  const auto newcomer = network.add();
  auto& line = network.connect(1, newcomer);
  line.blocked = true;
  (void)network.core(newcomer).members().take_claims();
  deliver_envelope(network, 1, newcomer, {.source = network.self(0).id, .target = network.self(newcomer).id});
  network.advance(1s);
  BOOST_TEST((told(line.b, network.self(0).id) == errc::no_node));
}

BOOST_AUTO_TEST_CASE(what_is_sent_in_the_turn_in_which_a_link_goes_takes_another_path) {
  core_network network(3);
  auto& broken = network.connect(0, 1);
  network.connect(1, 2);
  network.run();
  const auto other = network.add();
  network.connect(0, other);
  network.connect(other, 2);
  network.run();
  network.advance(5s);
  network.cut(broken);
  const auto ping = network.send(0, "askr.ping", {}, {.to = "n2"});
  network.run();
  BOOST_TEST(ping.text() == "\"pong\"");
}

// Whoever is told in time how many links it has lost is no concern of its own paths.
BOOST_AUTO_TEST_CASE(who_loses_several_links_at_once_goes_on_over_those_that_are_left) {
  core_network network(6);
  std::vector<test::wire*> lines;
  std::vector<test::wire*> onward;
  for (std::size_t relay = 1; relay <= 4; ++relay) {
    lines.push_back(&network.connect(0, relay));
    onward.push_back(&network.connect(relay, 5));
  }
  network.run();
  network.advance(5s);
  for (std::size_t i = 0; i < 3; ++i) {  // More than it may say at once; and the relays say nothing.
    onward[i]->blocked = true;
    network.cut(*lines[i]);
    network.run();
  }
  const auto ping = network.send(0, "askr.ping", {}, {.to = "n5"});
  network.run();
  BOOST_TEST(ping.text() == "\"pong\"");
}

namespace {

/// What a relay says of the session that `by` has with `about`.
transport::route_broken_message broken(core_network& network, std::size_t by, std::size_t about,
                                       std::uint64_t session) {
  return {.to = network.self(by).id,
          .about = network.self(about).id,
          .session = session,
          .code = errc::no_node,
          .relay = network.self(1).id,
          .text = "no path"};
}

std::uint64_t session_of(core_network& network, std::size_t by, std::size_t with) {
  const auto& peers = network.core(by).peers();
  return peers.find(peers.far_to(network.self(with).id))->session;
}

}  // namespace

// The other direction may go over other relays, which have lost nothing.
BOOST_AUTO_TEST_CASE(who_hears_that_its_path_broke_begins_anew_and_so_does_the_other_end) {
  core_network network(3);
  network.on(0, "front", [] { return 1; });
  network.on(2, "back", [] { return 2; });
  chain(network, 3);
  network.send(0, "back");
  network.send(2, "front");
  network.run();
  network.core(0).paths().on_route_broken(network.now(), broken(network, 0, 2, session_of(network, 0, 2)));
  network.run();
  const auto back = network.send(0, "back"), front = network.send(2, "front");
  network.run();
  BOOST_TEST(back.text() == "2");
  BOOST_TEST(front.text() == "1");
}

BOOST_AUTO_TEST_CASE(news_of_an_earlier_session_do_not_end_the_one_that_took_its_place) {
  core_network network(3);
  defer(network, 2, "slow");
  chain(network, 3);
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  const auto session = session_of(network, 0, 2);
  network.core(0).paths().on_route_broken(network.now(), broken(network, 0, 2, session - 1));
  network.run();
  BOOST_TEST(waiting.pending());
  network.core(0).paths().on_route_broken(network.now(), broken(network, 0, 2, session));
  network.run();
  BOOST_TEST((waiting.code() == errc::peer_lost));
}

BOOST_AUTO_TEST_CASE(who_gives_a_far_peer_up_tells_it) {
  core_network network(3);
  defer(network, 2, "slow");
  chain(network, 3);
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  BOOST_TEST(waiting.pending());
  network.core(2).paths().on_lost(network.self(0).id);
  network.run();
  BOOST_TEST((waiting.code() == errc::peer_lost));
}

BOOST_AUTO_TEST_CASE(what_goes_in_circles_ends_by_its_hops) {
  core_network network(3);
  chain(network, 3);
  node_id nobody;
  nobody.bytes.fill(0xee);
  deliver_envelope(network, 0, 1, {.source = network.self(0).id, .target = nobody, .hops_left = 255});
  network.run();
  BOOST_TEST(network.counts(1).messages_relayed == 0);
  BOOST_TEST(network.core(1).paths().flows() == 0);
}

// Relays whose views did not agree led it in a circle, and would go on to.
BOOST_AUTO_TEST_CASE(what_comes_back_to_its_source_has_lost_its_way_and_a_new_session_begins) {
  core_network network(3);
  defer(network, 2, "slow");
  network.on(2, "serve", [] { return 1; });
  chain(network, 3);
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  const auto session = session_of(network, 0, 2);
  const auto come_back = [&](std::uint64_t of) {
    deliver_envelope(network, 1, 0, {.source = network.self(0).id, .target = network.self(2).id, .session = of});
    network.run();
  };
  come_back(session - 1);
  BOOST_TEST(waiting.pending());
  come_back(session);
  BOOST_TEST((waiting.code() == errc::peer_lost));
  const auto next = network.send(0, "serve");
  network.run();
  BOOST_TEST(next.as<int>() == 1);
  BOOST_TEST(session_of(network, 0, 2) > session);
}

BOOST_AUTO_TEST_CASE(a_relay_that_knows_no_way_but_through_the_source_tells_it) {
  core_network network(3);
  auto& line = network.connect(0, 1);
  network.connect(0, 2);
  network.run();
  line.blocked = true;
  deliver_envelope(network, 0, 1, {.source = network.self(0).id, .target = network.self(2).id, .hops_left = 7});
  network.run();
  BOOST_TEST(network.counts(1).messages_relayed == 0);
  BOOST_TEST((told(line.b, network.self(0).id) == errc::no_node));
}

BOOST_AUTO_TEST_CASE(a_session_keeps_to_its_way_and_the_next_takes_the_best_there_is) {
  core_network network(4);
  network.on(3, "serve", [] { return 1; });
  chain(network, 4);
  const auto serve = [&] {
    const auto served = network.send(0, "serve");
    network.run();
    BOOST_TEST(served.as<int>() == 1);
    return network.counts(2).messages_relayed;
  };
  const auto at_first = serve();
  network.connect(1, 3);
  network.run();
  const auto kept = serve();
  BOOST_TEST(kept > at_first);
  network.core(0).paths().on_route_broken(network.now(), broken(network, 0, 3, session_of(network, 0, 3)));
  network.run();
  const auto before = network.counts(2).messages_relayed;
  BOOST_TEST(serve() == before);
}

// Of the paths that are known here, none may be any good.
BOOST_AUTO_TEST_CASE(the_other_end_is_told_of_a_lost_path_as_its_own_messages_come) {
  core_network network(5);
  network.on(0, "front", [] { return 1; });
  network.on(2, "back", [] { return 2; });
  std::vector<test::wire*> lines;
  for (const std::size_t relay : {1, 3, 4}) {
    lines.push_back(&network.connect(0, relay));
    network.connect(relay, 2);
  }
  network.run();
  (void)network.send(0, "back");
  network.run();
  auto& peers = network.core(2).peers();
  peers.find(peers.far_to(network.self(0).id))->via = peers.link_to(network.self(4).id);
  (void)network.send(2, "front");
  network.run();
  for (auto* each : {lines[1], lines[2]}) each->blocked = true;
  network.cut(*lines[0]);
  network.run();
  BOOST_TEST((told(lines[2]->a, network.self(2).id) == errc::peer_lost));
  BOOST_TEST((told(lines[1]->a, network.self(2).id) == errc::closed));
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

BOOST_AUTO_TEST_CASE(a_link_that_comes_up_later_takes_over_and_quiet_sessions_are_forgotten) {
  core_network network(3);
  network.on(2, "serve", [] { return 1; });
  chain(network, 3);
  network.send(0, "serve");
  network.run();
  BOOST_TEST(network.core(0).peers().far_count() == 1);
  network.connect(0, 2);
  network.run();
  const auto relayed = network.counts(1).messages_relayed;
  const auto direct = network.send(0, "serve");
  network.run();
  BOOST_TEST(direct.as<int>() == 1);
  BOOST_TEST(network.counts(1).messages_relayed == relayed);
  network.advance(480s);
  BOOST_TEST(network.core(0).peers().far_count() == 0);
  BOOST_TEST(network.core(1).paths().flows() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
