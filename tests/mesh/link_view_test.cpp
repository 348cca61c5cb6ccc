// SPDX-License-Identifier: MIT
#include "mesh/link_view.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

BOOST_AUTO_TEST_SUITE(link_view)

namespace {

using namespace askr;
using askr::test::link_net;
using askr::test::numbered_id;

mesh::link_reports reports(mesh::link_list links) { return std::make_shared<const mesh::link_list>(std::move(links)); }

// What the view says of each node, worked out the slow way.
struct told {
  bool known = false;
  incarnation life = 0;
  std::map<std::uint32_t, incarnation> links;
};

std::vector<node_id> slow_up(const std::vector<told>& nodes) {
  const auto says = [&](std::uint32_t a, std::uint32_t b) {
    const auto found = nodes[a].links.find(b);
    return nodes[a].known && nodes[b].known && found != nodes[a].links.end() && found->second == nodes[b].life;
  };
  std::set<std::uint32_t> up{0};
  std::vector<std::uint32_t> queue{0};
  while (!queue.empty()) {
    const auto a = queue.back();
    queue.pop_back();
    for (std::uint32_t b = 0; b < nodes.size(); ++b) {
      if (says(a, b) && says(b, a) && up.insert(b).second) queue.push_back(b);
    }
  }
  std::vector<node_id> out;
  for (const auto each : up) out.push_back(numbered_id(each));
  return out;
}

using sorted_edges = std::map<std::pair<mesh::node_slot, mesh::node_slot>, std::uint32_t>;

sorted_edges edges_of(const mesh::link_graph& graph) {
  sorted_edges out;
  for (mesh::node_slot slot = 0; slot < graph.slots(); ++slot) {
    for (const auto& each : graph.of(slot)) BOOST_REQUIRE(out.emplace(std::pair(slot, each.to), each.cost_us).second);
  }
  return out;
}

sorted_edges edges_anew(const mesh::link_view& view) {
  mesh::link_graph graph;
  view.update(graph);
  return edges_of(graph);
}

// Links that come, go or get another cost, restarts, losses.
void change_at_random(link_net& net, mesh::link_view& view, rng& random) {
  const auto a = static_cast<std::uint32_t>(random.below(net.size()));
  const auto b = static_cast<std::uint32_t>(random.below(net.size()));
  const auto step = static_cast<mesh::rtt_step>(random.below(30));
  if (a != b) random.below(5) < 3 ? net.link(a, b, step) : net.unlink(a, b);
  if (random.below(40) == 0) net.restart(a);
  if (random.below(20) == 0) view.erase(numbered_id(b));
  net.tell(view, a);
  if (random.below(3) > 0) net.tell(view, b);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_counts_only_when_both_ends_report_it) {
  mesh::link_view view(numbered_id(0));
  const auto a = numbered_id(0), b = numbered_id(1);
  view.set(a, 7, reports({{b, {9, 0}}}));
  BOOST_TEST(!view.is_up(b));
  view.set(b, 9, nullptr);
  BOOST_TEST(!view.is_up(b));
  view.set(b, 9, reports({{a, {7, 0}}}));
  BOOST_TEST(view.is_up(b));
  view.set(a, 7, reports({}));
  BOOST_TEST(!view.is_up(b));
  BOOST_TEST(view.is_up(a));
}

BOOST_AUTO_TEST_CASE(a_report_about_another_life_does_not_count) {
  mesh::link_view view(numbered_id(0));
  const auto a = numbered_id(0), b = numbered_id(1);
  view.set(a, 7, reports({{b, {9, 0}}}));
  view.set(b, 9, reports({{a, {7, 0}}}));
  view.set(b, 10, reports({{a, {7, 0}}}));
  BOOST_TEST(!view.is_up(b));
  view.set(a, 7, reports({{b, {10, 0}}}));
  BOOST_TEST(view.is_up(b));
}

BOOST_AUTO_TEST_CASE(malformed_reports_change_nothing) {
  mesh::link_view view(numbered_id(0));
  const auto before = view.version();
  const auto a = numbered_id(1), b = numbered_id(2), c = numbered_id(3);
  BOOST_TEST(!view.set(a, 1, reports({{c, {1, 0}}, {b, {1, 0}}})));
  BOOST_TEST(!view.set(a, 1, reports({{b, {1, 0}}, {b, {1, 0}}})));
  BOOST_TEST(!view.set(a, 1, reports({{a, {1, 0}}})));
  BOOST_TEST(view.version() == before);
  BOOST_TEST(view.slots() == 1u);
}

BOOST_AUTO_TEST_CASE(a_record_with_the_same_links_invalidates_no_routes) {
  link_net net(3);
  net.link(0, 1, 4);
  net.link(1, 2, 4);
  mesh::link_view view(numbered_id(0));
  net.tell_all(view);
  const auto before = view.version();
  net.tell_all(view);
  BOOST_TEST(view.version() == before);
  net.link(0, 1, 6);
  net.tell(view, 0);
  BOOST_TEST(view.version() == before + 1);
  net.tell(view, 1);  // The larger one counts, and it did already.
  BOOST_TEST(view.version() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_loss_is_a_link_that_counted_and_is_gone) {
  link_net net(3);
  net.link(0, 1, 4);
  mesh::link_view view(numbered_id(0));
  net.tell_all(view);
  net.link(0, 1, 6);
  net.link(1, 2);
  net.tell_all(view);
  BOOST_TEST(view.losses() == 0u);
  net.unlink(1, 2);
  net.tell(view, 1);
  BOOST_TEST(view.losses() == 1u);
  net.tell(view, 2);  // The same one.
  BOOST_TEST(view.losses() == 1u);
}

BOOST_AUTO_TEST_CASE(changes_are_told_once) {
  link_net net(3);
  net.link(0, 1);
  net.link(1, 2);
  mesh::link_view view(numbered_id(0));
  net.tell_all(view);
  BOOST_TEST(view.take_changed().size() == 2u);
  view.erase(numbered_id(1));
  const auto changed = view.take_changed();
  BOOST_TEST(std::set<node_id>(changed.begin(), changed.end()).size() == 2u);
  BOOST_TEST(view.up_count() == 1u);
  BOOST_TEST(view.take_changed().empty());
}

BOOST_AUTO_TEST_CASE(reachability_agrees_with_a_full_search_after_every_change) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      const auto nodes = static_cast<std::uint32_t>(4 + random.below(30));
      link_net net(nodes);
      mesh::link_view view(numbered_id(0));
      std::vector<told> slow(nodes);
      slow[0].known = true;
      std::set<node_id> up{numbered_id(0)};
      for (int step = 0; step < 600; ++step) {
        const auto a = static_cast<std::uint32_t>(random.below(nodes));
        const auto b = static_cast<std::uint32_t>(random.below(nodes));
        // Mostly links that come and go, now and then a restart, a loss; each end tells it in its own time.
        if (a != b && random.below(5) < 3) random.below(5) < 2 ? net.link(a, b) : net.unlink(a, b);
        if (random.below(40) == 0) net.restart(a);
        if (random.below(20) == 0) {
          view.erase(numbered_id(b));
          slow[b] = {b == 0, 0, {}};
        } else {
          const auto teller = random.below(2) == 0 ? a : b;
          net.tell(view, teller);
          slow[teller] = {true, net.life(teller), {}};
          for (const auto& each : net.links(teller)) slow[teller].links[each.first] = net.life(each.first);
        }
        const auto expected = slow_up(slow);
        BOOST_REQUIRE(std::ranges::equal(view.up(), expected));
        BOOST_REQUIRE(view.up_count() == expected.size());
        for (const auto& each : view.take_changed()) view.is_up(each) ? void(up.insert(each)) : void(up.erase(each));
        BOOST_REQUIRE(std::ranges::equal(up, expected));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(ids_that_collide_in_the_index_are_kept_apart) {
  mesh::link_view view(numbered_id(0));
  std::vector<node_id> ids;
  for (std::uint8_t i = 0; i < 200; ++i) {
    node_id each;  // The first eight bytes say where it is looked for.
    each.bytes.fill(0x55);
    each.bytes[0] = each.bytes[7] = i % 7;
    each.bytes[15] = i;
    ids.push_back(each);
    view.set(each, i, nullptr);
  }
  for (std::size_t i = 0; i < ids.size(); i += 3) view.erase(ids[i]);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto slot = view.slot_of(ids[i]);
    BOOST_REQUIRE((slot == mesh::no_slot) == (i % 3 == 0));
    if (slot != mesh::no_slot) BOOST_REQUIRE((view.id_of(slot) == ids[i]));
  }
}

BOOST_AUTO_TEST_CASE(a_graph_that_follows_the_changes_is_as_one_made_anew) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      link_net net(static_cast<std::uint32_t>(4 + random.below(30)));
      mesh::link_view view(numbered_id(0));
      mesh::link_graph followed;
      for (int step = 0; step < 100; ++step) {
        for (auto changes = random.below(12); changes > 0; --changes) change_at_random(net, view, random);
        view.update(followed);
        BOOST_REQUIRE(followed.slots() == view.slots());
        const auto copy = view;  // Whose changes are still those since this graph was updated.
        BOOST_REQUIRE((edges_of(followed) == edges_anew(copy)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_graph_that_missed_more_changes_than_are_kept_is_made_anew) {
  rng random(1);
  link_net net(20);
  mesh::link_view view(numbered_id(0));
  mesh::link_graph rarely;
  for (int round = 0; round < 5; ++round) {
    view.update(rarely);
    for (int change = 0; change < 2000; ++change) change_at_random(net, view, random);
    view.update(rarely);
    BOOST_TEST((edges_of(rarely) == edges_anew(view)));
  }
}

BOOST_AUTO_TEST_CASE(two_graphs_of_one_view_may_take_turns) {
  rng random(1);
  link_net net(20);
  mesh::link_view view(numbered_id(0));
  mesh::link_graph one, other;
  for (int step = 0; step < 500; ++step) {
    change_at_random(net, view, random);
    auto& next = random.below(2) == 0 ? one : other;
    view.update(next);
    BOOST_REQUIRE((edges_of(next) == edges_anew(view)));
  }
}

BOOST_AUTO_TEST_CASE(a_graph_that_follows_the_changes_takes_at_most_twice_the_room) {
  rng random(1);
  link_net net(100);
  net.link_at_random(random, 2);
  mesh::link_view view(numbered_id(0));
  net.tell_all(view);
  mesh::link_graph followed;
  for (int step = 0; step < 20'000; ++step) {
    change_at_random(net, view, random);
    view.update(followed);
    if (step % 1000 > 0) continue;
    mesh::link_graph anew;
    view.update(anew);
    BOOST_TEST(followed.bytes() <= 2 * anew.bytes());
  }
}

BOOST_AUTO_TEST_SUITE_END()
