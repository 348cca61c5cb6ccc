// SPDX-License-Identifier: MIT
#include "libaskr/src/event_readiness.hpp"

#include "libaskr/src/event_interest.hpp"
#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(event_readiness)

namespace {

using namespace askr;
using askr::test::numbered_id;
using topics = std::vector<std::string>;

struct fixture {
  time_point now{seconds(1000)};
  askr::event_readiness state;

  /// Somebody listens or stops, and the turn ends.
  void change(const topics& all) {
    state.note_change();
    state.set_interest(all);
  }
  void wait_for(std::uint32_t nodes, milliseconds timeout = 2000ms) {
    std::vector<node_id> all;
    for (std::uint32_t i = 1; i <= nodes; ++i) all.push_back(numbered_id(i));
    state.wait(now, timeout, std::move(all), [this](const listen_ready& how) {
      told += std::to_string(how.ready) + "/" + std::to_string(how.of) + " ";
    });
  }
  void applies(std::uint32_t node, const topics& all) { state.on_applied(numbered_id(node), interest_digest(all)); }
  std::string take() {
    for (auto& [done, how] : state.take_done()) done(how);
    return std::exchange(told, {});
  }
  std::string told;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(who_waits_is_told_when_the_last_node_has_applied_it, fixture) {
  change({"a"});
  wait_for(2);
  applies(1, {"a"});
  BOOST_TEST(take().empty());
  applies(2, {"a"});
  BOOST_TEST(take() == "3/3 ");
  BOOST_TEST(!state.has_waiters());
}

BOOST_FIXTURE_TEST_CASE(what_everybody_knows_already_is_told_at_the_end_of_the_turn, fixture) {
  change({"a"});
  applies(1, {"a"});
  wait_for(1);
  BOOST_TEST(take().empty());
  state.end_turn();
  BOOST_TEST(take() == "2/2 ");
  wait_for(0);
  state.end_turn();
  BOOST_TEST(take() == "1/1 ");
}

BOOST_FIXTURE_TEST_CASE(an_answer_to_an_earlier_interest_is_not_enough_and_one_to_a_later_is, fixture) {
  change({"a"});
  change({"a", "b"});
  wait_for(1);
  applies(1, {"a"});
  BOOST_TEST(take().empty());
  BOOST_TEST(state.applied(numbered_id(1)) == 2);
  change({"a", "b", "c"});
  applies(1, {"a", "b", "c"});
  BOOST_TEST(take() == "2/2 ");
}

BOOST_FIXTURE_TEST_CASE(what_changes_after_the_wait_began_in_one_turn_belongs_to_it, fixture) {
  change({"a"});
  applies(1, {"a"});
  state.note_change();
  wait_for(1);
  state.end_turn();
  BOOST_TEST(take().empty());  // It waits for what set_interest() has not said yet.
  state.set_interest({"a", "b"});
  BOOST_TEST(take().empty());
  applies(1, {"a", "b"});
  BOOST_TEST(take() == "2/2 ");
}

BOOST_FIXTURE_TEST_CASE(a_change_that_was_undone_in_the_same_turn_is_none, fixture) {
  change({"a"});
  applies(1, {"a"});
  state.note_change();
  wait_for(1);
  state.set_interest({"a"});
  BOOST_TEST(take() == "2/2 ");
}

BOOST_FIXTURE_TEST_CASE(a_node_that_goes_is_not_waited_for_and_not_counted, fixture) {
  change({"a"});
  wait_for(2);
  applies(1, {"a"});
  state.on_node_gone(numbered_id(2));
  BOOST_TEST(take() == "2/2 ");
  state.on_node_gone(numbered_id(1));
  BOOST_TEST(state.applied(numbered_id(1)) == 0);
}

BOOST_FIXTURE_TEST_CASE(at_the_deadline_it_is_told_how_it_stands, fixture) {
  change({"a"});
  wait_for(2, 500ms);
  wait_for(1, 700ms);
  applies(2, {"a"});
  BOOST_TEST((state.next_timeout() == now + 500ms));
  state.on_timeout(now + 499ms);
  BOOST_TEST(take().empty());
  state.on_timeout(now + 500ms);
  BOOST_TEST(take() == "2/3 ");
  BOOST_TEST((state.next_timeout() == now + 700ms));
  state.on_timeout(now + 700ms);
  BOOST_TEST(take() == "1/2 ");
  BOOST_TEST((state.next_timeout() == time_point::max()));
}

BOOST_FIXTURE_TEST_CASE(an_interest_of_long_ago_counts_as_none, fixture) {
  applies(1, {});
  BOOST_TEST(state.applied(numbered_id(1)) == 1);
  for (int i = 0; i < 64; ++i) change({"t" + std::to_string(i)});
  BOOST_TEST(state.applied(numbered_id(1)) == 0);
  applies(1, {"t0"});
  BOOST_TEST(state.applied(numbered_id(1)) == 2);
}

BOOST_FIXTURE_TEST_CASE(waiters_are_bounded_and_those_above_are_told_how_it_stands, fixture) {
  change({"a"});
  for (int i = 0; i < 4096; ++i) wait_for(1);
  BOOST_TEST(take().empty());
  wait_for(1);
  BOOST_TEST(take() == "1/2 ");
}

BOOST_AUTO_TEST_SUITE_END()
