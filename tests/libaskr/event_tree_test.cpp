// SPDX-License-Identifier: MIT
#include "libaskr/src/event_tree.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(event_tree)

namespace {

using namespace askr;
using askr::test::link_net;
using askr::test::numbered_id;

/// Node 1 of a mesh on paper, 0 - 1 - 2 - 3 with a branch 1 - 4, and what the others listen to.
struct fixture {
  fixture() {
    for (std::uint32_t i = 0; i < 3; ++i) net.link(i, i + 1);
    net.link(1, 4);
    net.tell_all(view);
    for (std::uint32_t each : {0, 2, 4}) {
      auto& added = peers.add();
      added.node = numbered_id(each);
      peers.make_current(added);
      links[each] = added.id;
    }
  }

  void listens(std::uint32_t node, const std::string& topic) {
    interest.set(numbered_id(node), 1, {topic}, false, permissions::member());
  }
  interested_node& row(std::uint32_t node) { return *interest.find(numbered_id(node)); }
  std::vector<link_id> children(std::uint32_t origin, link_id came_by, bool leaves_only = false) {
    std::vector<subscriber> matched;
    table.match("t", matched);
    std::vector<link_id> all;
    for (const auto& each : tree.branches_for(now, paths, matched, numbered_id(origin), came_by)) {
      if (each.is_leaf || !leaves_only) all.push_back(each.link);
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  time_point now{seconds(1000)};
  const node_id self = numbered_id(1);
  link_net net{5};
  mesh::link_view view{self};
  mesh::routes paths{view};
  link_limits limits;
  peer_table peers{limits};
  subscriptions table;
  event_interest interest{table};
  askr::event_tree tree{self, peers, interest};
  std::map<std::uint32_t, link_id> links;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(one_copy_goes_by_each_link_behind_which_somebody_listens, fixture) {
  for (std::uint32_t node : {2, 3}) listens(node, "t");  // Both behind the same link.
  listens(4, "u");
  BOOST_TEST(children(0, links[0]) == (std::vector{links[2]}), boost::test_tools::per_element());
  listens(4, "t");
  BOOST_TEST(children(0, links[0]) == (std::vector{links[2], links[4]}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_branch_ends_in_a_leaf_if_nobody_behind_it_listens, fixture) {
  for (std::uint32_t node : {2, 4}) listens(node, "t");
  BOOST_TEST(children(0, links[0], true) == (std::vector{links[2], links[4]}), boost::test_tools::per_element());
  listens(3, "t");  // Behind 2.
  BOOST_TEST(children(0, links[0], true) == (std::vector{links[4]}), boost::test_tools::per_element());
  interest.erase(numbered_id(2));
  BOOST_TEST(children(0, links[0], true) == (std::vector{links[4]}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(nothing_goes_back_where_it_came_from_or_up_the_tree, fixture) {
  for (std::uint32_t node : {0, 2, 3, 4}) listens(node, "t");
  BOOST_TEST(children(3, links[2]) == (std::vector{links[0], links[4]}), boost::test_tools::per_element());
  BOOST_TEST(children(0, links[2]) == (std::vector{links[4]}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(only_a_node_with_others_below_it_has_children_in_the_tree_of_an_origin, fixture) {
  BOOST_TEST(tree.has_children(now, paths, numbered_id(0)));
  net.unlink(1, 2), net.unlink(1, 4);
  for (std::uint32_t each : {1, 2, 4}) net.tell(view, each);
  BOOST_TEST(!tree.has_children(now, paths, numbered_id(0)));
}

BOOST_FIXTURE_TEST_CASE(the_way_to_a_node_is_kept_until_the_links_change_and_then_its_heads_are_said_again, fixture) {
  listens(3, "t");
  BOOST_TEST(tree.way_to(now, paths, row(3)) == links[2]);
  BOOST_TEST(!row(3).wants_heads);
  net.link(4, 3), net.unlink(2, 3);
  for (std::uint32_t each : {2, 3, 4}) net.tell(view, each);
  BOOST_TEST(tree.way_to(now, paths, row(3)) == links[4]);
  BOOST_TEST(row(3).wants_heads);
}

BOOST_FIXTURE_TEST_CASE(a_link_that_ends_is_no_way_and_a_new_one_is_before_others_tell_of_it, fixture) {
  listens(2, "t");
  BOOST_TEST(tree.way_to(now, paths, row(2)) == links[2]);
  peers.at(links[2]).closing = true;
  auto& again = peers.add();
  again.node = numbered_id(2);
  peers.make_current(again);
  BOOST_TEST(tree.way_to(now, paths, row(2)) == again.id);
  listens(9, "t");
  BOOST_TEST(tree.way_to(now, paths, row(9)) == no_link);  // Nobody has heard of it.
  auto& unheard = peers.add();
  unheard.node = numbered_id(9);
  peers.make_current(unheard);
  BOOST_TEST(tree.way_to(now, paths, row(9)) == unheard.id);
}

BOOST_FIXTURE_TEST_CASE(an_event_is_passed_on_once, fixture) {
  const event first{.topic = "t", .data = {}, .origin = numbered_id(0), .origin_name = "n", .epoch = 1, .sequence = 1};
  BOOST_TEST(tree.is_new(first));
  BOOST_TEST(!tree.is_new(first));
  for (int what = 0; what < 4; ++what) {
    auto other = first;
    if (what == 0) other.topic = "u";
    if (what == 1) other.origin = numbered_id(7);
    if (what == 2) other.epoch = 2;
    if (what == 3) other.sequence = 2;
    BOOST_TEST(tree.is_new(other));
    BOOST_TEST(!tree.is_new(other));
  }
}

BOOST_AUTO_TEST_SUITE_END()
