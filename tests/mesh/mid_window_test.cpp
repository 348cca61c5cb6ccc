// SPDX-License-Identifier: MIT
#include "mesh/mid_window.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ostream>
#include <set>

namespace {

using namespace askr;
using namespace askr::mesh;

}  // namespace

namespace askr::mesh {
std::ostream& boost_test_print_type(std::ostream& out, mid_verdict verdict) { return out << static_cast<int>(verdict); }
}  // namespace askr::mesh

BOOST_AUTO_TEST_SUITE(mid_window_suite)

BOOST_AUTO_TEST_CASE(each_number_is_fresh_once) {
  mid_window window;
  for (std::uint64_t mid = 0; mid < 10'000; ++mid) {
    BOOST_TEST_REQUIRE(window.accept(mid) == mid_verdict::fresh);
    BOOST_TEST_REQUIRE(window.accept(mid) == mid_verdict::duplicate);
  }
}

BOOST_AUTO_TEST_CASE(the_window_is_exactly_4096_wide) {
  for (const std::uint64_t highest : {4'096u, 5'000u, 8'191u, 8'192u, 100'001u}) {
    mid_window window;
    BOOST_TEST(window.accept(highest) == mid_verdict::fresh);
    BOOST_TEST(window.accept(highest - 4'096) == mid_verdict::too_old);
    BOOST_TEST(window.accept(highest - 4'095) == mid_verdict::fresh);
    BOOST_TEST(window.accept(highest - 4'095) == mid_verdict::duplicate);
  }
}

BOOST_AUTO_TEST_CASE(huge_jumps_forget_all_and_end_well) {
  mid_window window;
  BOOST_TEST(window.accept(1) == mid_verdict::fresh);
  BOOST_TEST(window.accept(UINT64_MAX) == mid_verdict::fresh);
  BOOST_TEST(window.accept(UINT64_MAX) == mid_verdict::duplicate);
  BOOST_TEST(window.accept(1) == mid_verdict::too_old);
  BOOST_TEST(window.accept(UINT64_MAX - 4'095) == mid_verdict::fresh);
  BOOST_TEST(window.accept(UINT64_MAX - 4'096) == mid_verdict::too_old);
}

BOOST_AUTO_TEST_CASE(it_agrees_with_a_set_of_all_numbers) {
  rng random(7);
  for (int round = 0; round < 50; ++round) {
    mid_window window;
    std::set<std::uint64_t> seen;
    std::uint64_t base = random.below(10'000), highest = 0;
    for (int i = 0; i < 5'000; ++i) {
      base += random.below(4) == 0 ? random.below(300) : 0;
      const auto mid = base + random.below(5'000);
      const bool old = highest >= 4'096 && mid <= highest - 4'096;
      const auto expected = old                  ? mid_verdict::too_old
                            : seen.contains(mid) ? mid_verdict::duplicate
                                                 : mid_verdict::fresh;
      BOOST_TEST_REQUIRE(window.accept(mid) == expected);
      seen.insert(mid);
      highest = std::max(highest, mid);
    }
  }
}

BOOST_AUTO_TEST_CASE(callers_and_their_lives_are_apart) {
  mid_windows windows(2);
  const node_id one{{1}}, other{{2}}, third{{3}};
  BOOST_TEST(windows.accept(one, 5, 1) == mid_verdict::fresh);
  BOOST_TEST(windows.accept(other, 5, 1) == mid_verdict::fresh);
  BOOST_TEST(windows.accept(one, 5, 1) == mid_verdict::duplicate);
  BOOST_TEST(windows.accept(one, 6, 1) == mid_verdict::fresh);
  BOOST_TEST(windows.accept(one, 5, 2) == mid_verdict::too_old);
  BOOST_TEST(windows.accept(third, 1, 1) == mid_verdict::too_old);
  windows.erase(other);
  BOOST_TEST(windows.accept(third, 1, 1) == mid_verdict::fresh);
}

BOOST_AUTO_TEST_CASE(large_commands_have_a_window_of_their_own) {
  mid_windows windows;
  const node_id caller{{1}};
  BOOST_TEST((windows.accept(caller, 1, mesh::large_mid | 10'000) == mid_verdict::fresh));
  BOOST_TEST((windows.accept(caller, 1, 30'000) == mid_verdict::fresh));
  BOOST_TEST((windows.accept(caller, 1, mesh::large_mid | 9'999) == mid_verdict::fresh));
  BOOST_TEST((windows.accept(caller, 1, mesh::large_mid | 10'000) == mid_verdict::duplicate));
  BOOST_TEST((windows.accept(caller, 1, 10'000) == mid_verdict::too_old));
}

BOOST_AUTO_TEST_CASE(callers_that_are_gone_make_room) {
  mid_windows windows(2);
  const node_id first{{1}}, second{{2}}, third{{3}};
  windows.accept(first, 1, 1);
  windows.accept(second, 1, 1);
  BOOST_TEST(windows.is_full());
  windows.erase_if([&](const node_id& each) { return each == first; });
  BOOST_TEST((windows.accept(third, 1, 1) == mid_verdict::fresh));
  BOOST_TEST((windows.accept(second, 1, 1) == mid_verdict::duplicate));
}

BOOST_AUTO_TEST_SUITE_END()
