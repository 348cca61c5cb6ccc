// SPDX-License-Identifier: MIT
#include "libaskr/src/retry_budget.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(retry_budget)

namespace {

using namespace askr;

constexpr time_point begin = time_point(seconds(1000));

int taken(askr::retry_budget& budget, time_point now) {
  int count = 0;
  while (budget.take(now)) ++count;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_few_retries_are_allowed_even_where_little_is_sent) {
  askr::retry_budget budget(0.2, 10, 10s);
  BOOST_TEST(taken(budget, begin) == 100);
  BOOST_TEST(taken(budget, begin + 5s) == 0);
  BOOST_TEST(taken(budget, begin + 11s) == 100);
}

BOOST_AUTO_TEST_CASE(a_share_of_what_was_sent_lately_may_be_sent_again) {
  askr::retry_budget budget(0.2, 0, 10s);
  BOOST_TEST(taken(budget, begin) == 0);
  for (int i = 0; i < 100; ++i) budget.on_sent(begin);
  for (int i = 0; i < 50; ++i) budget.on_sent(begin + 6s);
  BOOST_TEST(taken(budget, begin + 6s) == 30);
  // The first hundred are forgotten sooner than the retries they allowed.
  BOOST_TEST(taken(budget, begin + 11s) == 0);
  for (int i = 0; i < 500; ++i) budget.on_sent(begin + 11s);
  BOOST_TEST(taken(budget, begin + 11s) == 80);
}

BOOST_AUTO_TEST_CASE(after_a_long_silence_nothing_is_left) {
  askr::retry_budget budget(1, 0, 10s);
  for (int i = 0; i < 100; ++i) budget.on_sent(begin);
  BOOST_TEST(taken(budget, begin + 1h) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
