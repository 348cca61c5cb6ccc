// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/event_queue.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace askr::simulated;

BOOST_AUTO_TEST_SUITE(event_queue_suite)

BOOST_AUTO_TEST_CASE(an_empty_queue_has_nothing_to_wait_for) {
  event_queue queue;
  BOOST_CHECK(queue.empty());
  BOOST_CHECK_EQUAL(queue.next_time(), never);
}

BOOST_AUTO_TEST_CASE(what_happens_at_one_time_happens_in_the_order_it_was_planned_in) {
  event_queue queue;
  for (std::uint32_t i = 0; i < 100; ++i) queue.push({i % 2 == 0 ? tick{1000} : tick{7}, i});
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto next = queue.pop();
    BOOST_CHECK_EQUAL(next.when, i < 50 ? 7 : 1000);
    BOOST_CHECK_EQUAL(next.subject, i < 50 ? 2 * i + 1 : 2 * (i - 50));
  }
  BOOST_CHECK(queue.empty());
}

BOOST_AUTO_TEST_CASE(looking_at_the_next_time_does_not_forbid_anything_earlier) {
  event_queue queue;
  queue.push({1'000'000, 1});
  BOOST_CHECK_EQUAL(queue.next_time(), 1'000'000);
  queue.push({5, 2});
  BOOST_CHECK_EQUAL(queue.next_time(), 5);
  BOOST_CHECK_EQUAL(queue.pop().subject, 2);
  queue.push({5, 3});
  BOOST_CHECK_EQUAL(queue.pop().subject, 3);
  BOOST_CHECK_EQUAL(queue.pop().subject, 1);
}

BOOST_AUTO_TEST_CASE(it_agrees_with_a_stable_sort_whatever_is_pushed_on_the_way) {
  askr::rng random(3);
  event_queue queue;
  std::vector<occurrence> expected, taken;
  tick now = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const occurrence next{now + (random.below(4) == 0 ? random.below(10) : random.below(std::uint64_t{1} << random.below(40))), i};
    queue.push(next);
    expected.push_back(next);
    if (random.below(2) == 0) {
      BOOST_REQUIRE_EQUAL(queue.next_time(), queue.next_time());
      taken.push_back(queue.pop());
      BOOST_REQUIRE(taken.back().when >= now);
      now = taken.back().when;
    }
  }
  while (!queue.empty()) taken.push_back(queue.pop());
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.when < b.when; });
  BOOST_REQUIRE_EQUAL(taken.size(), expected.size());
  for (std::size_t i = 0; i < taken.size(); ++i) BOOST_REQUIRE_EQUAL(taken[i].subject, expected[i].subject);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
