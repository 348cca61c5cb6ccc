// SPDX-License-Identifier: MIT
#include "mesh/event_order.hpp"

#include "tests/support/link_net.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <limits>

BOOST_AUTO_TEST_SUITE(event_order)

namespace {

using namespace askr;
using askr::mesh::sequence_range;
using askr::test::numbered_id;
using verdict = mesh::event_order::verdict;

// A subscriber: writes down what it is handed, as "topic:1", "topic:gap2-4", "topic:restart".
class subscriber {
 public:
  explicit subscriber(const mesh::event_order_options& options = {}) : order(options) {}

  verdict hear(std::uint64_t sequence, std::string_view topic = "t", incarnation life = 1, bool repair = true,
               std::uint32_t origin = 0) {
    const auto text = std::to_string(sequence);
    const auto out =
        order.on_event(now, {numbered_id(origin), life, topic, sequence, encoding::json, as_bytes(text), repair});
    if (out == verdict::deliver) log.push_back(std::string(topic) + ":" + text);
    take();
    return out;
  }
  void head(std::uint64_t last, bool repair = true, std::string_view topic = "t") {
    order.on_head(now, numbered_id(0), 1, topic, last, repair);
    take();
  }
  void missing(std::uint64_t from, std::uint64_t to) {
    order.on_missing(now, numbered_id(0), 1, "t", {from, to});
    take();
  }
  void wait(duration time) {
    const auto end = now + time;
    while (order.next_timeout() <= end) {
      now = std::max(now, order.next_timeout());
      order.on_timeout(now);
      take();
    }
    now = end;
  }
  void take() {
    for (const auto& each : order.take_ordered()) {
      const auto from = std::to_string(each.sequence);
      if (each.is == mesh::ordered::what::event) {
        BOOST_TEST(as_text(each.data) == from);
        BOOST_TEST((each.kind == encoding::json));
      }
      log.push_back(each.topic + ":" +
                    (each.is == mesh::ordered::what::event ? from
                     : each.is == mesh::ordered::what::gap ? "gap" + from + "-" + std::to_string(each.last)
                                                           : "restart" + from));
    }
    for (auto& each : order.take_pulls()) pulls.push_back(each);
  }
  std::string heard() const {
    std::string out;
    for (const auto& each : log) out += (out.empty() ? "" : " ") + each;
    return out;
  }

  time_point now;
  mesh::event_order order;
  std::vector<std::string> log;
  std::vector<mesh::event_pull> pulls;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_usual_case_is_delivered_at_once_and_holds_nothing) {
  subscriber here;
  for (std::uint64_t i = 5; i < 9; ++i) BOOST_TEST((here.hear(i) == verdict::deliver));
  BOOST_TEST(here.heard() == "t:5 t:6 t:7 t:8");
  BOOST_TEST((here.order.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(duplicates_are_dropped) {
  subscriber here;
  here.hear(1);
  here.hear(2);
  BOOST_TEST((here.hear(2) == verdict::duplicate));
  BOOST_TEST((here.hear(1) == verdict::duplicate));
  here.hear(5);
  BOOST_TEST((here.hear(5) == verdict::duplicate));
  BOOST_TEST((here.hear(0) == verdict::duplicate));
  BOOST_TEST((here.hear(std::numeric_limits<std::uint64_t>::max()) == verdict::duplicate));
  BOOST_TEST(here.heard() == "t:1 t:2");
}

BOOST_AUTO_TEST_CASE(what_comes_too_early_waits_for_its_turn) {
  subscriber here;
  here.hear(1);
  BOOST_TEST((here.hear(3) == verdict::held));
  BOOST_TEST((here.hear(4) == verdict::held));
  BOOST_TEST((here.hear(2) == verdict::deliver));
  BOOST_TEST(here.heard() == "t:1 t:2 t:3 t:4");
  BOOST_TEST(here.order.held_bytes() == 0u);
  BOOST_TEST(here.order.under_repair() == 0u);
  here.wait(10s);
  BOOST_TEST(here.pulls.empty());
}

BOOST_AUTO_TEST_CASE(a_gap_is_pulled_and_repaired) {
  subscriber here;
  here.hear(1);
  here.hear(4);
  here.wait(10ms);
  BOOST_REQUIRE(here.pulls.size() == 1u);
  BOOST_TEST((here.pulls[0].wanted == sequence_range{2, 3}));
  BOOST_TEST(here.pulls[0].topic == "t");
  here.hear(2);
  here.hear(3);
  BOOST_TEST(here.heard() == "t:1 t:2 t:3 t:4");
}

BOOST_AUTO_TEST_CASE(what_the_origin_no_longer_has_is_a_gap) {
  subscriber here;
  here.hear(1);
  here.hear(6);
  here.wait(10ms);
  here.missing(2, 3);
  here.hear(4);
  here.hear(5);
  BOOST_TEST(here.heard() == "t:1 t:gap2-3 t:4 t:5 t:6");
}

BOOST_AUTO_TEST_CASE(held_events_are_delivered_even_if_the_origin_calls_them_gone) {
  subscriber here;
  here.hear(1);
  here.hear(4);
  here.missing(2, 9);
  BOOST_TEST(here.heard() == "t:1 t:gap2-3 t:4 t:gap5-9");
  here.hear(10);
  BOOST_TEST(here.heard() == "t:1 t:gap2-3 t:4 t:gap5-9 t:10");
}

BOOST_AUTO_TEST_CASE(a_silent_origin_is_asked_again_and_given_up) {
  subscriber here;
  here.hear(1);
  here.hear(3);
  here.wait(1999ms);
  BOOST_TEST(here.pulls.size() == 4u);
  BOOST_TEST(here.heard() == "t:1");
  here.wait(1ms);
  BOOST_TEST(here.heard() == "t:1 t:gap2-2 t:3");
  BOOST_TEST((here.hear(2) == verdict::duplicate));
  BOOST_TEST((here.hear(4) == verdict::deliver));
}

BOOST_AUTO_TEST_CASE(events_that_go_on_coming_do_not_put_off_the_report) {
  subscriber here;
  here.hear(1);
  for (std::uint64_t i = 3; i < 30; ++i) {
    here.hear(i);
    here.wait(100ms);
  }
  BOOST_TEST(here.heard().starts_with("t:1 t:gap2-2 t:3 t:4"));
}

BOOST_AUTO_TEST_CASE(a_large_gap_is_pulled_in_pieces_without_waiting_between_them) {
  subscriber here({.pull_events_max = 10});
  here.hear(1);
  here.hear(32);
  here.wait(10ms);
  for (std::uint64_t i = 2; i < 32; ++i) {
    here.hear(i);
    here.wait(0ms);
  }
  BOOST_TEST(here.heard().ends_with("t:31 t:32"));
  BOOST_TEST(here.pulls.size() == 3u);
  BOOST_TEST((here.now - time_point{} <= 10ms));
}

BOOST_AUTO_TEST_CASE(tail_loss_is_found_by_heads) {
  subscriber here;
  here.hear(1);
  here.head(1);
  BOOST_TEST(here.order.under_repair() == 0u);
  here.head(3);
  here.wait(10ms);
  BOOST_REQUIRE(here.pulls.size() == 1u);
  BOOST_TEST((here.pulls[0].wanted == sequence_range{2, 3}));
  here.hear(2);
  here.hear(3);
  here.wait(5s);
  BOOST_TEST(here.heard() == "t:1 t:2 t:3");
}

BOOST_AUTO_TEST_CASE(heads_of_topics_never_heard_count_only_from_where_the_interest_began) {
  subscriber here;
  here.head(5);
  BOOST_TEST(here.order.streams() == 0u);
  here.order.on_interest_applied(here.now, numbered_id(0), 1, {{"t", 4}});
  here.head(5);
  here.wait(10ms);
  BOOST_REQUIRE(here.pulls.size() == 1u);
  BOOST_TEST((here.pulls[0].wanted == sequence_range{4, 5}));
}

BOOST_AUTO_TEST_CASE(after_the_interest_was_applied_an_unlisted_topic_starts_at_one) {
  subscriber here;
  here.order.on_interest_applied(here.now, numbered_id(0), 1, {{"t", 7}});
  BOOST_TEST((here.hear(7) == verdict::deliver));
  BOOST_TEST((here.hear(3, "u") == verdict::held));
  here.wait(10ms);
  BOOST_REQUIRE(here.pulls.size() == 1u);
  BOOST_TEST((here.pulls[0].wanted == sequence_range{1, 2}));
}

BOOST_AUTO_TEST_CASE(what_was_lost_before_the_first_event_that_came_is_told_once_the_origin_says_where_it_began) {
  subscriber late, in_time;
  late.hear(3);
  late.hear(4);
  late.order.on_interest_applied(late.now, numbered_id(0), 1, {});
  late.take();
  late.hear(5);
  BOOST_TEST(late.heard() == "t:3 t:4 t:gap1-2 t:5");
  in_time.hear(3);
  in_time.order.on_interest_applied(in_time.now, numbered_id(0), 1, {{"t", 3}});
  in_time.order.on_interest_applied(in_time.now, numbered_id(0), 1, {});
  in_time.take();
  BOOST_TEST(in_time.heard() == "t:3");
}

BOOST_AUTO_TEST_CASE(a_new_life_of_the_origin_is_reported) {
  subscriber here;
  here.hear(1, "b");
  here.hear(1, "a");
  here.hear(3, "a");
  here.hear(1, "a", 2);
  BOOST_TEST(here.heard() == "b:1 a:1 a:gap2-2 a:3 a:restart4 b:restart2 a:1");
  BOOST_TEST((here.hear(2, "b", 1) == verdict::duplicate));
  BOOST_TEST((here.hear(2, "a", 2) == verdict::deliver));
}

BOOST_AUTO_TEST_CASE(subscribers_that_do_not_want_the_past_see_the_gap_at_once) {
  subscriber here;
  here.hear(1);
  here.hear(4, "t", 1, false);
  here.head(6, false);
  here.hear(7);
  BOOST_TEST(here.heard() == "t:1 t:gap2-3 t:4 t:gap5-6 t:7");
  here.wait(5s);
  BOOST_TEST(here.pulls.empty());
}

BOOST_AUTO_TEST_CASE(origins_and_topics_do_not_mix) {
  subscriber here;
  for (std::uint32_t origin = 0; origin < 3; ++origin) {
    BOOST_TEST((here.hear(1, "t", 1, true, origin) == verdict::deliver));
    BOOST_TEST((here.hear(1, "u", 1, true, origin) == verdict::deliver));
  }
  BOOST_TEST(here.order.streams() == 6u);
  here.order.forget_topics([](std::string_view topic) { return topic == "u"; });
  BOOST_TEST(here.order.streams() == 3u);
  here.hear(3);
  here.order.forget(numbered_id(0));
  here.take();
  BOOST_TEST(here.heard().ends_with("t:gap2-2 t:3"));
  BOOST_TEST(here.order.streams() == 2u);
  BOOST_TEST(here.order.under_repair() == 0u);
}

BOOST_AUTO_TEST_CASE(everything_held_is_bounded) {
  subscriber here({.held_events_max = 10, .held_bytes_max = 64, .gaps_max = 3, .streams_max = 20});
  for (std::uint64_t i = 1; i <= 100; i += 2) {
    here.hear(i);
    BOOST_TEST(here.order.held_bytes() <= 64u);
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto topic = "topic" + std::to_string(i);
    here.hear(1, topic);
    here.hear(5, topic);
    BOOST_TEST(here.order.under_repair() <= 3u);
    BOOST_TEST(here.order.streams() <= 20u);
    BOOST_TEST(here.order.held_bytes() <= 64u);
  }
}

BOOST_AUTO_TEST_CASE(a_topic_that_was_forgotten_for_want_of_room_starts_where_it_is_heard_again) {
  subscriber here({.streams_max = 1});
  here.order.on_interest_applied(here.now, numbered_id(0), 1, {});
  here.hear(1, "a");
  here.hear(1, "b");
  BOOST_TEST((here.hear(2, "a") == verdict::deliver));
  BOOST_TEST(here.heard() == "a:1 b:1 a:2");
}

BOOST_AUTO_TEST_CASE(an_origin_with_a_hundred_thousand_topics_loses_its_own_and_nobody_elses) {
  subscriber here({.streams_per_origin_max = 1000});
  for (std::uint64_t i = 1; i <= 3; ++i) here.hear(i, "honest", 1, true, 1);
  here.log.clear();
  for (int i = 0; i < 100'000; ++i) {
    here.hear(1, std::to_string(i));
    if (i % 2 == 0) here.hear(3, std::to_string(i));  // One that leaves something to be held and repaired.
    BOOST_REQUIRE(here.order.streams() <= 1001);
  }
  BOOST_TEST(here.order.under_repair() <= 256);
  BOOST_TEST(here.order.held_bytes() <= 1000);
  BOOST_TEST(here.order.streams_dropped() == 99'000);
  // Each was heard, with its gap.
  BOOST_TEST(std::count(here.log.begin(), here.log.end(), "0:gap2-2") == 1);
  BOOST_TEST(std::count(here.log.begin(), here.log.end(), "98000:3") == 1);
  here.log.clear();
  here.hear(3, "honest", 1, true, 1), here.hear(5, "honest", 1, true, 1), here.hear(4, "honest", 1, true, 1);
  BOOST_TEST(here.heard() == "honest:4 honest:5");
  here.order.forget(numbered_id(0));
  here.take();
  BOOST_TEST(here.order.streams() == 1);
  BOOST_TEST(here.order.held_bytes() == 0);
  BOOST_TEST(here.order.under_repair() == 0);
}

BOOST_AUTO_TEST_CASE(of_an_origins_topics_the_one_heard_longest_ago_is_let_go) {
  subscriber here({.streams_per_origin_max = 3});
  for (const auto* topic : {"a", "b", "c", "a", "d", "c", "e"}) here.hear(1, topic);  // b goes, then a.
  std::vector<std::string> left;
  here.order.for_each_stream(numbered_id(0), 1, [&](std::string_view topic, auto) { left.emplace_back(topic); });
  std::sort(left.begin(), left.end());
  BOOST_TEST(left == (std::vector<std::string>{"c", "d", "e"}), boost::test_tools::per_element());
  here.order.forget_topics([](std::string_view topic) { return topic == "d"; });
  for (const auto* topic : {"f", "g"}) here.hear(1, topic);  // Room for one; then c goes.
  BOOST_TEST(here.order.streams() == 3);
  BOOST_TEST(here.order.streams_dropped() == 3);
}

BOOST_AUTO_TEST_CASE(what_one_origin_has_held_leaves_room_for_others) {
  subscriber here({.held_bytes_per_origin_max = 2, .gaps_per_origin_max = 2});
  for (const auto* topic : {"a", "b", "c"}) here.hear(1, topic), here.hear(3, topic);
  BOOST_TEST(here.heard() == "a:1 b:1 c:1 c:gap2-2 c:3");  // The third is one byte, and one repair, too many.
  here.hear(1, "x", 1, true, 1);
  BOOST_TEST((here.hear(3, "x", 1, true, 1) == verdict::held));
  BOOST_TEST(here.order.under_repair() == 3);
}

BOOST_AUTO_TEST_CASE(pulls_are_rate_limited) {
  subscriber here({.pull_again = 500ms, .give_up = 100s, .pulls_per_second = 5});
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto topic = "topic" + std::to_string(i);
    here.hear(1, topic);
    here.hear(5, topic);
  }
  here.wait(10s);
  BOOST_TEST(here.pulls.size() <= 55u);
  BOOST_TEST(here.pulls.size() >= 45u);
}

// Events on their way are dropped, doubled and overtaken; pulls and their answers get lost, too.
BOOST_AUTO_TEST_CASE(whatever_the_network_does_each_event_comes_once_in_order_or_is_reported) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      mesh::event_history history({.events_max = 20 + static_cast<std::size_t>(random.below(100))});
      subscriber here({.pull_events_max = 16, .held_events_max = 32});
      here.order.on_interest_applied(here.now, numbered_id(0), 1, {});
      std::deque<std::uint64_t> wire;
      std::uint64_t emitted = 0;
      const auto answer_pulls = [&] {
        for (const auto& pull : std::exchange(here.pulls, {})) {
          if (random.below(5) == 0) continue;
          const auto replay = history.range(pull.topic, pull.wanted, 16);
          if (replay.missing) here.missing(replay.missing->from, replay.missing->to);
          for (const auto& each : replay.events) wire.push_back(each.sequence);
        }
      };
      const auto deliver_one = [&] {
        const auto at = static_cast<std::ptrdiff_t>(random.below(std::min<std::size_t>(wire.size(), 3)));
        const auto sequence = wire[static_cast<std::size_t>(at)];
        if (random.below(20) != 0) wire.erase(wire.begin() + at);
        if (random.below(10) != 0) here.hear(sequence);
      };
      for (int step = 0; step < 2000; ++step) {
        history.append("t", ++emitted, encoding::json, as_bytes("x"));
        wire.push_back(emitted);
        while (wire.size() > random.below(8)) deliver_one();
        here.wait(milliseconds(random.below(20)));
        answer_pulls();
      }
      here.head(emitted);
      for (int i = 0; i < 100; ++i) {
        here.wait(100ms);
        answer_pulls();
        while (!wire.empty()) deliver_one();
      }
      std::uint64_t next = 1;
      for (const auto& each : here.log) {
        const auto text = each.substr(2);
        if (text.starts_with("gap")) {
          BOOST_REQUIRE(std::stoull(text.substr(3)) == next);
          next = std::stoull(text.substr(text.find('-') + 1)) + 1;
        } else {
          BOOST_REQUIRE(std::stoull(text) == next++);
        }
      }
      BOOST_TEST(next == emitted + 1);
      BOOST_TEST(here.order.held_bytes() == 0u);
      BOOST_TEST(here.order.under_repair() == 0u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
