// SPDX-License-Identifier: MIT
#include "mesh/beacon_schedule.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(beacon_schedule)

namespace {

using namespace askr;

constexpr time_point begin = time_point(seconds(1000));

node_id id_of(std::uint32_t number) {
  node_id id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  return id;
}

/// When the first so many beacons are sent, from the start.
std::vector<milliseconds> times(std::size_t count, std::uint64_t seed, std::size_t nodes = 2) {
  rng random(seed);
  mesh::beacon_schedule schedule(random);
  schedule.start(begin);
  std::vector<milliseconds> sent;
  while (sent.size() < count) {
    const auto now = schedule.next_timeout();
    BOOST_REQUIRE(!schedule.take_due(now - 1ms, nodes));
    BOOST_REQUIRE(schedule.take_due(now, nodes));
    sent.push_back(std::chrono::duration_cast<milliseconds>(now - begin));
  }
  return sent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(beacons_come_fast_at_first_and_then_ever_more_rarely) {
  const auto sent = times(30, 1);
  BOOST_TEST((std::vector(sent.begin(), sent.begin() + 4) == std::vector<milliseconds>{0ms, 250ms, 500ms, 750ms}));
  auto expected = 500ms;
  for (std::size_t i = 4; i < sent.size(); ++i) {
    const auto gap = sent[i] - sent[i - 1];
    BOOST_TEST((gap >= expected / 2 && gap <= expected * 3 / 2), gap.count() << " ms after " << i);
    expected = std::min<milliseconds>(2 * expected, 30s);
  }
}

BOOST_AUTO_TEST_CASE(nodes_that_start_together_do_not_stay_in_step) {
  std::set<milliseconds> distinct;
  for (std::uint64_t seed = 0; seed < 10; ++seed) distinct.insert(times(10, seed).back());
  BOOST_TEST(distinct.size() > 5);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_the_start_and_after_the_end) {
  rng random(1);
  mesh::beacon_schedule schedule(random);
  BOOST_TEST((schedule.next_timeout() == time_point::max()));
  BOOST_TEST(!schedule.take_due(begin, 1));
  schedule.start(begin);
  schedule.stop();
  BOOST_TEST(!schedule.take_due(begin + 1h, 1));
}

BOOST_AUTO_TEST_CASE(a_thousand_nodes_beacon_together_as_often_as_a_hundred) {
  const auto sent = times(30, 1, 1000);
  BOOST_TEST((std::vector(sent.begin(), sent.begin() + 4) == std::vector<milliseconds>{0ms, 250ms, 500ms, 750ms}));
  for (std::size_t i = 4; i < sent.size(); ++i) {
    const auto gap = sent[i] - sent[i - 1];
    BOOST_TEST((gap >= 150s && gap <= 450s), gap.count() << " ms after " << i);
  }
}

BOOST_AUTO_TEST_CASE(who_is_left_with_less_than_half_of_the_mesh_waits_no_longer_than_they_do) {
  rng random(1);
  mesh::beacon_schedule schedule(random);
  schedule.start(begin);
  for (int i = 0; i < 4; ++i) BOOST_REQUIRE(schedule.take_due(begin + 250ms * i, 1000));
  const auto before = schedule.next_timeout();
  schedule.note_nodes(begin + 1s, 500);
  BOOST_TEST((schedule.next_timeout() == before));
  schedule.note_nodes(begin + 1s, 20);
  const auto hastened = schedule.next_timeout();
  BOOST_TEST((hastened < before && hastened <= begin + 46s));
  schedule.note_nodes(begin + 2s, 20);
  BOOST_TEST((schedule.next_timeout() == hastened));
  schedule.stop();
  schedule.note_nodes(begin + 3s, 1);
  BOOST_TEST((schedule.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(only_what_is_newer_than_all_before_is_news) {
  rng random(1);
  mesh::beacon_schedule schedule(random);
  BOOST_TEST(schedule.is_news(id_of(1), 5, 10));
  BOOST_TEST(!schedule.is_news(id_of(1), 5, 10));
  BOOST_TEST(!schedule.is_news(id_of(1), 5, 9));
  BOOST_TEST(schedule.is_news(id_of(1), 5, 11));
  BOOST_TEST(schedule.is_news(id_of(1), 6, 1));
  BOOST_TEST(!schedule.is_news(id_of(1), 5, 99));
  BOOST_TEST(schedule.is_news(id_of(2), 1, 1));
}

BOOST_AUTO_TEST_CASE(so_many_origins_are_remembered_and_no_more) {
  rng random(1);
  mesh::beacon_schedule schedule(random);
  for (std::uint32_t i = 0; i < 3000; ++i) BOOST_TEST(schedule.is_news(id_of(i), 1, 1));
  int remembered = 0;
  for (std::uint32_t i = 0; i < 3000; ++i) remembered += !schedule.is_news(id_of(i), 1, 1);
  BOOST_TEST(remembered <= static_cast<int>(mesh::beacon_schedule::origins_max));
}

BOOST_AUTO_TEST_CASE(our_beacons_are_numbered) {
  rng random(1);
  mesh::beacon_schedule schedule(random);
  BOOST_TEST(schedule.next_counter() == 1);
  BOOST_TEST(schedule.next_counter() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
