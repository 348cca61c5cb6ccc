// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_event_replay)

namespace {

using namespace askr;
using askr::test::core_network;

/// A listener that wants the past first, and what it was handed: "t1 t2 lost3-4 t5".
struct latecomer {
  latecomer(core_network& network, std::size_t node, std::string_view pattern, std::size_t last,
            std::vector<event_position> since = {}) {
    const auto note = [this](std::string said) { text += (text.empty() ? "" : " ") + said; };
    listen_options options;
    options.last = last;
    options.since = std::move(since);
    options.on_gap = [note](const event_gap& gap) {
      note(std::string(to_string(gap.why)) + std::to_string(gap.from) + "-" + std::to_string(gap.to));
    };
    BOOST_REQUIRE(network.core(node)
                      .add_listener(network.now(), 900 + node, pattern,
                                    detail::make_listener([note](const event& heard) {
                                      note(std::string(heard.topic) + std::to_string(heard.sequence));
                                    }),
                                    std::move(options))
                      .ok());
  }
  latecomer(const latecomer&) = delete;
  std::string take() { return std::exchange(text, {}); }
  std::string text;
};

/// So that events are numbered and kept.
void keep_all(node_options& options) { options.events.history_topics = {">"}; }

void emit_many(core_network& network, std::size_t node, std::string_view topic, int count) {
  for (int i = 0; i < count; ++i) network.emit(node, topic, payload::from(i));
  network.run();
}

/// A full mesh that keeps all events, and has these.
struct mesh_with_past : core_network {
  struct emitted {
    std::size_t node;
    std::string_view topic;
    int count;
  };
  explicit mesh_with_past(std::size_t nodes, const std::vector<emitted>& past = {},
                          const core_network::tune& with = keep_all)
      : core_network(nodes, with) {
    mesh();
    for (const auto& each : past) emit_many(*this, each.node, each.topic, each.count);
  }
};

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& each : all) out += (out.empty() ? "" : " ") + each;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_last_events_of_each_topic_and_node_come_before_the_present) {
  mesh_with_past network(3, {{0, "a", 5}, {1, "b", 2}, {2, "a", 4}});
  latecomer late(network, 2, ">", 3);
  network.emit(2, "a");  // Live, and held until the past is there.
  network.emit(0, "a");
  network.run();
  emit_many(network, 0, "fresh", 1);
  std::vector<std::string> heard;
  std::string word;
  for (std::istringstream all(late.take()); all >> word;) heard.push_back(word);
  // Its own past first, then those of the others as they answer; each topic of each node in order.
  BOOST_TEST(heard.size() == 3 + 3 + 2 + 1);
  const auto own = joined({heard.begin(), heard.begin() + 3});
  BOOST_TEST(own == "a3 a4 a5");
  const auto rest = joined({heard.begin() + 3, heard.end()});
  BOOST_TEST(rest == "a4 a5 a6 b1 b2 fresh1");
  BOOST_TEST(network.counts(2).event_gaps == 0);
}

BOOST_AUTO_TEST_CASE(a_second_listener_may_have_the_past_of_what_is_listened_to_already) {
  mesh_with_past network(2);
  network.listen(1, "t", [](const event&) {});
  network.run();
  emit_many(network, 0, "t", 3);
  latecomer late(network, 1, "t", 2);
  network.run();
  emit_many(network, 0, "t", 1);
  BOOST_TEST(late.take() == "t2 t3 t4");
}

BOOST_AUTO_TEST_CASE(who_goes_on_from_a_place_gets_what_came_since) {
  mesh_with_past network(2, {{0, "t", 6}});
  latecomer late(network, 1, "t", 0, {{"t", network.name(0), 1, 4}});
  network.run();
  emit_many(network, 0, "t", 1);
  BOOST_TEST(late.take() == "t5 t6 t7");
}

BOOST_AUTO_TEST_CASE(what_is_gone_of_the_past_is_a_gap) {
  mesh_with_past network(2, {{0, "t", 10}}, [](node_options& options) {
    keep_all(options);
    options.events.history_events_max = 4;
  });
  latecomer late(network, 1, "t", 0, {{"t", network.name(0), 1, 2}});
  network.run();
  BOOST_TEST(late.take() == "lost3-6 t7 t8 t9 t10");
}

BOOST_AUTO_TEST_CASE(a_long_past_comes_in_several_answers) {
  mesh_with_past network(2, {{0, "t", 1'000}});
  latecomer late(network, 1, "t", 900);
  network.run();
  std::string all;
  for (int i = 101; i <= 1'000; ++i) all += (all.empty() ? "t" : " t") + std::to_string(i);
  BOOST_TEST(late.take() == all);
}

BOOST_AUTO_TEST_CASE(a_place_in_an_earlier_life_is_told_and_the_new_life_comes_from_its_beginning) {
  core_network network(1, keep_all);
  const auto reborn = network.add(keep_all, 9, 5);
  network.connect(reborn, 0);
  network.run();
  emit_many(network, reborn, "t", 2);
  latecomer late(network, 0, "t", 0, {{"t", network.name(reborn), 3, 7}});
  network.run();
  BOOST_TEST(late.take() == "origin_restarted8-0 t1 t2");
}

BOOST_AUTO_TEST_CASE(a_place_of_a_node_that_is_not_there_is_a_gap_of_unknown_length) {
  mesh_with_past network(2);
  latecomer late(network, 0, "t", 0, {{"t", "askr-nobody-abcdef", 3, 7}});
  network.run();
  emit_many(network, 1, "t", 1);
  BOOST_TEST(late.take() == "origin_lost8-0 t1");
}

BOOST_AUTO_TEST_CASE(an_origin_that_does_not_answer_holds_nobody_up_for_long) {
  mesh_with_past network(3, {{0, "t", 2}, {1, "t", 2}});
  // Node 0 hears the interest, but its answers do not arrive.
  network.core(0).peers().for_each([&](peer& to) {
    to.pulls_left = -1'000'000;
    to.pulls_counted = network.now();
  });
  latecomer late(network, 2, "t", 1);
  network.run();
  BOOST_TEST(late.take() == "t2");  // Node 1's.
  network.advance(3s);
  BOOST_TEST(late.take() == "lost2-2");
  emit_many(network, 0, "t", 1);
  BOOST_TEST(late.take() == "t3");
}

BOOST_AUTO_TEST_CASE(a_place_beyond_the_last_event_replays_nothing) {
  mesh_with_past network(2, {{0, "t", 2}});
  latecomer late(network, 1, "t", 0, {{"t", network.name(0), 1, ~std::uint64_t{0} - 1}});
  network.run();
  emit_many(network, 0, "t", 1);
  BOOST_TEST(late.take() == "t3");
}

BOOST_AUTO_TEST_CASE(a_client_gets_the_past_and_an_answer_when_all_are_ready) {
  mesh_with_past network(3, {{0, "t", 3}});
  auto& client = network.client(1);
  client.say(R"({"type":"subscription","mid":1,"eventType":"t","last":2,"ready":true})");
  network.run();
  const auto from = R"({"type":"t","from":")" + network.name(0) + R"(","epoch":1,"seq":)";
  auto heard = client.take();
  std::sort(heard.begin(), heard.end());
  BOOST_TEST(heard == (std::vector<std::string>{R"({"mid":1,"value":{"ready":3,"of":3}})", from + R"(2,"payload":1})",
                                                from + R"(3,"payload":2})"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_client_goes_on_where_it_stopped_on_another_node) {
  mesh_with_past network(3, {{0, "a", 4}, {0, "b", 4}});
  auto& client = network.client(2);
  const auto position = [&](const char* topic, int seq) {
    return std::string(R"({"eventType":")") + topic + R"(","from":")" + network.name(0) + R"(","epoch":1,"seq":)" +
           std::to_string(seq) + "}";
  };
  client.say(R"({"type":"subscription","eventType":">","since":[)" + position("a", 3) + "," + position("b", 2) + "]}");
  network.run();
  std::string seen;
  for (const auto& each : client.take()) seen += each.substr(9, 1) + each.substr(each.find("seq") + 5, 1) + " ";
  BOOST_TEST(seen == "a4 b3 b4 ");
}

BOOST_AUTO_TEST_CASE(a_client_may_name_one_place_by_number) {
  mesh_with_past network(2, {{0, "t", 3}});
  auto& client = network.client(1);
  client.say(R"({"type":"subscription","mid":1,"eventType":"t","since":2,"from":"n0"})");
  network.run();
  BOOST_TEST(client.heard().find(R"("seq":3,"payload":2})") != std::string::npos);
  client.say(R"({"type":"subscription","mid":2,"eventType":"u","since":2})");
  network.run();
  BOOST_TEST(client.heard() ==
             R"({"mid":2,"error":"\"since\" needs \"from\", the node whose events are counted","code":"bad_message"})");
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_while_the_past_is_on_its_way_leaves_nothing_behind) {
  mesh_with_past network(2, {{0, "t", 300}});
  auto& client = network.client(1);
  client.say(R"({"type":"subscription","eventType":"t","last":300,"ready":true,"mid":4})");
  client.gone = true;
  network.run();
  network.advance(5s);
  emit_many(network, 0, "t", 1);
  BOOST_TEST(network.core(1).sessions().size() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
