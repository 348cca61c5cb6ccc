// SPDX-License-Identifier: MIT
#include "mesh/event_history.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>

BOOST_AUTO_TEST_SUITE(event_history)

namespace {

using namespace askr;
using askr::mesh::sequence_range;

std::vector<std::uint64_t> sequences(const mesh::replay& replay) {
  std::vector<std::uint64_t> out;
  for (const auto& each : replay.events) out.push_back(each.sequence);
  return out;
}

void emit(mesh::event_history& history, std::string_view topic, std::uint64_t from, std::uint64_t to,
          std::size_t bytes = 10) {
  for (auto each = from; each <= to; ++each) {
    history.append(topic, each, encoding::raw, byte_buffer(bytes, static_cast<std::uint8_t>(each)));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(events_come_back_as_they_were) {
  mesh::event_history history;
  history.append("a", 1, encoding::json, as_bytes("{}"));
  history.append("a", 2, encoding::raw, as_bytes(""));
  history.append("b", 1, encoding::msgpack, as_bytes("x"));
  const auto all = history.since("a", 0);
  BOOST_TEST(!all.missing);
  BOOST_REQUIRE(all.events.size() == 2u);
  BOOST_TEST(as_text(all.events[0].data) == "{}");
  BOOST_TEST((all.events[0].kind == encoding::json));
  BOOST_TEST(all.events[1].data.empty());
  BOOST_TEST(history.last_sequence("a") == 2u);
  BOOST_TEST(history.last_sequence("c") == 0u);
}

BOOST_AUTO_TEST_CASE(since_last_and_range_name_what_is_gone) {
  mesh::event_history history({.events_max = 10});
  emit(history, "t", 1, 25);
  BOOST_TEST(sequences(history.since("t", 20)) == (std::vector<std::uint64_t>{21, 22, 23, 24, 25}),
             boost::test_tools::per_element());
  BOOST_TEST(!history.since("t", 15).missing);
  BOOST_TEST((history.since("t", 12).missing == sequence_range{13, 15}));
  BOOST_TEST(history.since("t", 12).events.size() == 10u);
  BOOST_TEST(history.since("t", 25).events.empty());
  BOOST_TEST(history.since("t", ~std::uint64_t{0}).events.empty());

  BOOST_TEST(sequences(history.last("t", 2)) == (std::vector<std::uint64_t>{24, 25}), boost::test_tools::per_element());
  BOOST_TEST((history.last("t", 12).missing == sequence_range{14, 15}));
  BOOST_TEST((history.last("t", ~std::size_t{0}).missing == sequence_range{1, 15}));
  BOOST_TEST(history.last("t", 0).events.empty());
  BOOST_TEST(history.last("unknown", 5).events.empty());

  BOOST_TEST(sequences(history.range("t", {17, 19})) == (std::vector<std::uint64_t>{17, 18, 19}),
             boost::test_tools::per_element());
  BOOST_TEST(history.range("t", {16, 25}, 4).events.size() == 4u);
  const auto old = history.range("t", {3, 5});
  BOOST_TEST((old.missing == sequence_range{3, 15}));
  BOOST_TEST(old.events.empty());
  BOOST_TEST(history.range("t", {19, 17}).events.empty());
}

BOOST_AUTO_TEST_CASE(fewer_events_than_asked_for_are_not_missing_if_there_never_were_more) {
  mesh::event_history history;
  emit(history, "t", 1, 3);
  BOOST_TEST(!history.last("t", 10).missing);
  BOOST_TEST(history.last("t", 10).events.size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_event_too_large_to_keep_leaves_a_gap) {
  mesh::event_history history({.bytes_max = 1000});
  emit(history, "t", 1, 3);
  emit(history, "t", 4, 4, 1001);
  BOOST_TEST((history.since("t", 1).missing == sequence_range{2, 4}));
  emit(history, "t", 5, 6);
  const auto after = history.since("t", 1);
  BOOST_TEST((after.missing == sequence_range{2, 4}));
  BOOST_TEST(sequences(after) == (std::vector<std::uint64_t>{5, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_jump_in_the_sequence_leaves_no_hole_in_what_is_held) {
  mesh::event_history history;
  emit(history, "t", 1, 3);
  emit(history, "t", 10, 11);
  const auto all = history.since("t", 0);
  BOOST_TEST((all.missing == sequence_range{1, 9}));
  BOOST_TEST(sequences(all) == (std::vector<std::uint64_t>{10, 11}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_topics_used_longest_ago_are_emptied_first) {
  mesh::event_history history({.total_bytes_max = 35000});
  emit(history, "old", 1, 8, 1000);
  emit(history, "kept", 1, 8, 1000);
  BOOST_TEST(history.since("old", 0).events.size() == 8u);  // Used: now "kept" is the older one.
  emit(history, "new", 1, 8, 1500);
  emit(history, "newer", 1, 8, 1000);
  BOOST_TEST(history.bytes() <= 35000u);
  BOOST_TEST((history.since("kept", 0).missing == sequence_range{1, 8}));
  BOOST_TEST(history.since("newer", 0).events.size() == 8u);
}

BOOST_AUTO_TEST_CASE(topics_are_bounded_and_a_forgotten_one_starts_with_a_gap) {
  mesh::event_history history({.topics_max = 2});
  for (const auto* topic : {"a", "b", "c"}) emit(history, topic, 1, 2);
  BOOST_TEST(history.topics() == 2u);
  BOOST_TEST(history.since("a", 0).events.empty());
  emit(history, "a", 3, 3);
  BOOST_TEST((history.since("a", 0).missing == sequence_range{1, 2}));
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_where_nothing_is_to_be_kept) {
  mesh::event_history none({.events_max = 0});
  emit(none, "t", 1, 5);
  BOOST_TEST(none.topics() == 0u);
  mesh::event_history poor({.total_bytes_max = 0});
  emit(poor, "t", 1, 5);
  BOOST_TEST((poor.since("t", 0).missing == sequence_range{1, 5}));
  BOOST_TEST(poor.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(the_newest_events_without_holes_are_held_whatever_their_sizes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      const mesh::event_history_options limits{.events_max = 1 + static_cast<std::size_t>(random.below(40)),
                                               .bytes_max = 200 + static_cast<std::size_t>(random.below(3000)),
                                               .total_bytes_max = 4000 + static_cast<std::size_t>(random.below(20000))};
      mesh::event_history history(limits);
      std::map<std::string, std::deque<byte_buffer>> model;  // All ever emitted.
      for (int step = 0; step < 3000; ++step) {
        const std::string topic(1, static_cast<char>('a' + random.below(6)));
        auto& emitted = model[topic];
        const auto size = random.below(4) == 0 ? 0 : random.below(random.below(20) == 0 ? 3500 : 100);
        emitted.emplace_back(size, static_cast<std::uint8_t>(random.next()));
        history.append(topic, emitted.size(), encoding::raw, emitted.back());
        BOOST_REQUIRE(history.bytes() <= limits.total_bytes_max);
        const auto held = history.since(topic, 0);
        std::size_t bytes = 0;
        std::uint64_t next = held.missing ? held.missing->to + 1 : 1;
        BOOST_REQUIRE(!held.missing || held.missing->from == 1);
        for (const auto& each : held.events) {
          BOOST_REQUIRE(each.sequence == next++);
          BOOST_REQUIRE(std::ranges::equal(each.data, emitted[each.sequence - 1]));
          bytes += each.data.size();
        }
        BOOST_REQUIRE(next == emitted.size() + 1);
        BOOST_REQUIRE(bytes <= limits.bytes_max);
        BOOST_REQUIRE(held.events.size() <= limits.events_max);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
