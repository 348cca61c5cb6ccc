// SPDX-License-Identifier: MIT
#include "libaskr/src/event_replays.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(event_replays)

namespace {

using namespace askr;
using askr::test::numbered_id;

constexpr subscriber somebody{subscriber::kind::session, 7};

/// A subscriber who wants the past of two origins, both in life 5, and what it is handed: "a1 a2 lost3-4".
struct fixture {
  time_point now{seconds(1000)};
  askr::event_replays replays;
  std::uint64_t request = 0;

  void start(std::size_t last, std::vector<stream_position> since = {}, std::string pattern = ">",
             std::uint32_t origins = 1) {
    std::vector<node_id> all;
    for (std::uint32_t i = 1; i <= origins; ++i) all.push_back(numbered_id(i));
    replays.start(now, somebody, std::move(pattern), {last, std::move(since)}, 3, all);
    ++request;
  }
  void known(std::uint32_t origin, const askr::event_replays::heads& next, std::uint64_t generation = 3) {
    replays.on_origin_known(now, numbered_id(origin), 5, generation, next);
  }
  event made(std::string_view topic, std::uint64_t sequence, std::uint32_t origin = 1, incarnation life = 5) {
    return {.topic = topic,
            .data = {},
            .origin = numbered_id(origin),
            .origin_name = "n",
            .epoch = life,
            .sequence = sequence};
  }
  void past(std::string_view topic, std::uint64_t from, std::uint64_t to) {
    for (auto each = from; each <= to; ++each) replays.on_past_event(now, request, made(topic, each));
  }
  void gone(std::string_view topic, std::uint64_t from, std::uint64_t to) {
    replays.on_gone(now, request, numbered_id(1), topic, {from, to});
  }
  bool live(std::string_view topic, std::uint64_t sequence, std::uint32_t origin = 1) {
    return replays.hold(somebody, made(topic, sequence, origin));
  }
  void wait(duration passes) {
    now += passes;
    replays.on_timeout(now);
  }
  std::string handed() {
    std::string text;
    for (const auto& each : replays.take_replayed()) {
      BOOST_TEST((each.who == somebody));
      const auto& what = each.what;
      text += text.empty() ? "" : " ";
      if (what.is == mesh::ordered::what::event) {
        text += what.topic + std::to_string(what.sequence);
      } else {
        text += std::string(to_string(each.why)) + std::to_string(what.sequence) + "-" + std::to_string(what.last);
      }
    }
    return text;
  }
  std::string asked() {
    std::string text;
    for (const auto& each : replays.take_pulls()) {
      BOOST_TEST(each.request == request);
      text += text.empty() ? "" : " ";
      text += each.what.topic + std::to_string(each.what.wanted.from) + "-" + std::to_string(each.what.wanted.to);
    }
    return text;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_last_events_of_matching_topics_are_asked_for_and_handed_on, fixture) {
  start(2, {}, "t.*");
  BOOST_TEST(asked().empty());  // Nobody knows yet where topics stand.
  known(1, {{"t.a", 6}, {"t.b", 2}, {"t.c", 1}, {"other", 9}});
  BOOST_TEST(asked() == "t.a4-5 t.b1-1");
  past("t.a", 4, 5), past("t.b", 1, 1);
  BOOST_TEST(handed() == "t.a4 t.a5 t.b1");
  BOOST_TEST(replays.empty());
}

BOOST_FIXTURE_TEST_CASE(what_comes_meanwhile_follows_the_past_and_comes_once, fixture) {
  start(2);
  BOOST_TEST((live("a", 5) && live("a", 6)));  // Before anything is known,
  known(1, {{"a", 6}});
  BOOST_TEST((live("a", 7) && !live("b", 1)));  // and while the past of this topic is under way.
  past("a", 4, 5);
  BOOST_TEST(handed() == "a4 a5 a6 a7");
  BOOST_TEST(!live("a", 8));
}

BOOST_FIXTURE_TEST_CASE(a_gap_that_comes_meanwhile_keeps_its_place, fixture) {
  start(1);
  known(1, {{"a", 3}});
  const event_gap gap{.topic = "a",
                      .origin = numbered_id(1),
                      .origin_name = "n",
                      .epoch = 5,
                      .from = 3,
                      .to = 4,
                      .why = gap_cause::lost};
  BOOST_TEST(replays.hold(somebody, gap));
  live("a", 5);
  past("a", 2, 2);
  BOOST_TEST(handed() == "a2 lost3-4 a5");
}

BOOST_FIXTURE_TEST_CASE(an_origin_that_has_applied_an_earlier_interest_is_still_waited_for, fixture) {
  start(1);
  known(1, {{"a", 3}}, 2);
  BOOST_TEST(replays.waits_for(numbered_id(1)));
  BOOST_TEST(!replays.waits_for(numbered_id(2)));
  known(1, {{"a", 3}}, 4);
  BOOST_TEST(!replays.waits_for(numbered_id(1)));
  BOOST_TEST(asked() == "a2-2");
}

BOOST_FIXTURE_TEST_CASE(a_long_past_is_asked_for_in_pieces, fixture) {
  start(0, {{"a", numbered_id(1), "n", 5, 100}});
  known(1, {{"a", 501}});
  BOOST_TEST(asked() == "a101-356");
  past("a", 101, 355);
  BOOST_TEST(asked().empty());
  past("a", 356, 356);
  BOOST_TEST(asked() == "a357-500");
}

BOOST_FIXTURE_TEST_CASE(what_is_gone_is_told_in_its_place, fixture) {
  start(5);
  known(1, {{"a", 6}});
  gone("a", 1, 2);
  past("a", 3, 3);
  gone("a", 5, 9);  // Not the next one: it is asked for again.
  BOOST_TEST(handed() == "lost1-2 a3");
  gone("a", 4, 9);  // No further than it wanted to hear.
  BOOST_TEST(handed() == "lost4-5");
  BOOST_TEST(replays.empty());
}

BOOST_FIXTURE_TEST_CASE(answers_out_of_turn_of_another_life_or_to_another_request_are_passed_over, fixture) {
  start(3);
  known(1, {{"a", 4}});
  past("a", 2, 3);
  replays.on_past_event(now, request, made("a", 1, 1, 4));
  replays.on_past_event(now, request, made("a", 1, 2));
  replays.on_past_event(now, request + 1, made("a", 1));
  BOOST_TEST(handed().empty());
  past("a", 1, 3);
  BOOST_TEST(handed() == "a1 a2 a3");
}

BOOST_FIXTURE_TEST_CASE(who_does_not_answer_is_asked_four_times_and_then_given_up, fixture) {
  start(3);
  known(1, {{"a", 4}});
  live("a", 4);
  BOOST_TEST(asked() == "a1-3");
  past("a", 1, 1);
  for (int i = 0; i < 3; ++i) {
    wait(500ms);
    BOOST_TEST(asked() == "a2-3");
  }
  BOOST_TEST(handed() == "a1");
  wait(500ms);
  BOOST_TEST(asked().empty());
  BOOST_TEST(handed() == "lost2-3 a4");
  BOOST_TEST(replays.empty());
}

BOOST_FIXTURE_TEST_CASE(an_origin_that_does_not_say_where_it_stands_is_let_go_after_two_seconds, fixture) {
  start(1, {{"a", numbered_id(2), "n2", 4, 8}}, ">", 2);
  known(1, {});
  live("a", 3, 2);
  wait(1999ms);
  BOOST_TEST(handed().empty());
  wait(1ms);
  BOOST_TEST(handed() == "origin_lost9-0 a3");
  BOOST_TEST(replays.empty());
}

BOOST_FIXTURE_TEST_CASE(an_origin_that_is_lost_is_let_go_at_once, fixture) {
  start(0, {{"a", numbered_id(1), "n", 4, 8}, {"a", numbered_id(9), "n9", 4, 1}});
  BOOST_TEST(handed() == "origin_lost2-0");  // The one that was not there in the first place.
  live("a", 3);
  replays.on_origin_lost(numbered_id(1));
  BOOST_TEST(handed() == "origin_lost9-0 a3");
  BOOST_TEST(replays.empty());
}

BOOST_FIXTURE_TEST_CASE(a_place_in_an_earlier_life_leads_to_all_of_the_new_one, fixture) {
  start(0, {{"a", numbered_id(1), "n", 4, 8}, {"b", numbered_id(1), "n", 4, 2}});
  known(1, {{"a", 3}});
  BOOST_TEST(asked() == "a1-2");
  BOOST_TEST(handed() == "origin_restarted9-0 origin_restarted3-0");  // Of b there is nothing in the new life.
  past("a", 1, 2);
  BOOST_TEST(handed() == "a1 a2");
}

BOOST_FIXTURE_TEST_CASE(too_much_that_comes_meanwhile_ends_the_wait_with_a_gap, fixture) {
  start(2);
  known(1, {{"a", 3}});
  for (std::uint64_t i = 3; i < 3 + 4096; ++i) live("a", i);
  BOOST_TEST(!replays.empty());
  live("a", 3 + 4096);
  BOOST_TEST(replays.empty());
  BOOST_TEST(handed().starts_with("lost1-2 a3 a4 "));
}

BOOST_FIXTURE_TEST_CASE(pulls_are_rate_limited, fixture) {
  start(1);
  askr::event_replays::heads next;
  for (int i = 0; i < 1100; ++i) next.emplace_back("t" + std::to_string(i), 2);
  known(1, next);
  BOOST_TEST(replays.take_pulls().size() == 1000);
  wait(20ms);
  BOOST_TEST(replays.take_pulls().size() == 16);
  BOOST_TEST((replays.next_timeout() <= now + 20ms));
}

BOOST_FIXTURE_TEST_CASE(who_stops_listening_is_handed_nothing_more, fixture) {
  start(2);
  known(1, {{"a", 3}});
  replays.stop(somebody);
  past("a", 1, 2);
  BOOST_TEST(handed().empty());
  BOOST_TEST(!live("a", 3));
}

BOOST_AUTO_TEST_SUITE_END()
