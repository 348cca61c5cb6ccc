// SPDX-License-Identifier: MIT
#include "mesh/radix_heap.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <map>

BOOST_AUTO_TEST_SUITE(radix_heap)

BOOST_AUTO_TEST_CASE(the_least_comes_first_whatever_is_pushed_meanwhile) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    askr::rng random(seed);
    askr::mesh::radix_heap<std::uint32_t> heap;
    std::multimap<std::uint64_t, std::uint32_t> expected;
    const auto push = [&](std::uint64_t key, std::uint32_t value) {
      heap.push(key, value);
      expected.emplace(key, value);
    };
    push(0, 0);
    for (std::uint32_t value = 1; !heap.empty(); ++value) {
      const auto [key, taken] = heap.pop();
      BOOST_REQUIRE(key == expected.begin()->first);
      const auto [first, last] = expected.equal_range(key);
      const auto same = std::find_if(first, last, [&](const auto& each) { return each.second == taken; });
      BOOST_REQUIRE(same != last);
      expected.erase(same);
      if (value > 500) continue;
      for (auto more = random.below(4); more > 0; --more)
        push(key + random.below(std::uint64_t{1} << random.below(42)), value * 4 + static_cast<std::uint32_t>(more));
    }
    BOOST_TEST(expected.empty());
  }
}

BOOST_AUTO_TEST_CASE(once_cleared_it_takes_low_keys_again) {
  askr::mesh::radix_heap<int> heap;
  heap.push(1000, 1);
  heap.push(2000, 2);
  BOOST_TEST(heap.pop().second == 1);
  heap.clear();
  BOOST_TEST(heap.empty());
  heap.push(5, 3);
  heap.push(3, 4);
  BOOST_TEST(heap.pop().second == 4);
  BOOST_TEST(heap.pop().second == 3);
}

BOOST_AUTO_TEST_SUITE_END()
