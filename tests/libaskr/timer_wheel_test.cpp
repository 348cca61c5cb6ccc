// SPDX-License-Identifier: MIT
#include "libaskr/src/timer_wheel.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

BOOST_AUTO_TEST_SUITE(timer_wheel)

namespace {

using namespace askr;

constexpr time_point begin = time_point(seconds(1000));

std::vector<std::uint32_t> expired(askr::timer_wheel& wheel, time_point now) {
  std::vector<std::uint32_t> slots;
  wheel.expire(now, slots);
  std::sort(slots.begin(), slots.end());
  return slots;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_deadline_is_never_early_and_late_by_less_than_two_ticks) {
  for (const auto delay : {0ms, 1ms, 7ms, 8ms, 9ms, 100ms, 999ms, 16'384ms, 40'000ms}) {
    for (const auto offset : {0us, 1us, 7'999us}) {
      askr::timer_wheel wheel;
      const auto deadline = begin + delay + offset;
      wheel.schedule(3, deadline);
      if (delay > 0ms) BOOST_TEST(expired(wheel, deadline - 1us).empty());
      BOOST_TEST((expired(wheel, deadline + 16ms) == std::vector<std::uint32_t>{3}));
      BOOST_TEST((wheel.next_timeout() == time_point::max()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_deadline_does_not_come) {
  askr::timer_wheel wheel;
  wheel.schedule(0, begin + 50ms);
  wheel.schedule(1, begin + 50ms);
  wheel.schedule(2, begin + 50ms);
  wheel.cancel(1);
  wheel.cancel(1);
  wheel.cancel(77);
  BOOST_TEST((expired(wheel, begin + 100ms) == std::vector<std::uint32_t>{0, 2}));
}

BOOST_AUTO_TEST_CASE(a_slot_can_be_used_again) {
  askr::timer_wheel wheel;
  wheel.schedule(0, begin + 50ms);
  wheel.cancel(0);
  wheel.schedule(0, begin + 500ms);
  BOOST_TEST(expired(wheel, begin + 400ms).empty());
  BOOST_TEST(expired(wheel, begin + 520ms).size() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_overdue_when_it_is_scheduled_comes_at_the_next_tick) {
  askr::timer_wheel wheel;
  expired(wheel, begin + 10s);
  wheel.schedule(0, begin);
  BOOST_TEST((wheel.next_timeout() <= begin + 10s + 16ms));
  BOOST_TEST(expired(wheel, begin + 10s + 16ms).size() == 1);
}

BOOST_AUTO_TEST_CASE(a_clock_that_stands_or_jumps_loses_nothing) {
  askr::timer_wheel wheel;
  for (std::uint32_t slot = 0; slot < 100; ++slot) wheel.schedule(slot, begin + slot * 1s);
  BOOST_TEST(expired(wheel, begin + 10s + 20ms).size() == 11);
  BOOST_TEST(expired(wheel, begin + 10s + 20ms).empty());
  BOOST_TEST(expired(wheel, begin).empty());  // Back in time: nothing.
  BOOST_TEST(expired(wheel, begin + 1h).size() == 89);
}

BOOST_AUTO_TEST_CASE(random_schedules_agree_with_a_sorted_map) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    rng random(seed);
    askr::timer_wheel wheel;
    std::map<std::uint32_t, time_point> expected;
    auto now = begin;
    for (int step = 0; step < 5'000; ++step) {
      const auto slot = static_cast<std::uint32_t>(random.below(200));
      if (expected.erase(slot) != 0) {
        wheel.cancel(slot);
      } else {
        const auto deadline = now + milliseconds(random.below(random.below(4) == 0 ? 60'000 : 300));
        wheel.schedule(slot, deadline);
        expected[slot] = deadline;
      }
      now += milliseconds(random.below(20));
      for (const auto each : expired(wheel, now)) {
        BOOST_REQUIRE(expected.contains(each));
        BOOST_REQUIRE((expected[each] <= now));
        expected.erase(each);
      }
      for (const auto& [each, deadline] : expected) BOOST_REQUIRE((deadline + 16ms > now));
      // Whoever sleeps until next_timeout() is never late.
      for (const auto& [each, deadline] : expected) BOOST_REQUIRE((wheel.next_timeout() <= deadline + 16ms));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
