// SPDX-License-Identifier: MIT
#include "mesh/topology.hpp"

#include "mesh/link_view.hpp"
#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

BOOST_AUTO_TEST_SUITE(topology)

namespace {

using namespace askr;
using askr::test::numbered_id;

std::vector<node_id> nodes(std::uint32_t count) {
  std::vector<node_id> out;
  for (std::uint32_t i = 0; i < count; ++i) out.push_back(numbered_id(i, true));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<node_id> without(std::vector<node_id> ids, const node_id& gone) {
  std::erase(ids, gone);
  return ids;
}

bool has(const std::vector<node_id>& ids, const node_id& id) { return std::binary_search(ids.begin(), ids.end(), id); }

// The first of `up` at or after a point of the ring, by walking it.
node_id owner(const std::vector<node_id>& up, const node_id& point) {
  const auto at = std::find_if(up.begin(), up.end(), [&](const auto& each) { return each >= point; });
  return at == up.end() ? up.front() : *at;
}

}  // namespace

BOOST_AUTO_TEST_CASE(finger_points_are_fractions_of_the_ring_and_wrap_around) {
  const auto id = [](std::string_view text) { return node_id::from_string(text).value(); };
  const auto zero = id("00000000000000000000000000000000");
  BOOST_TEST(mesh::finger_point(zero, 1).to_string() == "80000000000000000000000000000000");
  BOOST_TEST(mesh::finger_point(zero, 5).to_string() == "08000000000000000000000000000000");
  BOOST_TEST(mesh::finger_point(zero, 64).to_string() == "00000000000000010000000000000000");
  const auto high = id("c0000000000000ff00000000000000aa");
  BOOST_TEST(mesh::finger_point(high, 1).to_string() == "40000000000000ff00000000000000aa");
  BOOST_TEST(mesh::finger_point(high, 2).to_string() == "00000000000000ff00000000000000aa");
  BOOST_TEST(mesh::finger_point(high, 64).to_string() == "c00000000000010000000000000000aa");
}

BOOST_AUTO_TEST_CASE(up_to_64_nodes_everybody_wants_everybody) {
  const auto up = nodes(64);
  mesh::topology links({}, up[5]);
  const auto plan = links.plan(time_point{}, {up, {}, {}, {}});
  BOOST_TEST((plan.wanted == without(up, up[5])));
  BOOST_TEST(!links.ring());
}

BOOST_AUTO_TEST_CASE(the_ring_begins_above_64_and_ends_below_48) {
  const auto up = nodes(65);
  mesh::topology links({}, up[0]);
  const auto mode_with = [&](std::size_t count) {
    links.plan(time_point{}, {std::span(up).first(count), {}, {}, {}});
    return links.ring();
  };
  BOOST_TEST(!mode_with(64));
  BOOST_TEST(mode_with(65));
  BOOST_TEST(mode_with(64));
  BOOST_TEST(mode_with(48));
  BOOST_TEST(!mode_with(47));
  BOOST_TEST(!mode_with(64));
}

BOOST_AUTO_TEST_CASE(in_the_ring_fingers_and_two_successors_are_wanted) {
  const auto up = nodes(1000);
  for (std::size_t at : {0, 1, 500, 998, 999}) {
    mesh::topology links({}, up[at]);
    std::set<node_id> expected{up[(at + 1) % 1000], up[(at + 2) % 1000]};
    for (unsigned k = 1; k <= 9; ++k) expected.insert(owner(up, mesh::finger_point(up[at], k)));
    const auto plan = links.plan(time_point{}, {up, {}, {}, {}});
    BOOST_TEST(std::ranges::equal(plan.wanted, expected));
    const auto others = without(up, up[at]);
    BOOST_TEST((links.plan(time_point{}, {others, {}, {}, {}}).wanted == plan.wanted));
  }
}

BOOST_AUTO_TEST_CASE(what_all_want_is_one_mesh_of_short_paths) {
  const auto up = nodes(1000);
  test::link_net net(1000);
  std::size_t most = 0;
  for (std::uint32_t at = 0; at < 1000; ++at) {
    mesh::topology links({}, up[at]);
    for (const auto& each : links.plan(time_point{}, {up, {}, {}, {}}).wanted) {
      net.link(at, static_cast<std::uint32_t>(std::lower_bound(up.begin(), up.end(), each) - up.begin()));
    }
  }
  for (std::uint32_t at = 0; at < 1000; ++at) most = std::max(most, net.links(at).size());
  BOOST_TEST(most <= 64u);
  std::vector<int> hops(1000, -1);
  std::vector<std::uint32_t> queue{0};
  hops[0] = 0;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const auto& [to, step] : net.links(queue[next])) {
      if (hops[to] >= 0) continue;
      hops[to] = hops[queue[next]] + 1;
      queue.push_back(to);
    }
  }
  BOOST_TEST(queue.size() == 1000u);
  BOOST_TEST(*std::max_element(hops.begin(), hops.end()) <= 6);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_linked_is_replaced_by_the_next) {
  const auto up = nodes(100);
  mesh::topology links({}, up[0]);
  const auto finger = owner(up, mesh::finger_point(up[0], 1));
  const auto at = static_cast<std::size_t>(std::find(up.begin(), up.end(), finger) - up.begin());
  const auto wanted = [&](std::vector<node_id> failed) {
    return links.plan(time_point{}, {up, {}, {}, failed}).wanted;
  };
  BOOST_TEST(has(wanted({}), finger));
  const std::vector<node_id> next(up.begin() + static_cast<std::ptrdiff_t>(at),
                                  up.begin() + static_cast<std::ptrdiff_t>(at) + 4);
  BOOST_TEST(!has(wanted({next[0]}), next[0]));
  BOOST_TEST(has(wanted({next[0]}), next[1]));
  BOOST_TEST(has(wanted({next[0], next[1], next[2]}), next[3]));
  BOOST_TEST(has(wanted(next), next[0]));  // None can be had: the first is tried for ever.
}

BOOST_AUTO_TEST_CASE(the_stand_in_stays_wanted_until_the_finger_is_linked) {
  const auto up = nodes(100);
  mesh::topology links({}, up[0]);
  const auto finger = owner(up, mesh::finger_point(up[0], 1));
  const auto stand_in = *std::next(std::find(up.begin(), up.end(), finger));
  auto linked = std::vector<node_id>{stand_in};
  auto plan = links.plan(time_point{}, {up, linked, {}, {}});
  BOOST_TEST(has(plan.wanted, finger));
  BOOST_TEST(has(plan.wanted, stand_in));
  linked = {std::min(finger, stand_in), std::max(finger, stand_in)};
  plan = links.plan(time_point{}, {up, linked, {}, {}});
  BOOST_TEST(!has(plan.wanted, stand_in));
}

BOOST_AUTO_TEST_CASE(a_link_that_nobody_wants_may_close_after_thirty_seconds) {
  const auto up = nodes(100);
  mesh::topology links({}, up[0]);
  const auto wanted = links.plan(time_point{}, {up, {}, {}, {}}).wanted;
  const auto stray = *std::find_if(up.begin() + 1, up.end(), [&](const auto& each) { return !has(wanted, each); });
  auto linked = wanted;
  linked.insert(std::lower_bound(linked.begin(), linked.end(), stray), stray);
  time_point now;
  const auto may_close = [&](duration later, std::vector<node_id> wanted_here) {
    return links.plan(now + later, {up, linked, wanted_here, {}}).may_close;
  };
  BOOST_TEST(may_close(0s, {stray}).empty());
  BOOST_TEST((links.next_timeout() == time_point::max()));
  BOOST_TEST(may_close(0s, {}).empty());
  BOOST_TEST((links.next_timeout() == now + 30s));
  BOOST_TEST(may_close(29s, {}).empty());
  BOOST_TEST(may_close(29s, {stray}).empty());  // Wanted again: the time starts anew.
  BOOST_TEST(may_close(31s, {}).empty());
  BOOST_TEST((may_close(61s, {}) == std::vector{stray}));
}

BOOST_AUTO_TEST_CASE(unwanted_links_above_the_cap_may_close_at_once) {
  const auto up = nodes(300);
  mesh::topology links({.links_max = 20}, up[0]);
  const std::vector<node_id> linked(up.begin() + 1, up.begin() + 41);
  const auto plan = links.plan(time_point{}, {up, linked, {}, {}});
  BOOST_TEST(plan.may_close.size() == 20u);
  for (const auto& each : plan.may_close) BOOST_TEST(!has(plan.wanted, each));
}

BOOST_AUTO_TEST_CASE(those_who_talk_much_get_a_link_while_they_do) {
  const auto up = nodes(100);
  mesh::topology links({}, up[0]);
  time_point now = time_point{} + 100s;
  const auto wanted = links.plan(now, {up, {}, {}, {}}).wanted;
  const auto far = *std::find_if(up.begin() + 1, up.end(), [&](const auto& each) { return !has(wanted, each); });
  for (int i = 0; i < 49; ++i) links.on_message(now, far);
  BOOST_TEST(!has(links.plan(now, {up, {}, {}, {}}).wanted, far));
  for (int i = 0; i < 49; ++i) links.on_message(now + 1s, far);
  BOOST_TEST(!has(links.plan(now + 1s, {up, {}, {}, {}}).wanted, far));
  links.on_message(now + 1s, far);
  BOOST_TEST((links.next_timeout() <= now + 1s));
  BOOST_TEST(has(links.plan(now + 1s, {up, {}, {}, {}}).wanted, far));
  BOOST_TEST(!has(links.plan(now + 1s, {up, {}, {}, std::vector{far}}).wanted, far));
  BOOST_TEST(has(links.plan(now + 31s, {up, {}, {}, {}}).wanted, far));
  BOOST_TEST(!has(links.plan(links.next_timeout(), {up, {}, {}, {}}).wanted, far));
}

BOOST_AUTO_TEST_CASE(talkers_are_bounded) {
  const auto up = nodes(1000);
  mesh::topology links({.direct_messages = 2, .direct_max = 3, .talkers_max = 10}, up[0]);
  time_point now = time_point{} + 100s;
  const auto few = links.plan(now, {up, {}, {}, {}}).wanted.size();
  for (const auto& each : up) {
    links.on_message(now, each);
    links.on_message(now, each);
  }
  BOOST_TEST(links.plan(now, {up, {}, {}, {}}).wanted.size() <= few + 3);
}

BOOST_AUTO_TEST_SUITE_END()
