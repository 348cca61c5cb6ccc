// SPDX-License-Identifier: MIT
#include "libaskr/src/record_wire.hpp"
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_links)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::outcomes;

void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
}

void answer(core_network& network, std::size_t job) {
  network.core(network.jobs[job].first).on_answer(network.now(), network.jobs[job].second.serving, payload::from(job));
}

bool reaches(core_network& network, std::size_t from, std::string_view to) {
  const auto ping = network.send(from, "askr.ping", {}, {.to = to});
  network.run();
  return !ping.pending() && ping.only().ok();
}

byte_buffer framed(std::string_view body) {
  byte_buffer record{static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
  append(record, as_bytes(body));
  return record;
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_links_for_one_pair_become_one_whoever_dialed_first) {
  for (const bool lower_first : {true, false}) {
    core_network network(2);
    network.connect(lower_first ? 0 : 1, lower_first ? 1 : 0);
    network.connect(lower_first ? 1 : 0, lower_first ? 0 : 1);
    network.run();
    network.advance(1000ms);
    BOOST_TEST(network.links_between(0, 1) == 1);
    BOOST_TEST(network.core(0).peers().size() == 1);
    BOOST_TEST(network.core(1).peers().size() == 1);
    BOOST_TEST(reaches(network, 0, "n1"));
    BOOST_TEST(reaches(network, 1, "n0"));
    // The one that the lower id dialled is the one that stays, so both ends keep the same.
    network.core(0).peers().for_each([](const peer& each) { BOOST_TEST(each.dialed); });
    network.core(1).peers().for_each([](const peer& each) { BOOST_TEST(!each.dialed); });
  }
}

BOOST_AUTO_TEST_CASE(a_collapse_loses_no_command_in_flight_in_either_direction) {
  for (const bool lower_first : {true, false}) {
    core_network network(2);
    defer(network, 0, "zero");
    defer(network, 1, "one");
    network.connect(lower_first ? 0 : 1, lower_first ? 1 : 0);
    network.run();
    std::vector<outcomes> waiting;
    for (int i = 0; i < 5; ++i) {
      waiting.push_back(network.send(0, "one"));
      waiting.push_back(network.send(1, "zero"));
    }
    network.run();
    network.connect(lower_first ? 1 : 0, lower_first ? 0 : 1);
    for (int i = 0; i < 5; ++i) {
      waiting.push_back(network.send(0, "one"));
      waiting.push_back(network.send(1, "zero"));
      network.run();
    }
    BOOST_REQUIRE_EQUAL(network.jobs.size(), 20);
    network.advance(700ms);
    for (std::size_t job = 0; job < 20; ++job) answer(network, job);
    network.run();
    for (const auto& each : waiting) BOOST_TEST(each.only().ok());
    network.advance(1000ms);
    BOOST_TEST(network.links_between(0, 1) == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_collapse_loses_and_doubles_no_event) {
  for (const bool lower_first : {true, false}) {
    core_network network(2);
    std::vector<int> heard;
    network.listen(1, "tick", [&](int number) { heard.push_back(number); });
    defer(network, 1, "hold");
    network.connect(lower_first ? 0 : 1, lower_first ? 1 : 0);
    network.run();
    const auto held = network.send(0, "hold");  // Keeps the first link alive for a while.
    network.run();
    network.connect(lower_first ? 1 : 0, lower_first ? 0 : 1);
    int emitted = 0;
    const auto emit_some = [&] {
      for (int i = 0; i < 10; ++i) network.emit(0, "tick", payload::from(emitted++));
      network.run();
    };
    emit_some();
    network.listen(1, "more", [](const event&) {});  // A newer record comes by the newer link.
    network.run();
    emit_some();
    for (int i = 0; i < 10; ++i) network.emit(0, "tick", payload::from(emitted++));
    answer(network, 0);
    emit_some();
    network.advance(1000ms);
    emit_some();
    std::sort(heard.begin(), heard.end());
    std::vector<int> all;
    for (int i = 0; i < emitted; ++i) all.push_back(i);
    BOOST_TEST(heard == all, boost::test_tools::per_element());
    BOOST_TEST(network.links_between(0, 1) == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_second_dial_by_the_same_side_replaces_the_first) {
  core_network network(2);
  auto& first = network.connect(0, 1);
  network.run();
  network.connect(0, 1);
  network.run();
  network.advance(1000ms);
  BOOST_TEST(first.a.link == no_link);
  BOOST_TEST(network.links_between(0, 1) == 1);
  BOOST_TEST(reaches(network, 0, "n1"));
}

BOOST_AUTO_TEST_CASE(a_link_that_loses_but_whose_rival_breaks_is_replaced_by_dialing_again) {
  core_network network(2);
  network.connect(1, 0);
  network.run();
  auto& winner = network.connect(0, 1);
  network.run();
  network.cut(winner);
  network.follow_dials = true;
  network.advance(10ms);
  network.advance(5s);
  BOOST_TEST(network.links_between(0, 1) == 1);
  BOOST_TEST(reaches(network, 0, "n1"));
  BOOST_TEST(reaches(network, 1, "n0"));
}

BOOST_AUTO_TEST_CASE(a_newer_incarnation_evicts_the_older_one_at_once) {
  core_network network(2);
  defer(network, 1, "slow");
  network.connect(0, 1);
  network.run();
  const auto waiting = network.send(0, "slow");
  network.run();
  const auto reborn = network.add([](node_options& options) { options.name = "n1"; }, 2, 5);
  network.on(reborn, "new", [] { return 5; });
  network.run();
  network.connect(reborn, 0);
  network.run();
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(network.core(0).peers().size() == 1);
  const auto served = network.send(0, "new");
  network.run();
  BOOST_TEST(served.as<int>() == 5);
  BOOST_TEST((network.send(0, "slow").code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(an_older_incarnation_is_refused) {
  core_network network(1);
  const auto young = network.add({}, 9, 7);
  network.connect(0, young);
  network.run();
  const auto old = network.add({}, 9, 3);
  network.advance(4s);
  network.connect(old, 0);
  network.run();
  BOOST_REQUIRE(!network.closed_links.empty());
  BOOST_TEST((network.closed_links.front().second.code == errc::duplicate_identity));
  BOOST_TEST(network.links_between(0, young) == 1);
  BOOST_TEST(network.links_between(0, old) == 0);
  BOOST_TEST((network.core(old).members().take_fatal()->code == errc::duplicate_identity));
}

BOOST_AUTO_TEST_CASE(a_starting_node_whose_clock_went_back_takes_a_higher_incarnation) {
  core_network network(0);
  network.follow_dials = true;
  network.add();
  const auto before = network.add([](node_options& options) { options.seeds = {"127.0.0.1:8800"}; }, 9, 7);
  network.advance(500ms);
  for (auto& line : network.wires()) network.cut(line);
  network.core(before).stop(network.now());
  const auto after = network.add([](node_options& options) { options.seeds = {"127.0.0.1:8800"}; }, 9, 3);
  network.on(after, "reborn", [] { return 1; });
  network.advance(2s);
  BOOST_TEST(network.core(after).members().self().life > 7);
  BOOST_TEST(!network.core(after).members().take_fatal());
  const auto served = network.send(0, "reborn");
  network.run();
  BOOST_TEST(served.as<int>() == 1);
}

namespace {

/// Node 0, which remembers of node `before` only that it was lost in life 700.
struct bereaved : core_network {
  bereaved() : core_network(1) {
    before = add({}, 9, 700);
    connect(0, before);
    run();
    for (auto& line : wires()) cut(line);
    core(before).stop(now());
    advance(60s);
    BOOST_REQUIRE(core(0).members().view().records().find_lost(self(before).id) != nullptr);
  }
  incarnation life_of(std::size_t node) { return core(node).members().self().life; }
  std::size_t before = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_lost_node_that_comes_back_with_its_clock_behind_takes_a_higher_incarnation_than_it_had) {
  for (const auto unheard : {0s, 10s}) {
    bereaved network;
    const auto after = network.add({}, 9, 3);
    network.advance(unheard);  // It may have to wait for its first link.
    network.connect(after, 0);
    network.run();
    BOOST_TEST(network.life_of(after) > 700);
    BOOST_TEST(!network.core(after).members().take_fatal());
    BOOST_TEST(network.links_between(0, after) == 0);
    network.connect(after, 0);
    network.advance(100ms);  // News of links are spaced.
    BOOST_TEST(network.core(0).members().view().is_up(network.self(after).id));
    BOOST_TEST(network.core(after).members().view().is_up(network.self(0).id));
    BOOST_TEST(reaches(network, 0, network.name(after)));
  }
}

BOOST_AUTO_TEST_CASE(who_believes_in_a_life_that_others_know_to_be_over_is_corrected_and_tells_it) {
  bereaved network;
  const auto newcomer = network.add();  // It has never heard of the lost one.
  network.connect(0, newcomer);
  network.run();
  const auto after = network.add({}, 9, 3);
  network.connect(after, newcomer);
  network.advance(1s);
  BOOST_TEST(network.life_of(after) > 700);
  BOOST_TEST(!network.core(after).members().take_fatal());
  network.connect(after, newcomer);
  network.advance(1s);
  for (const std::size_t node : {std::size_t{0}, newcomer}) {
    BOOST_TEST(network.core(node).members().view().is_up(network.self(after).id));
  }
  BOOST_TEST((network.core(0).members().view().root() == network.core(after).members().view().root()));
}

BOOST_AUTO_TEST_CASE(a_node_does_not_link_with_its_own_identity) {
  core_network network(1);
  const auto twin = network.add({}, 1, 9);
  network.connect(0, twin);
  BOOST_TEST(network.core(0).peers().size() == 0);
  BOOST_TEST((network.closed_links.back().second.code == errc::duplicate_identity));
}

BOOST_AUTO_TEST_CASE(links_beyond_the_limit_are_refused) {
  core_network network(1, [](node_options& options) { options.limits.peers_max = 1; });
  network.add();
  network.add();
  network.connect(1, 0);
  network.connect(2, 0);
  BOOST_TEST(network.core(0).peers().size() == 1);
  BOOST_TEST((network.closed_links.back().second.code == errc::overloaded));
}

BOOST_AUTO_TEST_CASE(heartbeats_keep_a_quiet_link_alive) {
  core_network network(2);
  network.mesh();
  network.advance(60s);
  BOOST_TEST(network.links_between(0, 1) == 1);
  BOOST_TEST(network.closed_links.empty());
}

BOOST_AUTO_TEST_CASE(silence_closes_a_link_after_the_lease_and_its_commands_end_in_peer_lost) {
  core_network network(2);
  defer(network, 1, "slow");
  auto& line = network.connect(0, 1);
  network.run();
  const auto waiting = network.send(0, "slow", {}, {.timeout = 60s});
  network.run();
  line.blocked = true;
  network.advance(2400ms);
  BOOST_TEST(waiting.pending());
  BOOST_TEST(network.core(0).peers().size() == 1);
  network.advance(200ms);
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(network.core(0).peers().size() == 0);
  BOOST_TEST(network.core(0).nodes().size() == 1);
}

BOOST_AUTO_TEST_CASE(without_a_lease_silence_is_no_reason) {
  core_network network(2, [](node_options& options) { options.links.lease = 0ms; });
  auto& line = network.connect(0, 1);
  network.run();
  line.blocked = true;
  network.advance(60s);
  BOOST_TEST(network.core(0).peers().size() == 1);
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_says_so_and_is_gone_at_once) {
  core_network network(3);
  network.on(1, "serve", [] {});
  network.mesh();
  network.core(1).stop(network.now());
  network.run();
  BOOST_TEST(network.core(0).nodes().size() == 2);
  BOOST_TEST((network.send(0, "serve").code() == errc::no_handler));
  BOOST_REQUIRE_EQUAL(network.closed_links.size(), 2);
  for (const auto& [node, why] : network.closed_links) BOOST_TEST(why.message() == "closed: the node leaves");
}

BOOST_AUTO_TEST_CASE(what_was_said_before_goodbye_is_heard) {
  core_network network(2);
  int heard = 0;
  network.listen(1, "last.words", [&](const event&) { ++heard; });
  network.mesh();
  for (int i = 0; i < 20; ++i) network.emit(0, "last.words");
  network.core(0).stop(network.now());
  network.run();
  BOOST_TEST(heard == 20);
}

BOOST_AUTO_TEST_CASE(a_peer_that_breaks_the_protocol_loses_its_link_and_nothing_else) {
  const std::vector<byte_buffer> broken = {
      {0x00},                              // No length.
      {0x00, 0x00},                        // An empty message.
      {0x00, 0x05, 0x91},                  // A message longer than the record.
      framed("\xff\xff"),                  // No message.
      framed("\x92\x10\x01"),              // A command without its fields.
      framed(std::string("\x91\x06", 2)),  // A record delta without its fields.
  };
  for (const auto& record : broken) {
    core_network network(3);
    network.mesh();
    const auto link = network.core(0).peers().link_to(network.self(1).id);
    network.core(0).on_link_record(network.now(), link, record);
    network.run();
    BOOST_TEST(network.links_between(0, 1) == 0);
    BOOST_TEST(network.counts(0).messages_malformed == 1);
    BOOST_TEST((network.closed_links.front().second.code == errc::bad_message));
    BOOST_TEST(reaches(network, 0, "n2"));
    BOOST_TEST(reaches(network, 1, "n2"));
  }
}

BOOST_AUTO_TEST_CASE(nobody_speaks_for_another_node) {
  core_network network(3);
  network.mesh();
  plain_signer forger(network.self(1).id);  // It signs with its own key,
  plain_signer claimed(network.self(2).id);
  plain_proof proof;
  mesh::record_publisher publisher(1, forger, proof, {});
  for (int i = 0; i < 9; ++i) {
    BOOST_REQUIRE(publisher.set("command/steal" + std::to_string(i), {}).ok());
    BOOST_REQUIRE(publisher.publish(network.now() + i * 1s).has_value());
  }
  byte_buffer entries;
  auto delta = mesh::whole_of(*publisher.record(), entries);
  delta.id = network.self(2).id;  // in another's name.
  delta.keys = claimed.keys();
  byte_buffer body;
  write_message(body, delta);
  transport::outbox forged;
  BOOST_REQUIRE((forged.append_control(body) == transport::admission::queued));
  byte_buffer scratch;
  const auto record = forged.next_record(scratch);
  network.core(0).on_link_record(network.now(), network.core(0).peers().link_to(network.self(1).id), record);
  network.run();
  BOOST_TEST(network.links_between(0, 1) == 0);
  BOOST_TEST(network.links_between(0, 2) == 1);
  BOOST_TEST((network.closed_links.front().second.code == errc::unauthenticated));
  BOOST_TEST((network.send(0, "steal0").code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(nodes_that_know_one_node_find_all_the_others) {
  core_network network(0);
  network.follow_dials = true;
  network.add();
  for (int i = 0; i < 7; ++i) network.add([](node_options& options) { options.seeds = {"127.0.0.1:8800"}; });
  network.advance(1000ms);
  for (std::size_t a = 0; a < 8; ++a) {
    BOOST_TEST(network.core(a).nodes().size() == 8);
    for (std::size_t b = a + 1; b < 8; ++b) BOOST_TEST(network.links_between(a, b) == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_broken_link_is_dialed_again_by_itself) {
  core_network network(0);
  network.follow_dials = true;
  network.add();
  network.add([](node_options& options) { options.seeds = {"127.0.0.1:8800"}; });
  network.advance(500ms);
  BOOST_REQUIRE_EQUAL(network.links_between(0, 1), 1);
  const auto link = network.core(0).peers().link_to(network.self(1).id);
  network.core(0).members().close(network.core(0).peers().at(link), error{errc::io_failed, "a broken cable"});
  network.run();
  BOOST_TEST(network.links_between(0, 1) == 0);
  network.advance(1000ms);
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_peer_may_only_do_what_its_authenticator_lets_it_do) {
  core_network network(2);
  int heard = 0;
  network.listen(1, ">", [&](const event&) { ++heard; });
  network.on(1, "open.door", [] {});
  network.on(1, "launch", [] {});
  network.mesh();
  auto& weak = network.core(1).peers().at(network.core(1).peers().link_to(network.self(0).id));
  weak.who.rights = permissions::none().allow(verb::send, "open.>").allow(verb::emit, "door.>");
  const auto opened = network.send(0, "open.door"), launched = network.send(0, "launch");
  network.emit(0, "door.opened");
  network.emit(0, "launched");
  network.run();
  BOOST_TEST(opened.only().ok());
  BOOST_TEST((launched.code() == errc::denied));
  BOOST_TEST(heard == 1);
}

BOOST_AUTO_TEST_SUITE_END()
