// SPDX-License-Identifier: MIT
// The simulation as its user sees it.
#include <askr/coroutine.hpp>
#include <askr/simulation.hpp>

#include <asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;

template <class F>
errc code_of(F call) {
  try {
    call();
  } catch (const failure& why) {
    return static_cast<errc>(why.code().value());
  }
  BOOST_FAIL("it did not fail");
  return errc::closed;
}

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(nodes_find_each_other_by_beacons_and_answer_commands) {
  askr::simulation world;
  world.add({.name = "agent"}, [](node& self) { self.on("double", [](int x) { return 2 * x; }); });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  BOOST_CHECK(world.elapsed() < 1s);
  BOOST_CHECK_EQUAL(world.await(edge.send("double", 21)).as<int>(), 42);
}

BOOST_AUTO_TEST_CASE(nodes_find_each_other_by_a_seed_without_multicast) {
  askr::simulation world({.multicast = false});
  auto& first = world.add({.name = "first"});
  auto& second = world.add({.name = "second", .seeds = {world.address(first)}});
  world.add({.name = "third", .seeds = {world.address(second)}});
  BOOST_CHECK(world.run_until_converged());
}

BOOST_AUTO_TEST_CASE(workspaces_do_not_see_each_other) {
  askr::simulation world;
  auto& one = world.add({.workspace = "one"});
  world.add({.workspace = "two"});
  world.run_for(10s);
  BOOST_CHECK_EQUAL(one.nodes().size(), 1);
}

BOOST_AUTO_TEST_CASE(a_partitioned_node_is_lost_within_the_lease_and_found_again) {
  askr::simulation world;
  auto& agent = world.add({.name = "agent"}, [](node& self) { self.on("fetch", [] { return 42; }); });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  world.partition({&agent});
  auto waiting = edge.send("fetch");
  BOOST_CHECK(code_of([&] { world.await(std::move(waiting)); }) == errc::peer_lost);
  BOOST_CHECK(world.elapsed() < 4s);
  world.run_for(30s);
  BOOST_CHECK(code_of([&] { world.await(edge.send("fetch")); }) == errc::no_handler);
  world.heal();
  BOOST_CHECK(world.run_until_converged());
  BOOST_CHECK_EQUAL(world.await(edge.send("fetch")).as<int>(), 42);
}

BOOST_AUTO_TEST_CASE(the_halves_of_a_partition_of_30_s_know_each_other_within_3_s) {
  for (const std::size_t half : {1, 8}) {
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
      askr::simulation world({.seed = seed});
      std::vector<const node*> cut_off;
      for (std::size_t i = 0; i < 2 * half; ++i) {
        const auto& made = world.add({});
        if (i < half) cut_off.push_back(&made);
      }
      BOOST_REQUIRE(world.run_until_converged());
      world.partition(cut_off);
      world.run_for(30s);
      BOOST_CHECK_EQUAL(cut_off.front()->nodes().size(), half);
      world.heal();
      BOOST_CHECK_MESSAGE(world.run_until_converged(3s), "half=" << half << " seed=" << seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_node_is_lost_at_once_and_comes_back_with_its_program) {
  askr::simulation world;
  int starts = 0;
  auto& agent = world.add({.name = "agent"}, [&](node& self) {
    ++starts;
    self.on("fetch", [&] { return starts; });
  });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  world.kill(agent);
  BOOST_CHECK(!world.is_up(agent));
  BOOST_CHECK(code_of([&] { agent.nodes(); }) == errc::closed);
  BOOST_CHECK(world.run_until_converged(200ms));
  BOOST_CHECK_EQUAL(edge.nodes().size(), 1);
  world.restart(agent);
  BOOST_REQUIRE(world.run_until_converged());
  BOOST_CHECK_EQUAL(world.await(edge.send("fetch")).as<int>(), 2);
}

BOOST_AUTO_TEST_CASE(a_node_whose_host_lost_power_is_lost_within_the_lease) {
  askr::simulation world;
  auto& agent = world.add({.name = "agent"});
  world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  world.power_off(agent);
  BOOST_CHECK(!world.run_until_converged(1500ms));
  BOOST_CHECK(world.run_until_converged(1500ms));
  world.restart(agent);
  BOOST_CHECK(world.run_until_converged());
}

BOOST_AUTO_TEST_CASE(a_broken_link_is_made_again) {
  askr::simulation world;
  auto& one = world.add({.name = "one"});
  auto& other = world.add({.name = "other"});
  BOOST_REQUIRE(world.run_until_converged());
  world.break_link(one, other);
  world.run_for(20ms);
  BOOST_CHECK_EQUAL(one.counters().links_closed, 1);
  BOOST_CHECK(world.run_until_converged());
}

BOOST_AUTO_TEST_CASE(a_one_way_cut_ends_the_link_at_both_ends) {
  askr::simulation world;
  auto& one = world.add({.name = "one"});
  auto& other = world.add({.name = "other"});
  BOOST_REQUIRE(world.run_until_converged());
  world.cut(one, other);
  world.run_for(5s);
  BOOST_CHECK_EQUAL(one.nodes().size(), 1);
  BOOST_CHECK_EQUAL(other.nodes().size(), 1);
  world.heal();
  BOOST_CHECK(world.run_until_converged());
}

BOOST_AUTO_TEST_CASE(a_paused_node_answers_when_it_goes_on) {
  askr::simulation world;
  auto& agent = world.add({.name = "agent"}, [](node& self) { self.on("fetch", [] { return 42; }); });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  world.pause(agent, 1s);
  const auto before = world.elapsed();
  BOOST_CHECK_EQUAL(world.await(edge.send("fetch")).as<int>(), 42);
  BOOST_CHECK(world.elapsed() - before >= 1s);
}

BOOST_AUTO_TEST_CASE(handlers_may_block_or_be_coroutines_that_wait_for_others) {
  askr::simulation world;
  world.add({.name = "store"}, [](node& self) { self.on("load", blocking([](int key) { return key * 100; })); });
  world.add({.name = "agent"}, [&](node& self) {
    self.on("fetch", [&](int key) -> asio::awaitable<int> {
      co_await world.async_wait(2s, asio::use_awaitable);
      const auto data = payload::from(key);
      const send_options usual;
      const auto loaded = co_await self.async_send("load", data, usual, asio::use_awaitable);
      co_return loaded.as<int>() + 1;
    });
  });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  const auto before = world.elapsed();
  BOOST_CHECK_EQUAL(world.await(edge.send("fetch", 7)).as<int>(), 701);
  BOOST_CHECK(world.elapsed() - before >= 2s);
  BOOST_CHECK(world.elapsed() - before < 3s);
}

BOOST_AUTO_TEST_CASE(events_reach_every_listener_in_order) {
  askr::simulation world;
  std::vector<int> heard;
  world.add({.name = "listener"}, [&](node& self) { self.listen("tick", [&](int n) { heard.push_back(n); }); });
  auto& source = world.add({.name = "source"});
  BOOST_REQUIRE(world.run_until_converged());
  for (int n = 0; n < 100; ++n) source.emit("tick", n);
  world.run_for(1s);
  BOOST_REQUIRE_EQUAL(heard.size(), 100);
  for (int n = 0; n < 100; ++n) BOOST_CHECK_EQUAL(heard[static_cast<std::size_t>(n)], n);
}

BOOST_AUTO_TEST_CASE(large_payloads_take_the_time_of_the_bandwidth) {
  askr::simulation world({.bandwidth = 1'000'000});
  world.add({.name = "agent"}, [](node& self) { self.on("echo", [](const command& asked) { return asked.data; }); });
  auto& edge = world.add({.name = "edge", .links = {.compression = compression_mode::off}});
  BOOST_REQUIRE(world.run_until_converged());
  const auto before = world.elapsed();
  const std::string large(1'000'000, 'x');
  BOOST_CHECK_EQUAL(world.await(edge.send("echo", large)).as<std::string>().size(), large.size());
  BOOST_CHECK(world.elapsed() - before >= 1s);
}

BOOST_AUTO_TEST_CASE(a_handler_may_kill_its_own_node) {
  askr::simulation world;
  auto& agent = world.add({.name = "agent"}, [&](node& self) { self.on("die", [&] { world.kill(self); }); });
  auto& edge = world.add({.name = "edge"});
  BOOST_REQUIRE(world.run_until_converged());
  auto outcome = edge.send("die");
  world.run_for(1s);
  BOOST_CHECK(!world.is_up(agent));
  BOOST_CHECK(outcome.wait_for(0s) == std::future_status::ready);
}

std::uint64_t digest_of_a_run(std::uint64_t seed) {
  askr::simulation world({.seed = seed});
  auto& agent = world.add({.name = "agent"}, [](node& self) { self.on("fetch", [] { return 42; }); });
  for (int i = 0; i < 4; ++i) world.add({.name = "node"});
  world.run_until_converged();
  world.power_off(agent);
  world.run_for(10s);
  world.restart(agent);
  world.run_until_converged();
  return world.digest();
}

BOOST_AUTO_TEST_CASE(the_same_seed_makes_the_same_world_and_another_seed_another) {
  BOOST_CHECK_EQUAL(digest_of_a_run(5), digest_of_a_run(5));
  BOOST_CHECK_NE(digest_of_a_run(5), digest_of_a_run(6));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
