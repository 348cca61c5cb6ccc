// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

#include <optional>

BOOST_AUTO_TEST_SUITE(node_core_event_order)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::forge;

/// Writes down what one listener of a node is handed: "t1 t2 gap3-5 t6".
struct diary {
  diary(core_network& network, std::size_t node, std::string_view pattern) {
    listen_options options;
    options.on_gap = [this](const event_gap& gap) {
      text += (text.empty() ? "" : " ") + std::string(to_string(gap.why)) + std::to_string(gap.from) + "-" +
              std::to_string(gap.to);
    };
    BOOST_REQUIRE(network.core(node)
                      .add_listener(network.now(), 500 + node, pattern,
                                    detail::make_listener([this](const event& heard) {
                                      text += (text.empty() ? "" : " ") + std::string(heard.topic) +
                                              std::to_string(heard.sequence);
                                      payloads.push_back(heard.data.bytes().size());
                                    }),
                                    std::move(options))
                      .ok());
  }
  diary(const diary&) = delete;

  std::string take() { return std::exchange(text, {}); }

  std::string text;
  std::vector<std::size_t> payloads;
};

askr::peer& peer_at(core_network& network, std::size_t at, std::size_t of) {
  auto& peers = network.core(at).peers();
  return peers.at(peers.link_to(network.self(of).id));
}

payload big() { return payload::from(std::string(3'000, 'x')); }

/// Node 1 listens to "t" of node 0 over a link that takes four big events at once.
struct narrow_link {
  explicit narrow_link(std::size_t history = event_limits{}.history_events_max)
      : network(2, [history](node_options& options) {
          options.links.outbox_bytes_soft = 10'000;
          options.events.history_events_max = history;
        }) {
    network.mesh();
    heard.emplace(network, 1, "t");
    network.run();
  }
  void emit_big(int count) {
    for (int i = 0; i < count; ++i) network.emit(0, "t", big());
  }

  core_network network;
  std::optional<diary> heard;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_full_link_had_to_leave_out_is_pulled_once_it_has_room) {
  narrow_link link;
  link.emit_big(10);
  link.network.run();
  BOOST_TEST(link.heard->take() == "t1 t2 t3 t4");
  BOOST_TEST(link.network.counts(0).events_dropped == 6);
  link.network.advance(5s);
  BOOST_TEST(link.heard->take() == "t5 t6 t7 t8 t9 t10");
  BOOST_TEST(link.network.counts(1).event_gaps == 0);
}

BOOST_AUTO_TEST_CASE(a_gap_that_the_next_event_shows_is_closed_before_it_is_heard) {
  narrow_link link;
  link.emit_big(6);
  link.network.run();
  link.network.emit(0, "t");
  link.network.run();
  BOOST_TEST(link.heard->take() == "t1 t2 t3 t4");
  link.network.advance(1s);
  BOOST_TEST(link.heard->take() == "t5 t6 t7");
}

BOOST_AUTO_TEST_CASE(what_the_history_has_lost_is_reported_as_a_gap_in_its_place) {
  narrow_link link(3);
  link.emit_big(10);
  link.network.advance(5s);
  BOOST_TEST(link.heard->take() == "t1 t2 t3 t4 lost5-7 t8 t9 t10");
  BOOST_TEST(link.network.counts(1).event_gaps == 1);
}

BOOST_AUTO_TEST_CASE(without_a_history_every_loss_is_a_gap) {
  narrow_link link(0);
  link.emit_big(6);
  link.network.advance(5s);
  BOOST_TEST(link.heard->take() == "t1 t2 t3 t4 lost5-6");
}

BOOST_AUTO_TEST_CASE(what_was_lost_with_a_link_comes_again_over_the_next_one) {
  core_network network(2);
  auto& line = network.connect(0, 1);
  network.run();
  diary heard(network, 1, "t");
  network.run();
  network.emit(0, "t");
  network.run();
  line.blocked = true;
  for (int i = 0; i < 3; ++i) network.emit(0, "t");
  network.run();
  network.cut(line);
  network.connect(1, 0);
  network.advance(1s);
  BOOST_TEST(heard.take() == "t1 t2 t3 t4");
  network.emit(0, "t");
  network.run();
  BOOST_TEST(heard.take() == "t5");
}

BOOST_AUTO_TEST_CASE(a_collapse_of_two_links_reorders_nothing) {
  for (const bool lower_first : {true, false}) {
    core_network network(2);
    diary heard(network, 1, "t");
    auto& first = network.connect(lower_first ? 0 : 1, lower_first ? 1 : 0);
    network.run();
    network.emit(0, "t");
    first.blocked = true;  // What is on its way arrives after what the second link brings.
    network.emit(0, "t");
    network.run();
    network.connect(lower_first ? 1 : 0, lower_first ? 0 : 1);
    network.run();
    for (int i = 0; i < 3; ++i) network.emit(0, "t");
    network.run();
    first.blocked = false;
    network.run();
    network.advance(1s);
    BOOST_TEST(heard.take() == "t1 t2 t3 t4 t5");
  }
}

BOOST_AUTO_TEST_CASE(a_fresh_listener_knows_where_each_topic_begins) {
  core_network network(2);
  network.mesh();
  diary early(network, 0, "t");
  for (int i = 0; i < 5; ++i) network.emit(0, "t");
  network.run();
  diary late(network, 1, ">");
  network.run();
  network.emit(0, "t");
  network.emit(0, "fresh");
  network.run();
  BOOST_TEST(late.take() == "t6 fresh1");
  BOOST_TEST(network.counts(1).event_gaps == 0);
  BOOST_TEST(network.counts(1).events_pulled == 0);
}

BOOST_AUTO_TEST_CASE(who_listens_again_does_not_miss_what_was_said_in_between) {
  core_network network(2);
  network.mesh();
  diary always(network, 0, "t");
  network.listen(1, "t", [](const event&) {});  // Listener 1 of core 1.
  network.run();
  network.emit(0, "t");
  network.run();
  network.core(1).remove_listener(1);
  network.run();
  for (int i = 0; i < 4; ++i) network.emit(0, "t");
  network.run();
  diary again(network, 1, "t");
  network.advance(3s);
  network.emit(0, "t");
  network.run();
  BOOST_TEST(again.take() == "t6");
  BOOST_TEST(network.counts(1).event_gaps == 0);
}

BOOST_AUTO_TEST_CASE(a_new_life_of_an_origin_is_told_and_counts_anew) {
  core_network network(1);
  diary heard(network, 0, "t");
  const auto first = network.add({}, 9, 1);
  network.connect(0, first);
  network.run();
  network.emit(first, "t");
  network.emit(first, "t");
  network.run();
  const auto reborn = network.add({}, 9, 5);
  network.connect(reborn, 0);
  network.run();
  network.emit(reborn, "t");
  network.run();
  BOOST_TEST(heard.take() == "t1 t2 origin_restarted3-0 t1");
}

BOOST_AUTO_TEST_CASE(the_tail_of_a_topic_that_a_peer_says_is_there_is_pulled) {
  core_network network(2);
  network.mesh();
  diary heard(network, 1, "t");
  network.run();
  network.emit(0, "t");
  network.run();
  auto& line = network.connect(0, 1);  // A second dial replaces the first: a new way.
  network.advance(1s);
  BOOST_TEST(line.a.link != no_link);
  network.emit(0, "t");
  network.run();
  BOOST_TEST(heard.take() == "t1 t2");
  // What a link swallowed without a word.
  line.blocked = true;
  network.emit(0, "t");
  network.run();
  line.a.sent.clear();
  line.blocked = false;
  const std::vector<transport::topic_head> heads{{"t", 3}, {"unwanted", 7}};
  forge(network, 0, 1, [&](transport::outbox& box) { (void)box.append_heads(heads); });
  network.advance(1s);
  BOOST_TEST(heard.take() == "t3");
}

BOOST_AUTO_TEST_CASE(a_listener_is_ready_when_all_nodes_know_what_it_wants) {
  core_network network(4);
  network.mesh();
  std::string ready;
  listen_options options;
  options.on_ready = [&](const listen_ready& how) {
    ready += std::to_string(how.ready) + "/" + std::to_string(how.of);
  };
  BOOST_REQUIRE(network.core(2)
                    .add_listener(network.now(), 7, "t", detail::make_listener([](const event&) {}), std::move(options))
                    .ok());
  BOOST_TEST(ready == "");
  network.run();
  BOOST_TEST(ready == "4/4");
  // The second of a pattern waits for nobody.
  listen_options again;
  again.on_ready = [&](const listen_ready& how) {
    ready += " " + std::to_string(how.ready) + "/" + std::to_string(how.of);
  };
  BOOST_REQUIRE(network.core(2)
                    .add_listener(network.now(), 8, "t", detail::make_listener([](const event&) {}), std::move(again))
                    .ok());
  network.run();
  BOOST_TEST(ready == "4/4 4/4");
}

BOOST_AUTO_TEST_CASE(a_listener_that_waits_for_a_deaf_node_is_told_how_many_are_ready) {
  core_network network(3);
  network.mesh();
  std::string ready;
  network.connect(0, 1).blocked = true;
  listen_options options;
  options.ready_timeout = 500ms;
  options.on_ready = [&](const listen_ready& how) { ready = std::to_string(how.ready) + "/" + std::to_string(how.of); };
  BOOST_REQUIRE(network.core(0)
                    .add_listener(network.now(), 7, "t", detail::make_listener([](const event&) {}), std::move(options))
                    .ok());
  network.advance(400ms);
  BOOST_TEST(ready == "");
  network.advance(200ms);
  BOOST_TEST(ready == "2/3");
}

BOOST_AUTO_TEST_CASE(pulls_that_make_no_sense_cost_little_and_change_nothing) {
  core_network network(2);
  diary heard(network, 1, "t");
  network.mesh();
  network.emit(0, "t");
  network.run();
  forge(network, 1, 0, [](transport::outbox& box) {
    (void)box.append_pull({.topic = "t", .from = 2, .to = transport::sequence_max});
    (void)box.append_pull({.topic = "never.emitted", .from = 1, .to = transport::sequence_max});
    (void)box.append_pull({.topic = "t", .from = 1, .to = transport::sequence_max});
  });
  network.advance(1s);
  BOOST_TEST(heard.take() == "t1");
  BOOST_TEST(network.counts(1).events_duplicate == 1);  // The one that is there was sent again.
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_flood_of_pulls_is_answered_at_a_bounded_rate) {
  core_network network(2);
  diary heard(network, 1, "t");
  network.mesh();
  network.emit(0, "t");
  network.run();
  forge(network, 1, 0, [](transport::outbox& box) {
    for (int i = 0; i < 10'000; ++i) (void)box.append_pull({.topic = "t", .from = 1, .to = 1});
  });
  BOOST_TEST(network.counts(0).pulls_refused >= 8'000);
  BOOST_TEST(network.counts(1).events_duplicate <= 2'000);
}

BOOST_AUTO_TEST_CASE(advisory_13_a_sequence_that_jumps_by_2_to_the_62_is_a_gap_and_no_loop) {
  core_network network(2);
  diary heard(network, 1, "t");
  network.mesh();
  forge(network, 0, 1, [](transport::outbox& box) {
    for (const auto sequence : {std::uint64_t{1}, transport::sequence_max, ~std::uint64_t{0}, std::uint64_t{0}}) {
      (void)box.append_event({.topic = "t", .sequence = sequence, .payload = {}});
    }
  });
  network.advance(5s);
  const auto last = std::to_string(transport::sequence_max);
  BOOST_TEST(heard.take() == "t1 lost2-" + std::to_string(transport::sequence_max - 1) + " t" + last);
}

BOOST_AUTO_TEST_CASE(heads_and_skips_of_what_nobody_wants_leave_nothing_behind) {
  core_network network(2);
  diary heard(network, 1, "t");
  network.mesh();
  forge(network, 0, 1, [](transport::outbox& box) {
    std::vector<std::string> topics;
    for (int i = 0; i < 5'000; ++i) topics.push_back("flood." + std::to_string(i));
    std::vector<transport::topic_head> heads;
    for (const auto& each : topics) heads.push_back({each, 1ULL << 61U});
    (void)box.append_heads(heads);
    (void)box.append_interest_applied(1, heads);
    for (const auto& each : topics) (void)box.append_skipped({each, 1, 1ULL << 61U});
  });
  network.advance(5s);
  BOOST_TEST(heard.take() == "");
  BOOST_TEST(network.counts(1).events_pulled == 0);
}

BOOST_AUTO_TEST_CASE(a_peer_speaks_only_about_what_it_may_emit) {
  core_network network(2);
  diary heard(network, 1, ">");
  network.mesh();
  peer_at(network, 1, 0).who.rights = permissions::none().allow(verb::emit, "mine.>");
  forge(network, 0, 1, [](transport::outbox& box) {
    (void)box.append_event({.topic = "yours", .sequence = 1, .payload = {}});
    (void)box.append_past_event({.topic = "yours", .sequence = 2, .payload = {}});
    (void)box.append_skipped({"yours", 1, 5});
    (void)box.append_gap({0, "yours", 1, 5});
    const std::vector<transport::topic_head> heads{{"yours", 5}};
    (void)box.append_heads(heads);
    (void)box.append_event({.topic = "mine.a", .sequence = 1, .payload = {}});
  });
  network.advance(5s);
  BOOST_TEST(heard.take() == "mine.a1");
  BOOST_TEST(network.counts(1).events_dropped == 5);
}

BOOST_AUTO_TEST_CASE(a_peer_pulls_only_what_it_may_hear) {
  core_network network(2);
  diary heard(network, 0, ">");
  network.mesh();
  network.emit(0, "secret");
  peer_at(network, 0, 1).who.rights = permissions::none().allow(verb::listen, "public.>");
  forge(network, 1, 0, [](transport::outbox& box) { (void)box.append_pull({.topic = "secret", .from = 1, .to = 1}); });
  BOOST_TEST(network.counts(0).pulls_refused == 1);
  BOOST_TEST(network.counts(1).events_duplicate == 0);
}

BOOST_AUTO_TEST_CASE(a_client_is_told_of_a_gap_in_its_place) {
  core_network network(2, [](node_options& options) {
    options.links.outbox_bytes_soft = 10'000;
    options.events.history_events_max = 0;
  });
  network.mesh();
  auto& client = network.client(1);
  client.say(R"({"type":"subscription","eventType":"t"})");
  network.run();
  for (int i = 0; i < 6; ++i) network.emit(0, "t", big());
  network.advance(5s);
  auto heard = client.take();
  BOOST_REQUIRE_EQUAL(heard.size(), 5);
  BOOST_TEST(heard[4] == R"({"type":"gap","eventType":"t","from":")" + network.name(0) +
                             R"(","epoch":1,"seq":5,"until":6,"reason":"lost"})");
}

BOOST_AUTO_TEST_SUITE_END()
