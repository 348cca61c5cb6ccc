// SPDX-License-Identifier: MIT
#include "mesh/rtt_step.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

BOOST_AUTO_TEST_SUITE(rtt_step)

using namespace askr;

BOOST_AUTO_TEST_CASE(steps_are_powers_of_the_square_root_of_two) {
  for (int step = 0; step <= mesh::rtt_step_max; ++step) {
    const auto us = mesh::step_microseconds(static_cast<mesh::rtt_step>(step));
    BOOST_TEST(std::abs(us - 16 * std::pow(2.0, step / 2.0)) < 1 + us * 1e-5);
    BOOST_TEST(int(mesh::to_step(microseconds(us))) == step);
    BOOST_TEST(int(mesh::to_step(microseconds(us) + 1ns)) == std::min<int>(step + 1, mesh::rtt_step_max));
  }
  BOOST_TEST(int(mesh::to_step(-1s)) == 0);
  BOOST_TEST(int(mesh::to_step(24h)) == mesh::rtt_step_max);
  BOOST_TEST(mesh::step_microseconds(255) == mesh::step_microseconds(mesh::rtt_step_max));
}

BOOST_AUTO_TEST_CASE(the_first_sample_is_published_at_once) {
  mesh::rtt_publisher link;
  BOOST_TEST(link.on_sample(time_point{}, 1ms));
  BOOST_TEST(int(link.published()) == int(mesh::to_step(1ms)));
}

BOOST_AUTO_TEST_CASE(flutter_by_one_step_is_never_published) {
  mesh::rtt_publisher link;
  time_point now;
  link.on_sample(now, 1024us);
  for (int i = 0; i < 1000; ++i) BOOST_TEST(!link.on_sample(now += 100ms, i % 2 == 0 ? 1400us : 800us));
}

BOOST_AUTO_TEST_CASE(a_lasting_change_is_published_after_ten_seconds_and_only_once) {
  mesh::rtt_publisher link;
  time_point now;
  link.on_sample(now, 1024us);
  int published = 0;
  time_point when;
  for (int i = 0; i < 600; ++i) {
    if (!link.on_sample(now += 100ms, 9ms)) continue;
    ++published;
    when = now;
  }
  BOOST_TEST(published <= 2);  // The smoothed value may have been on its way still.
  BOOST_TEST((when - time_point{} >= 10s));
  BOOST_TEST(int(link.published()) >= int(mesh::to_step(9ms)) - 1);
}

BOOST_AUTO_TEST_CASE(round_trips_below_the_cost_of_a_hop_are_all_the_same) {
  mesh::rtt_publisher link;
  time_point now;
  link.on_sample(now, 20us);
  for (int i = 0; i < 1000; ++i) BOOST_TEST(!link.on_sample(now += 100ms, i < 500 ? 900us : 40us));
  BOOST_TEST(mesh::step_microseconds(link.published()) == 1024);
}

BOOST_AUTO_TEST_CASE(a_passing_peak_is_not_published) {
  mesh::rtt_publisher link;
  time_point now;
  link.on_sample(now, 1024us);
  for (int i = 0; i < 50; ++i) BOOST_TEST(!link.on_sample(now += 100ms, 20ms));
  for (int i = 0; i < 300; ++i) BOOST_TEST(!link.on_sample(now += 100ms, 1ms));
}

BOOST_AUTO_TEST_SUITE_END()
