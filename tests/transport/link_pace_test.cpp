// SPDX-License-Identifier: MIT
#include "transport/link_pace.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(link_pace_suite)

using namespace askr;
using transport::link_pace;

namespace {

constexpr time_point begin = time_point(seconds(1000));
constexpr std::size_t full = 3'000'000;

/// A megabyte leaves the full buffer in `took`; when there is room again.
time_point drain(link_pace& pace, time_point at, duration took) {
  pace.on_full(at, full);
  pace.on_room(at + took, full - 1'000'000);
  return at + took;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_that_takes_all_is_no_bottleneck) { BOOST_TEST(!link_pace().is_bottleneck(begin)); }

BOOST_AUTO_TEST_CASE(a_gigabit_is_a_bottleneck_and_ten_are_none) {
  link_pace slow, fast;
  const auto slow_room = drain(slow, begin, 8ms);
  const auto fast_room = drain(fast, begin, 800us);
  BOOST_TEST(slow.is_bottleneck(slow_room));
  BOOST_TEST(!fast.is_bottleneck(fast_room));
  slow.on_full(slow_room + 1ms, full);
  BOOST_TEST(slow.is_bottleneck(slow_room + 2ms));  // What is known holds while it is full.
}

BOOST_AUTO_TEST_CASE(a_tenth_of_a_second_after_it_was_full_it_is_a_bottleneck_no_more) {
  link_pace pace;
  const auto room = drain(pace, begin, 8ms);
  BOOST_TEST(pace.is_bottleneck(room + 100ms));
  BOOST_TEST(!pace.is_bottleneck(room + 101ms));
}

BOOST_AUTO_TEST_CASE(who_takes_nothing_for_long_is_one_before_its_pace_is_known) {
  link_pace pace;
  pace.on_full(begin, full);
  BOOST_TEST(!pace.is_bottleneck(begin + 19ms));
  pace.on_full(begin + 15ms, full);  // Said again: it is the same wait.
  BOOST_TEST(pace.is_bottleneck(begin + 20ms));
}

BOOST_AUTO_TEST_CASE(one_late_look_at_a_fast_link_makes_it_no_slow_one) {
  link_pace pace;
  auto now = begin;
  for (int i = 0; i < 10; ++i) now = drain(pace, now, 800us);
  now = drain(pace, now, 15ms);
  BOOST_TEST(!pace.is_bottleneck(now));
  for (int i = 0; i < 10; ++i) now = drain(pace, now, 15ms);
  BOOST_TEST(pace.is_bottleneck(now));
}

BOOST_AUTO_TEST_CASE(what_says_nothing_of_the_pace_is_passed_over) {
  link_pace pace;
  pace.on_room(begin, 0);  // It was never full.
  pace.on_full(begin, full);
  pace.on_room(begin, 0);  // No time passed.
  pace.on_full(begin + 1ms, full);
  pace.on_room(begin + 2ms, full);  // Nothing left.
  BOOST_TEST(!pace.is_bottleneck(begin + 2ms));
}

BOOST_AUTO_TEST_SUITE_END()
