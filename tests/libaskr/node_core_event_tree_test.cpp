// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_event_tree)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::forge;

/// 0 - 1 - 2 - ...: each node is linked to the next only.
void chain(core_network& network, std::size_t nodes) {
  for (std::size_t at = 1; at < nodes; ++at) network.connect(at - 1, at);
  network.run();
  network.advance(2s);
}

void numbers_heard(core_network& network, std::size_t node, std::string_view pattern, std::string& into) {
  network.listen(node, pattern, [&into](const event& heard) {
    into += std::string(heard.topic) + std::to_string(heard.sequence) + "@" +
            std::string(heard.origin_name.substr(5, 2)) + " ";
  });
}

}  // namespace

// As long as nothing that it wants was emitted, a listener behind a relay is told nothing, whatever becomes of the
// links.
BOOST_AUTO_TEST_CASE(the_first_event_for_a_listener_behind_a_relay_tells_it_where_the_topic_begins) {
  core_network network(4);
  std::string heard;
  numbers_heard(network, 2, "t", heard);
  chain(network, 3);
  const auto told = [&] { return network.counts(1).messages_relayed; };
  network.emit(0, "other");
  const auto before = told();
  network.connect(1, 3);  // Links change, and node 0 looks for new ways.
  network.advance(5s);
  BOOST_TEST(told() == before);
  network.emit(0, "t");
  network.run();
  BOOST_TEST(heard.starts_with("t1@"));
  BOOST_TEST(told() > before);
}

BOOST_AUTO_TEST_CASE(an_event_crosses_relays_in_order_and_each_link_once) {
  core_network network(4);
  std::string heard;
  numbers_heard(network, 3, "t", heard);
  chain(network, 4);
  for (int i = 0; i < 5; ++i) network.emit(0, "t");
  network.run();
  BOOST_TEST(heard == "t1@n0 t2@n0 t3@n0 t4@n0 t5@n0 ");
  BOOST_TEST(network.counts(1).events_relayed == 5);
  BOOST_TEST(network.counts(2).events_relayed == 5);
  BOOST_TEST(network.counts(3).events_relayed == 0);
  BOOST_TEST(network.counts(3).event_gaps == 0);
}

BOOST_AUTO_TEST_CASE(one_copy_crosses_a_link_however_many_listen_behind_it) {
  core_network network(5);
  std::vector<std::string> heard(5);
  for (const std::size_t node : {1, 2, 3}) numbers_heard(network, node, "t", heard[node]);
  network.connect(0, 1);
  for (const std::size_t leaf : {2, 3, 4}) network.connect(1, leaf);
  network.run();
  network.advance(2s);
  network.emit(0, "t");
  network.run();
  for (const std::size_t node : {1, 2, 3}) BOOST_TEST(heard[node] == "t1@n0 ");
  BOOST_TEST(network.counts(0).events_delivered == 1);
  BOOST_TEST(network.counts(1).events_relayed == 2);  // Not to node 4, which does not listen.
}

BOOST_AUTO_TEST_CASE(in_a_full_mesh_nothing_is_relayed) {
  core_network network(4);
  std::vector<std::string> heard(4);
  for (std::size_t node = 0; node < 4; ++node) numbers_heard(network, node, "t", heard[node]);
  network.mesh();
  network.advance(2s);
  for (int i = 0; i < 3; ++i) network.emit(2, "t");
  network.run();
  for (std::size_t node = 0; node < 4; ++node) {
    BOOST_TEST(heard[node] == "t1@n2 t2@n2 t3@n2 ");
    BOOST_TEST(network.counts(node).events_relayed == 0);
    BOOST_TEST(network.counts(node).events_duplicate == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_listener_is_ready_and_has_the_past_across_relays) {
  core_network network(3, [](node_options& options) { options.events.history_topics = {">"}; });
  chain(network, 3);
  for (int i = 0; i < 4; ++i) network.emit(0, "t");
  network.run();
  std::string heard, ready;
  listen_options options;
  options.last = 2;
  options.on_ready = [&](const listen_ready& how) { ready = std::to_string(how.ready) + "/" + std::to_string(how.of); };
  BOOST_REQUIRE(network.core(2)
                    .add_listener(network.now(), 77, "t", detail::make_listener([&](const event& what) {
                                    heard += std::to_string(what.sequence) + " ";
                                  }),
                                  std::move(options))
                    .ok());
  network.advance(1s);
  BOOST_TEST(ready == "3/3");
  network.emit(0, "t");
  network.run();
  BOOST_TEST(heard == "3 4 5 ");
}

BOOST_AUTO_TEST_CASE(a_hole_in_what_relays_brought_is_closed_by_the_origin) {
  core_network network(3);
  std::string heard;
  numbers_heard(network, 2, "t", heard);
  network.connect(0, 1);
  auto& last = network.connect(1, 2);
  network.run();
  network.advance(2s);
  network.emit(0, "t");
  network.run();
  last.blocked = true;
  network.emit(0, "t");
  network.emit(0, "t");
  network.run();
  network.cut(last);  // With what was on its way.
  network.connect(1, 2);
  network.run();
  network.advance(3s);
  network.emit(0, "t");
  network.advance(3s);
  BOOST_TEST(heard == "t1@n0 t2@n0 t3@n0 t4@n0 ");
  BOOST_TEST(network.counts(2).event_gaps == 0);
}

// Its ends no longer report it, and not all others know that yet.
BOOST_AUTO_TEST_CASE(events_keep_to_a_link_that_is_going_to_be_let_go) {
  core_network network(3);
  std::string heard;
  numbers_heard(network, 2, "t", heard);
  chain(network, 3);
  network.connect(0, 2);
  network.run();
  network.advance(2s);
  auto& view = network.core(0).members().view();
  const auto first = mesh::link_list{{network.self(1).id, {.peer_life = 1, .rtt_step = 0}}};
  view.set_own_links(1, std::make_shared<const mesh::link_list>(first));
  network.emit(0, "t");
  network.run();
  BOOST_TEST(heard == "t1@n0 ");
  BOOST_TEST(network.counts(1).events_relayed == 0);
  BOOST_TEST(network.counts(2).events_pulled == 0);
}

// A relay that is new does not know yet who may say what, and passes nothing on.
BOOST_AUTO_TEST_CASE(an_event_that_was_sent_shortly_after_links_changed_is_told_once_more_when_all_is_quiet) {
  core_network network(5);
  std::string heard;
  numbers_heard(network, 3, "t", heard);
  network.listen(1, "other", [](const event&) {});
  network.undecided = {2};
  auto& gone = network.connect(1, 4);
  chain(network, 4);
  network.emit(0, "other");  // From here on node 0 looks whether its events have to go another way.
  network.advance(10s);
  network.cut(gone);
  network.advance(500ms);  // Node 0 has seen the change, and has looked for new ways.
  network.emit(0, "t");
  network.run();
  BOOST_TEST(network.counts(2).events_dropped == 1);
  network.undecided.clear();
  network.advance(5s);
  BOOST_TEST(heard == "t1@n0 ");
}

BOOST_AUTO_TEST_CASE(a_first_event_that_a_silent_link_took_with_it_comes_by_the_next_way) {
  core_network network(3);
  std::string heard;
  numbers_heard(network, 2, "t", heard);
  network.connect(0, 1);
  auto& last = network.connect(1, 2);
  network.run();
  network.advance(2s);
  last.blocked = true;
  network.emit(0, "t");
  network.run();
  network.cut(last);
  network.connect(1, 2);
  network.run();
  network.advance(3s);
  BOOST_TEST(heard == "t1@n0 ");
}

BOOST_AUTO_TEST_CASE(a_relay_vouches_for_nothing) {
  core_network network(3);
  std::string heard;
  numbers_heard(network, 2, ">", heard);
  chain(network, 3);
  node_id nobody;
  nobody.bytes.fill(0x77);
  forge(network, 1, 2, [&](transport::outbox& box) {
    const auto say = [&](const node_id& origin, incarnation life) {
      (void)box.append_relayed_event(
          {.origin = origin, .life = life, .topic = "t", .sequence = 1, .hops_left = 255, .payload = {}});
    };
    say(nobody, 1);               // Not a member.
    say(network.self(0).id, 99);  // Not in this life.
    say(network.self(2).id, 1);   // The receiver's own.
    say(network.self(0).id, 1);   // A good one,
    say(network.self(0).id, 1);   // and again.
  });
  BOOST_TEST(heard == "t1@n0 ");
  BOOST_TEST(network.counts(2).events_dropped == 2);
  BOOST_TEST(network.counts(2).events_duplicate == 1);
}

BOOST_AUTO_TEST_SUITE_END()
