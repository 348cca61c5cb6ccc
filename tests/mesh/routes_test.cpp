// SPDX-License-Identifier: MIT
#include "mesh/routes.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>

BOOST_AUTO_TEST_SUITE(routes)

namespace {

constexpr auto now = askr::time_point(std::chrono::seconds(1000));

using namespace askr;
using askr::test::link_net;
using askr::test::numbered_id;

struct view_of {
  mesh::link_view links;
  mesh::routes routes;

  explicit view_of(const node_id& self) : links(self), routes(links) {}
};

std::uint32_t number_of(const node_id& id) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | id.bytes[i];
  return out;
}

std::vector<std::uint32_t> numbers(std::span<const node_id> ids) {
  std::vector<std::uint32_t> out;
  for (const auto& each : ids) out.push_back(number_of(each));
  return out;
}

// One view per node; told in another order each, for the order must not matter.
std::deque<view_of> views(const link_net& net, rng& random) {
  std::deque<view_of> out;
  std::vector<std::uint32_t> order(net.size());
  for (std::uint32_t i = 0; i < net.size(); ++i) order[i] = i;
  for (std::uint32_t i = 0; i < net.size(); ++i) {
    out.emplace_back(numbered_id(i));
    for (std::size_t at = order.size(); at > 1; --at) std::swap(order[at - 1], order[random.below(at)]);
    for (const auto each : order) net.tell(out.back().links, each);
  }
  return out;
}

// Cheapest cost of at most n links, by definition: [n][node].
std::vector<std::vector<std::uint64_t>> slow_costs(const link_net& net, std::uint32_t from) {
  constexpr auto far = ~std::uint64_t{0};
  std::vector<std::vector<std::uint64_t>> out(mesh::hops_max + 1, std::vector<std::uint64_t>(net.size(), far));
  out[0][from] = 0;
  for (std::size_t hops = 1; hops < out.size(); ++hops) {
    out[hops] = out[hops - 1];
    for (std::uint32_t a = 0; a < net.size(); ++a) {
      if (out[hops - 1][a] == far) continue;
      for (const auto& [b, step] : net.links(a)) {
        const auto cost = out[hops - 1][a] + mesh::step_microseconds(step) + mesh::hop_cost_us;
        out[hops][b] = std::min(out[hops][b], cost);
      }
    }
  }
  return out;
}

// Long cheap chains with expensive shortcuts, so that the cheapest path often has too many hops.
link_net long_way_round(rng& random, std::uint32_t nodes) {
  link_net net(nodes);
  for (std::uint32_t i = 0; i + 1 < nodes; ++i) net.link(i, i + 1, static_cast<mesh::rtt_step>(random.below(3)));
  for (std::uint32_t i = 0; i < nodes / 3; ++i) {
    const auto a = static_cast<std::uint32_t>(random.below(nodes)), b = static_cast<std::uint32_t>(random.below(nodes));
    if (a + 1 < b || b + 1 < a) net.link(a, b, static_cast<mesh::rtt_step>(20 + random.below(4)));
  }
  return net;
}

void check_forwarding(std::deque<view_of>& all, const link_net& net) {
  for (std::uint32_t from = 0; from < net.size(); ++from) {
    const auto costs = slow_costs(net, from);
    for (std::uint32_t to = 0; to < net.size(); ++to) {
      if (from == to) continue;
      const auto found = all[from].routes.to(now, numbered_id(to));
      BOOST_REQUIRE(found.has_value() == (costs[mesh::hops_max][to] != ~std::uint64_t{0}));
      if (!found) continue;
      BOOST_REQUIRE(static_cast<std::uint64_t>(found->cost.count()) == costs[mesh::hops_max][to]);
      // Each relay decides for itself with what is left: the message arrives on exactly the promised price.
      std::uint64_t paid = 0;
      std::uint32_t at = from;
      std::uint8_t left = mesh::hops_max;
      while (at != to && left > 0) {
        const auto next = all[at].routes.to(now, numbered_id(to), left--);
        BOOST_REQUIRE(next.has_value());
        const auto step = net.links(at).at(number_of(next->next_hop));
        paid += mesh::step_microseconds(step) + mesh::hop_cost_us;
        at = number_of(next->next_hop);
      }
      BOOST_REQUIRE(at == to);
      BOOST_REQUIRE(paid == costs[mesh::hops_max][to]);
    }
  }
}

// How often each node gets an event of `origin`, and over how many links.
void check_tree(std::deque<view_of>& all, std::uint32_t origin) {
  std::vector<int> copies(all.size(), 0), depth(all.size(), 0);
  std::vector<std::uint32_t> queue{origin};
  copies[origin] = 1;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const auto at = queue[next];
    const auto& tree = all[at].routes.tree_from(now, numbered_id(origin));
    for (const auto& child : tree.children()) {
      BOOST_REQUIRE((*tree.child_towards(child) == child));
      const auto to = number_of(child);
      depth[to] = depth[at] + 1;
      BOOST_REQUIRE(++copies[to] == 1);
      queue.push_back(to);
    }
  }
  for (std::uint32_t each = 0; each < all.size(); ++each) {
    const bool expected = each == origin || all[origin].routes.to(now, numbered_id(each)).has_value();
    BOOST_REQUIRE(copies[each] == (expected ? 1 : 0));
    BOOST_REQUIRE(depth[each] <= mesh::hops_max);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_slow_direct_link_loses_against_two_fast_ones) {
  link_net net(3);
  net.link(0, 1, 2);
  net.link(1, 2, 2);
  net.link(0, 2, 16);
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(numbers(here.routes.path_to(now, numbered_id(2))) == (std::vector<std::uint32_t>{1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(here.routes.to(now, numbered_id(2))->cost.count() == 2 * (32 + 1000));
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(2), 1)->next_hop) == 2u);
}

BOOST_AUTO_TEST_CASE(the_slower_of_both_ends_reports_is_the_cost) {
  view_of here(numbered_id(0));
  const auto one = [](const node_id& peer, mesh::rtt_step step) {
    return std::make_shared<const mesh::link_list>(1, std::pair{peer, mesh::link_report{1, step}});
  };
  here.links.set(numbered_id(0), 1, one(numbered_id(1), 3));
  here.links.set(numbered_id(1), 1, one(numbered_id(0), 8));
  BOOST_TEST(here.routes.to(now, numbered_id(1))->cost.count() == mesh::step_microseconds(8) + 1000);
}

BOOST_AUTO_TEST_CASE(ties_go_to_fewer_hops_and_then_to_the_lower_id) {
  link_net net(6);
  for (const std::uint32_t relay : {4u, 2u, 3u}) {
    net.link(0, relay);
    net.link(relay, 5);
  }
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(5))->next_hop) == 2u);

  link_net longer(6);  // 3,086 us either way: over 4, or over 1 and 2.
  longer.link(0, 4, 9);
  longer.link(4, 5, 11);
  longer.link(0, 1, 1);
  longer.link(1, 2, 2);
  longer.link(2, 5, 2);
  view_of there(numbered_id(0));
  longer.tell_all(there.links);
  BOOST_TEST(there.routes.to(now, numbered_id(5))->cost.count() == 3086);
  BOOST_TEST(number_of(there.routes.to(now, numbered_id(5))->next_hop) == 4u);
  BOOST_TEST(numbers(here.routes.tree_from(now, numbered_id(0)).children()) == (std::vector<std::uint32_t>{2, 3, 4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lost_link_reroutes_through_the_next_best_relay) {
  link_net net(4);
  net.link(0, 1, 0);
  net.link(1, 3, 0);
  net.link(0, 2, 4);
  net.link(2, 3, 4);
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(3))->next_hop) == 1u);
  net.unlink(1, 3);
  net.tell(here.links, 1);  // One end's word is enough to stop using it.
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(3))->next_hop) == 2u);
  net.unlink(0, 2);
  net.tell(here.links, 0);
  BOOST_TEST(!here.routes.to(now, numbered_id(3)));
  BOOST_TEST(here.routes.path_to(now, numbered_id(3)).empty());
}

BOOST_AUTO_TEST_CASE(a_tree_keeps_the_origins_own_links_though_a_way_around_one_is_cheaper) {
  link_net net(4);
  net.link(0, 1, 20);  // Busy.
  net.link(0, 2, 0);
  net.link(2, 1, 0);
  net.link(1, 3, 0);
  net.link(2, 3, 4);
  rng random(1);
  auto all = views(net, random);
  BOOST_TEST(number_of(all[0].routes.to(now, numbered_id(1))->next_hop) == 2u);
  BOOST_TEST(numbers(all[0].routes.tree_from(now, numbered_id(0)).children()) == (std::vector<std::uint32_t>{1, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(numbers(all[2].routes.tree_from(now, numbered_id(0)).children()) == (std::vector<std::uint32_t>{3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_route_to_oneself_or_to_strangers) {
  view_of here(numbered_id(0));
  BOOST_TEST(!here.routes.to(now, numbered_id(0)));
  BOOST_TEST(!here.routes.to(now, numbered_id(1)));
  BOOST_TEST(here.routes.tree_from(now, numbered_id(1)).children().empty());
  BOOST_TEST(here.routes.tree_from(now, numbered_id(1)).child_towards(numbered_id(0)) == nullptr);
}

BOOST_AUTO_TEST_CASE(nodes_more_than_eight_hops_away_are_up_but_not_routed_to) {
  link_net net(11);
  for (std::uint32_t i = 0; i < 10; ++i) net.link(i, i + 1);
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(here.links.is_up(numbered_id(10)));
  BOOST_TEST(here.routes.path_to(now, numbered_id(8)).size() == 8u);
  BOOST_TEST(!here.routes.to(now, numbered_id(9)));
  BOOST_TEST(!here.routes.to(now, numbered_id(3), 2));
  BOOST_TEST(here.routes.tree_from(now, numbered_id(0)).child_towards(numbered_id(8)) != nullptr);
  BOOST_TEST(here.routes.tree_from(now, numbered_id(0)).child_towards(numbered_id(9)) == nullptr);
}

BOOST_AUTO_TEST_CASE(messages_arrive_at_the_cheapest_price_without_loops) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      const auto nodes = static_cast<std::uint32_t>(10 + random.below(25));
      auto net = seed % 2 == 0 ? long_way_round(random, nodes) : link_net(nodes);
      if (seed % 2 != 0) net.link_at_random(random, 2);
      auto all = views(net, random);
      check_forwarding(all, net);
    }
  }
}

BOOST_AUTO_TEST_CASE(equal_views_make_one_tree_that_reaches_every_node_once) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      const auto nodes = static_cast<std::uint32_t>(10 + random.below(25));
      auto net = seed % 2 == 0 ? long_way_round(random, nodes) : link_net(nodes);
      if (seed % 2 != 0) net.link_at_random(random, 1, 2);  // Many ties.
      auto all = views(net, random);
      for (std::uint32_t origin = 0; origin < nodes; ++origin) check_tree(all, origin);
    }
  }
}

BOOST_AUTO_TEST_CASE(in_a_large_mesh_links_of_others_are_followed_after_a_while_and_own_ones_at_once) {
  link_net net(100);
  for (std::uint32_t i = 0; i < 100; ++i) net.link(i, (i + 1) % 100);
  net.link(0, 50);
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(52))->next_hop) == 50u);
  net.link(1, 52);
  net.tell(here.links, 1);
  net.tell(here.links, 52);
  net.unlink(50, 51);
  net.tell(here.links, 50);
  net.tell(here.links, 51);
  BOOST_TEST(number_of(here.routes.to(now + 99ms, numbered_id(52))->next_hop) == 50u);
  BOOST_TEST(number_of(here.routes.to(now + 100ms, numbered_id(52))->next_hop) == 1u);
  net.unlink(0, 1);
  net.tell(here.links, 0);
  net.tell(here.links, 1);
  const auto around = here.routes.to(now + 100ms, numbered_id(1));
  BOOST_TEST((!around || number_of(around->next_hop) != 1u));
}

BOOST_AUTO_TEST_CASE(a_path_that_is_doubted_is_computed_anew) {
  link_net net(100);
  for (std::uint32_t i = 0; i < 100; ++i) net.link(i, (i + 1) % 100);
  view_of here(numbered_id(0));
  net.tell_all(here.links);
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(2))->next_hop) == 1u);
  net.link(99, 2);
  net.unlink(1, 2);
  for (const std::uint32_t each : {1U, 2U, 99U}) net.tell(here.links, each);
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(2))->next_hop) == 1u);
  here.routes.doubt();
  BOOST_TEST(number_of(here.routes.to(now, numbered_id(2))->next_hop) == 99u);
}

BOOST_AUTO_TEST_CASE(trees_are_bounded_and_forgotten_when_links_change) {
  rng random(1);
  link_net net(20);
  net.link_at_random(random, 2);
  mesh::link_view links(numbered_id(0));
  mesh::routes routes(links, {.trees_max = 2});
  net.tell_all(links);
  const auto children = numbers(routes.tree_from(now, numbered_id(0)).children());
  for (std::uint32_t i = 0; i < 20; ++i) routes.tree_from(now, numbered_id(i));
  BOOST_TEST(numbers(routes.tree_from(now, numbered_id(0)).children()) == children, boost::test_tools::per_element());
  links.erase(numbered_id(children.front()));
  const auto after = numbers(routes.tree_from(now, numbered_id(0)).children());
  BOOST_TEST(std::count(after.begin(), after.end(), children.front()) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
