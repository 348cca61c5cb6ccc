// SPDX-License-Identifier: MIT
#include "mesh/pacer.hpp"

#include <boost/test/unit_test.hpp>

using namespace askr;
using askr::mesh::pacer;

BOOST_AUTO_TEST_SUITE(pacers)

BOOST_AUTO_TEST_CASE(a_burst_goes_at_once_and_the_rest_at_intervals) {
  const time_point now{seconds(100)};
  pacer pace(10ms, 3);
  for (const auto wait : {0ms, 0ms, 0ms, 10ms, 20ms}) BOOST_TEST((pace.take(now) == now + wait));
  BOOST_TEST((pace.ready() == now + 30ms));
}

BOOST_AUTO_TEST_CASE(quiet_gives_the_burst_back_and_no_more) {
  const time_point begin{seconds(100)}, later = begin + seconds(9);
  pacer pace(10ms, 2);
  for (int i = 0; i < 5; ++i) pace.take(begin);
  BOOST_TEST((pace.ready() < later));
  for (const auto wait : {0ms, 0ms, 10ms}) BOOST_TEST((pace.take(later) == later + wait));
}

BOOST_AUTO_TEST_CASE(without_an_interval_nothing_waits) {
  const time_point now{seconds(1)};
  pacer pace(0ms, 1);
  for (int i = 0; i < 3; ++i) BOOST_TEST((pace.take(now) == now));
}

BOOST_AUTO_TEST_SUITE_END()
