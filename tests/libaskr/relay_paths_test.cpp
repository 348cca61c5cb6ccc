// SPDX-License-Identifier: MIT
// Which way messages take between nodes that have no link, and what becomes of ways that break.
#include "tests/support/relay_network.hpp"

#include <algorithm>

BOOST_AUTO_TEST_SUITE(relay_paths_suite)

using namespace askr;
using namespace askr::test;

namespace {

/// The ends of a chain of three serve each other "front" and "back", and each has asked.
void talk_both_ways(core_network& network) {
  network.on(0, "front", [] { return 1; });
  network.on(2, "back", [] { return 2; });
  chain(network, 3);
  network.send(0, "back");
  network.send(2, "front");
  network.run();
}

}  // namespace

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

// News of a link that nothing hangs on may wait; here everything comes to hang on it meanwhile.
BOOST_AUTO_TEST_CASE(a_link_that_was_not_told_yet_is_told_when_it_is_the_last) {
  core_network network(4);
  const auto lines = chain(network, 4);
  network.advance(1s);
  network.connect(0, 3);
  network.advance(10ms);
  network.connect(0, 2);  // Told by 2 at once, by 0 only later: it has just told something.
  network.advance(10ms);
  network.cut(*lines[1]);
  network.cut(*lines[2]);
  network.advance(1s);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(network.counts(i).nodes_lost == 0u, "by " << i);
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
  network.advance(1s);
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

// Of the links on the way of the last answer one was let go since: the relay there knows no path but by the source.
BOOST_AUTO_TEST_CASE(an_answer_after_a_long_silence_takes_a_way_that_is_still_there) {
  core_network network(4);
  network.on(2, "serve", [] { return 1; });
  chain(network, 4);
  const auto first = network.send(0, "serve");
  network.run();
  BOOST_TEST(first.text() == "1");
  auto& peers = network.core(2).peers();
  peers.at(peers.far_to(network.self(0).id)).via = peers.link_to(network.self(3).id);
  network.advance(30s);
  const auto next = network.send(0, "serve");
  network.run();
  BOOST_TEST(next.text() == "1");
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

// The news were under way while the other end began anew, and what it has said since is forgotten here with the rest.
BOOST_AUTO_TEST_CASE(an_end_that_gave_a_session_up_hears_that_what_it_said_since_is_lost_too) {
  core_network network(3);
  talk_both_ways(network);
  auto news = broken(network, 0, 2, session_of(network, 0, 2));
  news.relay = network.self(2).id;
  network.core(0).paths().on_route_broken(network.now(), news);
  network.run();
  const auto front = network.send(2, "front");
  network.run();
  BOOST_TEST(front.text() == "1");
}

// It died and came again so fast that its path never went.
BOOST_AUTO_TEST_CASE(what_waits_for_an_earlier_life_of_a_far_node_ends_in_peer_lost_when_a_later_one_is_known) {
  core_network network(3);
  defer(network, 2, "slow");
  chain(network, 3);
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  auto& peers = network.core(0).peers();
  BOOST_TEST_REQUIRE(peers.far_to(network.self(2).id) != no_link);
  --peers.find(peers.far_to(network.self(2).id))->life;
  BOOST_TEST(waiting.pending());
  network.on(2, "news", [] { return 1; });
  network.run();
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(waiting.text().find("later life") != std::string::npos);
  const auto next = network.send(0, "news");
  network.run();
  BOOST_TEST(next.text() == "1");
}

// The other direction may go over other relays, which have lost nothing.
BOOST_AUTO_TEST_CASE(who_hears_that_its_path_broke_begins_anew_and_so_does_the_other_end) {
  core_network network(3);
  talk_both_ways(network);
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
