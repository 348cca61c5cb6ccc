// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_events)

namespace {

using namespace askr;
using askr::test::core_network;

}  // namespace

BOOST_AUTO_TEST_CASE(events_reach_every_listener_on_every_node_in_order) {
  core_network network(3);
  std::vector<std::vector<int>> heard(3);
  for (std::size_t node = 0; node < 3; ++node) {
    network.listen(node, "tick", [&heard, node](int number) { heard[node].push_back(number); });
  }
  network.mesh();
  std::vector<int> all;
  for (int i = 0; i < 500; ++i) {
    network.emit(1, "tick", payload::from(i));
    all.push_back(i);
    if (i % 7 == 0) network.run();
  }
  network.run();
  for (const auto& each : heard) BOOST_TEST(each == all, boost::test_tools::per_element());
}

// From the stack of a handler: no listener may be called in it.
BOOST_AUTO_TEST_CASE(only_what_no_code_of_this_node_hears_is_emitted_at_once) {
  core_network network(2);
  std::vector<int> heard;
  network.listen(1, "far", [&](int number) { heard.push_back(number); });
  network.listen(1, "both", [&](int number) { heard.push_back(number); });
  network.listen(0, "both", [&](int number) { heard.push_back(-number); });
  network.mesh();
  const auto try_emit = [&](std::string_view topic, int number) {
    return network.core(0).try_emit(network.now(), topic, payload::from(number).view());
  };
  BOOST_TEST(try_emit("far", 1));
  BOOST_TEST(!try_emit("both", 2));
  BOOST_TEST(try_emit("nobody", 3));
  BOOST_TEST(heard.empty());
  network.emit(0, "far", payload::from(4));
  network.run();
  BOOST_TEST(heard == (std::vector{1, 4}), boost::test_tools::per_element());
  BOOST_TEST(network.counts(0).events_emitted == 3);
}

BOOST_AUTO_TEST_CASE(an_event_says_where_it_comes_from_and_counts_from_one_per_topic) {
  core_network network(2);
  std::string heard;
  network.listen(1, ">", [&](const event& what) {
    heard += std::string(what.topic) + " " + std::string(what.origin_name) + " " + std::to_string(what.sequence) + "; ";
  });
  network.mesh();
  network.emit(0, "a");
  network.emit(0, "b");
  network.emit(0, "a");
  network.emit(1, "a");
  network.run();
  const auto& zero = network.name(0);
  BOOST_TEST(heard == "a " + network.name(1) + " 1; a " + zero + " 1; b " + zero + " 1; a " + zero + " 2; ");
}

BOOST_AUTO_TEST_CASE(a_subscriber_gets_an_event_once_however_many_of_its_patterns_match) {
  core_network network(2);
  int heard = 0;
  network.listen(1, "sensor.*.temp", [&](const event&) { ++heard; });
  network.listen(1, "sensor.>", [&](const event&) { ++heard; });
  network.listen(1, "sensor.a.temp", [&](const event&) { ++heard; });
  auto& client = network.client(1);
  for (const auto* pattern : {"sensor.>", "sensor.*.temp", "sensor.a.temp", ">"}) {
    client.say(R"({"type":"subscription","eventType":")" + std::string(pattern) + R"("})");
  }
  network.mesh();
  network.emit(0, "sensor.a.temp", payload::from(1));
  network.run();
  BOOST_TEST(heard == 3);  // Three listeners, each once.
  BOOST_TEST(client.take().size() == 1);
  BOOST_TEST(network.counts(0).events_delivered == 1);  // One copy on the link.
}

BOOST_AUTO_TEST_CASE(events_travel_only_where_somebody_listens) {
  core_network network(3);
  network.listen(1, "wanted", [](const event&) {});
  network.mesh();
  network.emit(0, "wanted");
  network.emit(0, "unwanted");
  network.run();
  BOOST_TEST(network.counts(0).events_emitted == 2);
  BOOST_TEST(network.counts(0).events_delivered == 1);
}

BOOST_AUTO_TEST_CASE(interest_begins_and_ends_while_nodes_are_linked) {
  core_network network(2);
  network.mesh();
  int heard = 0;
  BOOST_REQUIRE(network.core(1)
                    .add_listener(network.now(), 77, "late", detail::make_listener([&](const event&) { ++heard; }))
                    .ok());
  network.run();
  network.emit(0, "late");
  network.run();
  BOOST_TEST(heard == 1);
  network.core(1).remove_listener(77);
  network.run();
  network.emit(0, "late");
  network.run();
  BOOST_TEST(heard == 1);
  BOOST_TEST(network.counts(0).events_delivered == 1);
}

BOOST_AUTO_TEST_CASE(a_listener_may_remove_itself_and_emit_and_throw) {
  core_network network(1);
  std::string heard;
  BOOST_REQUIRE(network.core(0)
                    .add_listener(network.now(), 77, "a", detail::make_listener([&](const event&) {
                                    heard += "a";
                                    network.core(0).remove_listener(77);
                                    network.emit(0, "b");
                                  }))
                    .ok());
  network.listen(0, "b", [&](const event&) {
    heard += "b";
    throw std::runtime_error("a listener");
  });
  network.emit(0, "a");
  network.emit(0, "a");
  BOOST_TEST(heard == "ab");
  BOOST_TEST(network.counts(0).handlers_failed == 1);
}

BOOST_AUTO_TEST_CASE(an_event_emitted_by_a_listener_does_not_disturb_the_one_that_is_being_delivered) {
  core_network network(1);
  auto& first = network.client(0);
  first.say(R"({"type":"subscription","eventType":">"})");
  network.run();
  network.listen(0, ">", [&](const event& what) {
    if (what.topic == "outer") network.emit(0, "inner", payload::from(2));
  });
  auto& last = network.client(0);
  last.say(R"({"type":"subscription","eventType":">"})");
  network.run();
  network.emit(0, "outer", payload::from(1));
  network.run();
  for (auto* each : {&first, &last}) {
    auto heard = each->take();
    std::sort(heard.begin(), heard.end());
    BOOST_REQUIRE_EQUAL(heard.size(), 2);
    BOOST_TEST(heard[0].find(R"({"type":"inner")") == 0);
    BOOST_TEST(heard[1].find(R"({"type":"outer")") == 0);
  }
}

BOOST_AUTO_TEST_CASE(events_above_the_limit_of_a_link_are_counted_and_come_later_and_the_link_lives) {
  core_network network(2, [](node_options& options) {
    options.links.outbox_bytes_soft = 10'000;
    options.links.message_bytes_max = 20'000;
  });
  int heard = 0;
  network.listen(1, ">", [&](const event&) { ++heard; });
  network.mesh();
  for (int i = 0; i < 10; ++i) network.emit(0, "burst", payload::from(std::string(5'000, 'x')));
  network.run();
  BOOST_TEST(heard == 2);
  BOOST_TEST(network.counts(0).events_dropped == 8);
  network.emit(0, "burst");
  network.advance(10s);
  BOOST_TEST(heard == 11);  // The others were pulled.
  BOOST_TEST(network.links_between(0, 1) == 1);
}

namespace {

/// What a client that is deaf for ten events of 3,000 bytes hears afterwards: "1 2 gap3-8 9 10".
std::string heard_after_silence(std::string_view overflow, bool& closed) {
  core_network network(1, [](node_options& options) {
    options.sessions.output_bytes_soft = 10'000;
    options.sessions.overflow_bytes_max = 7'000;
  });
  auto& slow = network.client(0);
  auto& fast = network.client(0);
  slow.say(R"({"type":"subscription","eventType":"burst","overflow":")" + std::string(overflow) + R"("})");
  fast.say(R"({"type":"subscription","eventType":"burst"})");
  network.run();
  slow.deaf = true;
  for (int i = 0; i < 10; ++i) {
    network.emit(0, "burst", payload::from(std::string(3'000, 'x')));
    network.run();
  }
  BOOST_TEST(fast.take().size() == 10);
  slow.deaf = false;
  network.run();
  std::string all;
  for (const auto& each : slow.take()) {
    const auto number = [&each](const char* key) {
      const auto at = each.find(key);
      return at == std::string::npos ? 0 : std::stoi(each.substr(at + std::string_view(key).size()));
    };
    const bool gap = each.starts_with(R"({"type":"gap")");
    if (gap) BOOST_TEST(each.find(R"("reason":"skipped")") != std::string::npos);
    all += (all.empty() ? "" : " ") + (gap ? "gap" + std::to_string(number("\"seq\":")) + "-" : "") +
           std::to_string(number(gap ? "\"until\":" : "\"seq\":"));
  }
  closed = slow.session == no_session;
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_slow_client_loses_is_told_and_does_not_hold_up_others) {
  bool closed = false;
  BOOST_TEST(heard_after_silence("drop_oldest", closed) == "1 2 3 4 gap5-8 9 10");
  BOOST_TEST(heard_after_silence("drop_newest", closed) == "1 2 3 4 gap5-10");
  BOOST_TEST(heard_after_silence("keep_latest", closed) == "1 2 3 4 gap5-9 10");
  BOOST_TEST(!closed);
  heard_after_silence("disconnect", closed);
  BOOST_TEST(closed);
}

BOOST_AUTO_TEST_CASE(after_a_gap_a_slow_client_hears_what_comes_next_at_once) {
  core_network network(1, [](node_options& options) { options.sessions.output_bytes_soft = 5'000; });
  auto& slow = network.client(0);
  slow.say(R"({"type":"subscription","eventType":"burst","overflow":"drop_newest"})");
  network.run();
  slow.deaf = true;
  for (int i = 0; i < 5; ++i) network.emit(0, "burst", payload::from(std::string(3'000, 'x')));
  network.run();
  slow.deaf = false;
  network.run();
  BOOST_TEST(slow.take().size() == 3);  // Two and the gap.
  network.emit(0, "burst");
  network.run();
  BOOST_TEST(slow.heard().find("\"seq\":6") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(topics_beyond_the_limit_are_refused) {
  core_network network(1, [](node_options& options) { options.limits.topics_max = 2; });
  auto& core = network.core(0);
  BOOST_TEST(core.emit(network.now(), "nobody.listens", {}).ok());  // Not counted.
  network.listen(0, ">", [](const event&) {});
  BOOST_TEST(core.emit(network.now(), "a", {}).ok());
  BOOST_TEST(core.emit(network.now(), "b", {}).ok());
  BOOST_TEST((core.emit(network.now(), "c", {}).code() == errc::overloaded));
  BOOST_TEST(core.emit(network.now(), "a", {}).ok());
}

BOOST_AUTO_TEST_CASE(listeners_beyond_the_limit_are_refused) {
  core_network network(1, [](node_options& options) { options.limits.listeners_max = 1; });
  network.listen(0, "a", [](const event&) {});
  const auto refused = network.core(0).add_listener(network.now(), 99, "b", detail::make_listener([](const event&) {}));
  BOOST_TEST((refused.code() == errc::overloaded));
}

BOOST_AUTO_TEST_SUITE_END()
