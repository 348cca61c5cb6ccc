// SPDX-License-Identifier: MIT
#include "mesh/feeders.hpp"

#include "tests/support/record_owner.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <vector>

BOOST_AUTO_TEST_SUITE(feeders)

using askr::node_id;
using askr::test::record_owner;

namespace {

struct linked_node {
  record_owner owner{1};
  std::vector<node_id> peers;  ///< Sorted.

  explicit linked_node(std::size_t links) {
    for (std::size_t i = 0; i < links; ++i) {
      const record_owner peer(100 + i);
      owner.link(peer);
      peers.push_back(peer.id());
    }
    std::sort(peers.begin(), peers.end());
  }
  askr::mesh::feeders fed_by() { return askr::mesh::feeders(*owner.publish().record); }
  node_id after() const {
    const auto next = std::upper_bound(peers.begin(), peers.end(), owner.id());
    return next == peers.end() ? peers.front() : *next;
  }
  node_id before() const {
    const auto next = std::lower_bound(peers.begin(), peers.end(), owner.id());
    return next == peers.begin() ? peers.back() : *std::prev(next);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_node_with_up_to_four_links_is_fed_by_all) {
  for (std::size_t links = 0; links <= 4; ++links) {
    linked_node node(links);
    node.owner.set("name", "x");
    const auto fed_by = node.fed_by();
    for (const auto& peer : node.peers) BOOST_TEST(fed_by.contains(peer));
  }
}

BOOST_AUTO_TEST_CASE(of_many_peers_four_feed_and_the_neighbours_on_the_ring_are_two_of_them) {
  for (const std::size_t links : {5U, 6U, 24U, 128U}) {
    linked_node node(links);
    const auto fed_by = node.fed_by();
    BOOST_TEST(std::count_if(node.peers.begin(), node.peers.end(),
                             [&](const auto& each) { return fed_by.contains(each); }) == 4);
    BOOST_TEST(fed_by.contains(node.after()));
    BOOST_TEST(fed_by.contains(node.before()));
  }
}

BOOST_AUTO_TEST_CASE(whoever_reads_the_same_record_finds_the_same_feeders) {
  linked_node node(40);
  const auto record = node.owner.publish().record;
  const askr::mesh::feeders here(*record), there(*record);
  for (const auto& peer : node.peers) BOOST_TEST(here.contains(peer) == there.contains(peer));
}

BOOST_AUTO_TEST_CASE(it_shows_whether_a_node_is_linked_with_those_next_to_it) {
  linked_node node(12);
  const auto fed_by = node.fed_by();
  BOOST_TEST(fed_by.are_next_to_it(node.after(), node.before()));
  BOOST_TEST(!fed_by.are_next_to_it(node.before(), node.after()));
  BOOST_TEST(!fed_by.are_next_to_it(node.after(), record_owner(7).id()));
}

BOOST_AUTO_TEST_SUITE_END()
