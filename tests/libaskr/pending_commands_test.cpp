// SPDX-License-Identifier: MIT
#include "libaskr/src/pending_commands.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(pending_commands)

namespace {

using namespace askr;

constexpr time_point begin = time_point(seconds(1000));

pending_command command_of(std::uint64_t mid, link_id link = 1, time_point deadline = begin + 1s) {
  return {.mid = mid, .from = {.ticket = mid * 10}, .link = link, .sent = begin, .deadline = deadline};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_added_is_found_until_it_is_taken) {
  askr::pending_commands table(10);
  table.add(command_of(7));
  BOOST_REQUIRE((table.find(7) != nullptr));
  BOOST_TEST((table.find(8) == nullptr));
  BOOST_TEST(table.size() == 1);
  BOOST_TEST(table.take(7).from.ticket == 70);
  BOOST_TEST((table.find(7) == nullptr));
  BOOST_TEST(table.size() == 0);
  BOOST_TEST((table.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(it_says_when_it_is_full) {
  askr::pending_commands table(2);
  table.add(command_of(1));
  BOOST_TEST(!table.full());
  table.add(command_of(2));
  BOOST_TEST(table.full());
  table.take(1);
  BOOST_TEST(!table.full());
}

BOOST_AUTO_TEST_CASE(the_expired_ones_stay_until_they_are_taken) {
  askr::pending_commands table(10);
  table.add(command_of(1, 1, begin + 100ms));
  table.add(command_of(2, 1, begin + 10s));
  BOOST_TEST(table.expire(begin + 99ms).empty());
  BOOST_TEST((table.expire(begin + 120ms) == std::vector<std::uint64_t>{1}));
  BOOST_TEST(table.expire(begin + 120ms).empty());
  BOOST_TEST((table.find(1) != nullptr));
  table.take(1);
  table.take(2);
  BOOST_TEST(table.expire(begin + 1h).empty());
}

BOOST_AUTO_TEST_CASE(they_are_found_by_who_works_on_them_oldest_first) {
  askr::pending_commands table(10);
  for (std::uint64_t mid = 1; mid <= 6; ++mid) table.add(command_of(mid, mid % 2 + 1));
  table.take(3);
  std::vector<std::uint64_t> odd;
  while (const auto mid = table.first_served_by_link(2)) {
    odd.push_back(mid);
    table.take(mid);
  }
  BOOST_TEST((odd == std::vector<std::uint64_t>{1, 5}));
  BOOST_TEST(table.first_served_by_link(1) == 2);
  BOOST_TEST(table.first_served_by_link(77) == 0);
  BOOST_TEST(table.size() == 3);
}

BOOST_AUTO_TEST_CASE(they_are_found_by_who_asked_for_them_and_under_which_number) {
  askr::pending_commands table(100);
  std::uint64_t mid = 0;
  for (const auto what : {caller::kind::link, caller::kind::session}) {
    for (std::uint32_t id = 1; id <= 3; ++id) {
      for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) {
        table.add({.mid = ++mid, .from = {.what = what, .id = id, .ticket = ticket}, .deadline = begin + 1s});
      }
    }
  }
  table.add({.mid = ++mid, .from = {.what = caller::kind::self, .ticket = 5}, .deadline = begin + 1s});
  BOOST_TEST(table.asked_by(caller::kind::self, 0, 5) == mid);
  BOOST_TEST(table.asked_by(caller::kind::link, 2, 3) == 6);
  BOOST_TEST(table.asked_by(caller::kind::session, 2, 3) == 15);
  BOOST_TEST(table.asked_by(caller::kind::session, 2, 4) == 0);
  table.take(15);
  BOOST_TEST(table.asked_by(caller::kind::session, 2, 3) == 0);
  BOOST_TEST(table.first_asked_by(caller::kind::session, 2) == 13);
  BOOST_TEST(table.first_asked_by(caller::kind::self, 0) == 0);
}

BOOST_AUTO_TEST_CASE(mids_that_collide_in_the_index_stay_apart_while_others_come_and_go) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    rng random(seed);
    askr::pending_commands table(100'000);
    std::set<std::uint64_t> expected;
    for (int step = 0; step < 20'000; ++step) {
      // Few low bits, so that the probes are long.
      const auto mid = random.below(64) * 4096 + random.below(4) + 1;
      if (expected.erase(mid) != 0) {
        BOOST_REQUIRE(table.asked_by(caller::kind::self, 0, mid * 10) == mid);
        BOOST_REQUIRE(table.take(mid).from.ticket == mid * 10);
      } else {
        table.add(command_of(mid));
        expected.insert(mid);
      }
      BOOST_REQUIRE(table.size() == expected.size());
    }
    for (const auto mid : expected) BOOST_TEST((table.find(mid) != nullptr && table.find(mid)->mid == mid));
  }
}

BOOST_AUTO_TEST_SUITE_END()
