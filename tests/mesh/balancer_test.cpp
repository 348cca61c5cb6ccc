// SPDX-License-Identifier: MIT
#include "mesh/balancer.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <queue>

BOOST_AUTO_TEST_SUITE(balancer)

namespace {

using namespace askr;
using askr::test::numbered_id;
using mesh::balance;
using mesh::candidate;

std::vector<candidate> servers(std::uint32_t count) {
  std::vector<candidate> out;
  for (std::uint32_t i = 0; i < count; ++i) out.push_back({numbered_id(i, true), 1});
  return out;
}

// One command at a time, answered at once, so that nothing but latency counts.
void answer(mesh::balancer& balancer, time_point now, const node_id& server, duration latency, bool ok = true) {
  balancer.on_sent(now, server);
  balancer.on_reply(now, server, latency, ok);
}

std::vector<int> shares(mesh::balancer& balancer, time_point now, const std::vector<candidate>& among, int picks,
                        balance how = balance::p2c) {
  rng random(1);
  std::vector<int> out(among.size(), 0);
  for (int i = 0; i < picks; ++i) ++out[*balancer.pick(now, among, how, {}, random)];
  return out;
}

mesh::balancer warm(const std::vector<candidate>& among, time_point now) {
  mesh::balancer out;
  for (const auto& each : among) answer(out, now, each.id, 2ms);
  return out;
}

// Commands arrive by chance at servers with one worker each; the last server is ten times as slow as the others.
class queues {
 public:
  explicit queues(std::uint32_t count) : among_(servers(count)), free_at_(count, 0) {}

  /// 99th percentile of the latency, in ms.
  template <class Pick>
  double run(int commands, double per_second, Pick pick, mesh::balancer* told = nullptr) {
    std::vector<double> latencies;
    double now = 0;
    for (int i = 0; i < commands; ++i) {
      now += exponential(1 / per_second);
      answer_until(now, told);
      const auto server = pick(at(now), among_);
      if (told) told->on_sent(at(now), among_[server].id);
      const auto begin = std::max(now, free_at_[server]);
      free_at_[server] = begin + exponential(server + 1 == among_.size() ? 0.1 : 0.01);
      latencies.push_back(free_at_[server] - now);
      under_way_.push({free_at_[server], now, server});
    }
    std::sort(latencies.begin(), latencies.end());
    return 1000 * latencies[latencies.size() * 99 / 100];
  }

 private:
  using answer_due = std::tuple<double, double, std::size_t>;

  static time_point at(double seconds) {
    return time_point{} + std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
  }
  double exponential(double mean) { return -mean * std::log(1 - random_.unit()); }
  void answer_until(double now, mesh::balancer* told) {
    for (; !under_way_.empty() && std::get<0>(under_way_.top()) <= now; under_way_.pop()) {
      const auto [done, sent, server] = under_way_.top();
      if (told) told->on_reply(at(done), among_[server].id, at(done) - at(sent), true);
    }
  }

  std::vector<candidate> among_;
  std::vector<double> free_at_;
  std::priority_queue<answer_due, std::vector<answer_due>, std::greater<>> under_way_;
  rng random_{7};
};

}  // namespace

BOOST_AUTO_TEST_CASE(nobody_to_choose_from_is_no_choice) {
  mesh::balancer balancer;
  rng random(1);
  BOOST_TEST(!balancer.pick(time_point{}, {}, balance::p2c, {}, random));
  const auto one = servers(1);
  for (const auto how : {balance::p2c, balance::round_robin, balance::sticky}) {
    BOOST_TEST(*balancer.pick(time_point{}, one, how, "key", random) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(equal_servers_get_equal_shares) {
  const auto among = servers(5);
  auto balancer = warm(among, time_point{});
  for (const auto share : shares(balancer, time_point{} + 60s, among, 5000)) BOOST_TEST(std::abs(share - 1000) < 150);
}

BOOST_AUTO_TEST_CASE(a_busy_server_gets_nothing_while_others_are_idle) {
  const auto among = servers(3);
  auto balancer = warm(among, time_point{});
  const time_point now = time_point{} + 60s;
  for (int i = 0; i < 5; ++i) balancer.on_sent(now, among[1].id);
  BOOST_TEST(shares(balancer, now, among, 1000)[1] == 0);
  for (int i = 0; i < 5; ++i) balancer.on_canceled(among[1].id);
  BOOST_TEST(balancer.in_flight(among[1].id) == 0u);
  BOOST_TEST(shares(balancer, now, among, 1000)[1] > 200);
}

BOOST_AUTO_TEST_CASE(a_peak_counts_at_once_and_fades) {
  const auto among = servers(2);
  auto balancer = warm(among, time_point{});
  time_point now = time_point{} + 60s;
  for (const auto& each : among) answer(balancer, now, each.id, 2ms);
  answer(balancer, now, among[0].id, 50ms);
  BOOST_TEST(shares(balancer, now, among, 100)[0] == 0);
  for (int i = 0; i < 60; ++i) answer(balancer, now += 1s, among[1].id, 2ms);
  BOOST_TEST(shares(balancer, now, among, 100)[0] > 0);
}

BOOST_AUTO_TEST_CASE(the_nearer_of_two_equals_is_preferred) {
  auto among = servers(2);
  among[0].hops = 3;
  auto balancer = warm(among, time_point{});
  BOOST_TEST(shares(balancer, time_point{} + 20s, among, 100)[0] == 0);
}

BOOST_AUTO_TEST_CASE(a_new_server_gets_its_share_little_by_little) {
  auto among = servers(4);
  auto balancer = warm(among, time_point{});
  time_point now = time_point{} + 60s;
  for (const auto& each : among) answer(balancer, now, each.id, 2ms);
  among.push_back({numbered_id(99, true), 1});
  const auto at_first = shares(balancer, now, among, 2000)[4];
  for (const auto& each : among) answer(balancer, now + 5s, each.id, 2ms);
  const auto half_way = shares(balancer, now + 5s, among, 2000)[4];
  for (const auto& each : among) answer(balancer, now + 11s, each.id, 2ms);
  const auto later = shares(balancer, now + 11s, among, 2000)[4];
  BOOST_TEST(at_first < 80);
  BOOST_TEST(half_way > at_first);
  BOOST_TEST(later > half_way);
  BOOST_TEST(std::abs(later - 400) < 120);
}

BOOST_AUTO_TEST_CASE(five_failures_in_a_row_eject_for_longer_each_time) {
  const auto among = servers(4);
  auto balancer = warm(among, time_point{});
  time_point now = time_point{} + 20s;
  for (const auto expected : {5s, 10s, 20s, 40s, 60s, 60s}) {
    for (int i = 0; i < 4; ++i) answer(balancer, now, among[2].id, 1ms, false);
    BOOST_TEST(!balancer.is_ejected(now, among[2].id));
    answer(balancer, now, among[2].id, 1ms, false);
    BOOST_TEST(balancer.is_ejected(now, among[2].id));
    for (const auto how : {balance::p2c, balance::round_robin})
      BOOST_TEST(shares(balancer, now, among, 500, how)[2] == 0);
    BOOST_TEST(balancer.is_ejected(now + expected - 1ms, among[2].id));
    now += expected;
    BOOST_TEST(!balancer.is_ejected(now, among[2].id));
  }
  // Well for a minute: it starts anew.
  now += 60s;
  answer(balancer, now, among[2].id, 1ms);
  for (int i = 0; i < 5; ++i) answer(balancer, now, among[2].id, 1ms, false);
  BOOST_TEST(!balancer.is_ejected(now + 5s, among[2].id));
}

BOOST_AUTO_TEST_CASE(a_server_that_fails_more_often_than_not_is_ejected) {
  const auto among = servers(3);
  auto balancer = warm(among, time_point{});
  for (int i = 0; i < 60; ++i) answer(balancer, time_point{} + 1s, among[0].id, 1ms, i % 4 == 0);
  BOOST_TEST(balancer.is_ejected(time_point{} + 1s, among[0].id));
}

BOOST_AUTO_TEST_CASE(never_more_than_half_are_ejected) {
  const auto among = servers(5);
  auto balancer = warm(among, time_point{});
  const time_point now = time_point{} + 1s;
  for (const auto& each : among) {
    for (int i = 0; i < 50; ++i) answer(balancer, now, each.id, 1ms, false);
  }
  const auto out =
      std::count_if(among.begin(), among.end(), [&](const auto& each) { return balancer.is_ejected(now, each.id); });
  BOOST_TEST(out == 2);
  // Only ejected ones on offer: better one of them than nobody.
  std::vector<candidate> left;
  for (const auto& each : among) {
    if (balancer.is_ejected(now, each.id)) left.push_back(each);
  }
  const auto picked = shares(balancer, now, left, 100);
  BOOST_TEST(picked[0] + picked[1] == 100);
}

BOOST_AUTO_TEST_CASE(a_quick_refusal_attracts_nothing) {
  const auto among = servers(2);
  auto balancer = warm(among, time_point{});
  const time_point now = time_point{} + 20s;
  answer(balancer, now, among[0].id, 20ms);
  answer(balancer, now, among[1].id, 2ms);
  for (int i = 0; i < 3; ++i) answer(balancer, now, among[0].id, 1us, false);
  BOOST_TEST(shares(balancer, now, among, 100)[0] == 0);
}

BOOST_AUTO_TEST_CASE(round_robin_takes_turns) {
  const auto among = servers(3);
  mesh::balancer balancer;
  BOOST_TEST(shares(balancer, time_point{}, among, 300, balance::round_robin) == (std::vector<int>{100, 100, 100}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sticky_keys_move_only_when_their_server_goes) {
  const auto among = servers(10);
  auto fewer = among;
  fewer.erase(fewer.begin() + 3);
  std::reverse(fewer.begin(), fewer.end());  // The order of candidates must not matter.
  mesh::balancer balancer;
  rng random(1);
  std::array<int, 10> share{};
  for (int i = 0; i < 10000; ++i) {
    const auto key = "key-" + std::to_string(i);
    const auto at = *balancer.pick(time_point{}, among, balance::sticky, key, random);
    const auto later = *balancer.pick(time_point{}, fewer, balance::sticky, key, random);
    ++share[at];
    if (at != 3) BOOST_REQUIRE((fewer[later].id == among[at].id));
  }
  for (const auto each : share) BOOST_TEST(std::abs(each - 1000) < 150);
}

BOOST_AUTO_TEST_CASE(sticky_weights_are_the_same_on_every_machine) {
  BOOST_TEST(mesh::hash_key("") == 0xf52a15e9a9b5e89bULL);
  BOOST_TEST(mesh::hash_key("askr") == 0x42fb03741931dbc7ULL);
  BOOST_TEST(mesh::rendezvous_weight(mesh::hash_key("askr"), numbered_id(1)) == 0x44caea399dd35854ULL);
}

BOOST_AUTO_TEST_CASE(rows_of_a_lost_node_go_and_the_table_is_bounded) {
  mesh::balancer balancer({.servers_max = 8});
  const auto among = servers(100);
  for (const auto& each : among) answer(balancer, time_point{}, each.id, 1ms);
  BOOST_TEST(balancer.size() <= 8u);
  balancer.on_lost(among.back().id);
  BOOST_TEST(balancer.in_flight(among.back().id) == 0u);
  for (const auto& each : among) balancer.on_sent(time_point{}, each.id);
  BOOST_TEST(balancer.size() <= 8u);
  balancer.on_reply(time_point{}, among.back().id, 1ms, true);  // Unknown: nothing happens.
  BOOST_TEST(shares(balancer, time_point{}, among, 100).size() == 100u);
}

BOOST_AUTO_TEST_CASE(a_server_ten_times_as_slow_does_not_spoil_the_tail) {
  constexpr int commands = 20000;
  constexpr double per_second = 500;  // 55 % of what ten servers can do.
  mesh::balancer fair, turns;
  rng random(3);
  const auto p2c = queues(10).run(
      commands, per_second,
      [&](time_point now, const auto& among) { return *fair.pick(now, among, balance::p2c, {}, random); }, &fair);
  const auto round_robin = queues(10).run(commands, per_second, [&](time_point now, const auto& among) {
    return *turns.pick(now, among, balance::round_robin, {}, random);
  });
  const auto by_chance = queues(10).run(commands, per_second, [&](time_point, const auto& among) {
    return static_cast<std::size_t>(random.below(among.size()));
  });
  BOOST_TEST_MESSAGE("p99 in ms: p2c " << p2c << ", round robin " << round_robin << ", random " << by_chance);
  BOOST_TEST(p2c < 120);
  BOOST_TEST(p2c * 10 < round_robin);
  BOOST_TEST(p2c * 10 < by_chance);
}

BOOST_AUTO_TEST_SUITE_END()
