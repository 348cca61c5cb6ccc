// SPDX-License-Identifier: MIT
#include "libaskr/src/slot_index.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(slot_index)

BOOST_AUTO_TEST_CASE(slots_are_found_by_hash_while_others_come_and_go) {
  askr::rng random(1);
  askr::slot_index index;
  std::set<std::uint32_t> expected;
  // Hashes collide often, and long runs reach around the end of the table.
  const auto hash_of = [](std::uint32_t slot) { return std::uint64_t{slot / 4} * 63; };
  const auto is_found = [&](std::uint32_t slot) {
    return index.find(hash_of(slot), [slot](std::uint32_t each) { return each == slot; }) == slot;
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random.below(200));
    if (expected.erase(slot) != 0) {
      index.erase(slot, hash_of);
      BOOST_REQUIRE(!is_found(slot));
    } else {
      index.insert(slot, hash_of);
      expected.insert(slot);
    }
    const auto other = static_cast<std::uint32_t>(random.below(200));
    BOOST_REQUIRE_EQUAL(is_found(other), expected.contains(other));
  }
}

BOOST_AUTO_TEST_SUITE_END()
