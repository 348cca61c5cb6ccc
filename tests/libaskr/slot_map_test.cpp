// SPDX-License-Identifier: MIT
#include "libaskr/src/slot_map.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(slots)

namespace {

using map = askr::slot_map<int>;

map::id add(map& to, int value) {
  const auto id = to.next_id();
  to.add(std::make_unique<int>(value));
  return id;
}

}  // namespace

BOOST_AUTO_TEST_CASE(objects_are_found_by_the_id_that_was_announced) {
  map under_test;
  const auto one = add(under_test, 1), two = add(under_test, 2);
  BOOST_TEST(*under_test.find(one) == 1);
  BOOST_TEST(*under_test.find(two) == 2);
  BOOST_TEST(under_test.size() == 2);
  BOOST_TEST((under_test.find(0) == nullptr));
}

BOOST_AUTO_TEST_CASE(an_id_does_not_mean_its_successor) {
  map under_test;
  const auto old = add(under_test, 1);
  under_test.erase(old);
  under_test.erase(old);
  const auto young = add(under_test, 2);
  BOOST_TEST(old != young);
  BOOST_TEST((under_test.find(old) == nullptr));
  under_test.erase(old);
  BOOST_TEST(*under_test.find(young) == 2);
  BOOST_TEST(under_test.size() == 1);
}

BOOST_AUTO_TEST_CASE(no_id_is_zero_or_comes_back_soon) {
  map under_test;
  std::set<map::id> seen;
  for (int i = 0; i < 65'535; ++i) {
    const auto id = add(under_test, i);
    BOOST_REQUIRE(id != 0);
    BOOST_REQUIRE(seen.insert(id).second);
    under_test.erase(id);
  }
}

BOOST_AUTO_TEST_CASE(all_are_visited_also_when_the_visit_removes_some) {
  map under_test;
  std::vector<map::id> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(add(under_test, i));
  under_test.erase(ids[3]);
  int sum = 0;
  under_test.for_each([&](int value) {
    sum += value;
    if (value == 4) under_test.erase(ids[7]);
  });
  BOOST_TEST(sum == 45 - 3 - 7);
}

BOOST_AUTO_TEST_SUITE_END()
