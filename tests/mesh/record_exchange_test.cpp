// SPDX-License-Identifier: MIT
#include "mesh/record_exchange.hpp"

#include "tests/support/record_owner.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace askr;
using namespace askr::mesh;
using askr::test::proof;
using askr::test::record_owner;

// A record as it stands in a datagram: it owns what its delta views.
struct carried_delta {
  record_delta delta;
  byte_buffer entries, removed;

  explicit carried_delta(const record_delta& from) : delta(from) {
    append(entries, from.changes.entries);
    append(removed, from.changes.removed);
  }
  record_delta view() const {
    auto out = delta;
    out.changes = {entries, removed};
    return out;
  }
};
using carried = std::variant<view_summary, view_rows, record_pull, std::shared_ptr<carried_delta>>;

// Nodes with links that keep order. Who can be reached by links that both ends report is up, as in a real node.
class mesh_of {
 public:
  struct node {
    node(std::uint64_t number, record_memo& memo) : owner(number), view(owner.id(), proof(), memo), exchange(view) {}
    record_owner owner;
    record_view view;
    record_exchange exchange;
    std::set<std::size_t> peers;
  };

  explicit mesh_of(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes.push_back(std::make_unique<node>(i + 1, memo));
      publish(i);
    }
  }

  void publish(std::size_t at) {
    auto& from = *nodes[at];
    from.owner.now = std::max(from.owner.now, now);
    const auto news = from.owner.publisher.publish(from.owner.now += 100ms);
    if (!news) return;
    from.exchange.publish(now, news->record);
    for (const auto peer : from.peers) post(at, peer, std::make_shared<carried_delta>(news->delta()));
  }
  void set(std::size_t at, const std::string& key, const std::string& value = {}) {
    nodes[at]->owner.set(key, value);
    publish(at);
  }
  void connect(std::size_t one, std::size_t other) {
    link_up(one, other);
    link_up(other, one);
    for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
      nodes[from]->owner.link(nodes[to]->owner);
      publish(from);
    }
  }
  void cut(std::size_t one, std::size_t other) {
    for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
      nodes[from]->peers.erase(to);
      nodes[from]->exchange.on_link_down(to);
      nodes[from]->owner.publisher.remove(link_key(nodes[to]->owner.id()));
      wires.erase({from, to});
      publish(from);
    }
  }
  /// Until all is quiet.
  void run() {
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t i = 0; i < nodes.size(); ++i) end_turn(i);
      for (auto& [ends, wire] : wires) {
        for (auto batch = std::exchange(wire, {}); !batch.empty(); batch.pop_front()) {
          busy = true;
          deliver(ends.first, ends.second, batch.front());
        }
      }
      now += 1ms;
    }
  }
  void tell_roots() {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (const auto peer : nodes[i]->peers) {
        nodes[peer]->exchange.on_heard_root(now, i, nodes[i]->view.digest().root());
      }
    }
  }
  /// True if all see all that `count` nodes say.
  bool agree(std::size_t count) const {
    for (const auto& each : nodes) {
      if (each->view.up_count() != count || each->view.digest().root() != nodes[0]->view.digest().root()) return false;
    }
    return true;
  }

  std::vector<std::unique_ptr<node>> nodes;
  std::size_t records_sent = 0, deltas_sent = 0, rows_sent = 0, summaries_sent = 0, pulls_sent = 0;
  std::size_t drop_deltas = 0;  ///< So many of the next ones get lost.
  time_point now{};

 private:
  void link_up(std::size_t at, std::size_t to) {
    auto& self = *nodes[at];
    self.peers.insert(to);
    self.exchange.on_link_up(now, to, nodes[to]->owner.id(), self.owner.id() < nodes[to]->owner.id());
  }
  void post(std::size_t from, std::size_t to, carried what) {
    if (const auto* delta = std::get_if<std::shared_ptr<carried_delta>>(&what)) {
      ++((*delta)->delta.whole() ? records_sent : deltas_sent);
      if (!(*delta)->delta.whole() && drop_deltas > 0) return void(--drop_deltas);
    }
    if (const auto* rows = std::get_if<view_rows>(&what)) rows_sent += rows->rows.size();
    summaries_sent += std::holds_alternative<view_summary>(what);
    if (const auto* pull = std::get_if<record_pull>(&what)) pulls_sent += pull->ids.size();
    wires[{from, to}].push_back(std::move(what));
  }
  void end_turn(std::size_t at) {
    reach(at);
    for (auto& message : nodes[at]->exchange.take_messages(now)) {
      const auto to = static_cast<std::size_t>(message.to);
      std::visit([&](auto& what) { post(at, to, carry(what)); }, message.what);
    }
  }
  static carried carry(const signed_record_ptr& record) {
    byte_buffer kept;
    return std::make_shared<carried_delta>(whole_of(*record, kept));
  }
  static carried carry(const record_header& of_the_lost) {
    return std::make_shared<carried_delta>(obituary_of(of_the_lost));
  }
  template <class T>
  static carried carry(const T& message) {
    return message;
  }
  void deliver(std::size_t from, std::size_t to, const carried& what) {
    auto& exchange = nodes[to]->exchange;
    if (const auto* delta = std::get_if<std::shared_ptr<carried_delta>>(&what)) {
      const auto outcome = exchange.on_delta(now, from, (*delta)->view()).value();
      for (const auto link : outcome.forward_to) post(to, static_cast<std::size_t>(link), *delta);
    }
    if (const auto* summary = std::get_if<view_summary>(&what)) exchange.on_summary(from, *summary);
    if (const auto* rows = std::get_if<view_rows>(&what)) exchange.on_rows(from, *rows);
    if (const auto* pull = std::get_if<record_pull>(&what)) exchange.on_pull(from, pull->ids);
  }
  void reach(std::size_t at) {
    auto& self = *nodes[at];
    std::set<node_id> reached{self.owner.id()};
    std::deque<signed_record_ptr> next{self.view.find(self.owner.id())};
    for (; !next.empty(); next.pop_front()) {
      for (const auto& [id, report] : links_of(*next.front())) {
        const auto there = self.view.find(id);
        if (there && linked(*next.front(), *there) && reached.insert(id).second) next.push_back(there);
      }
    }
    std::vector<node_id> gone;
    for (const auto& row : self.view.rows()) {
      if (row.up && !reached.contains(row.id())) gone.push_back(row.id());
    }
    for (const auto& id : gone) self.view.lose(now, id);
    for (const auto& id : reached) self.exchange.set_up(now, id, true);
  }

  record_memo memo{100'000};
  std::map<std::pair<std::size_t, std::size_t>, std::deque<carried>> wires;
};

void connect_ring(mesh_of& mesh, std::size_t from, std::size_t to, rng& random, std::size_t fingers) {
  for (auto i = from; i < to; ++i) {
    if (to - from > 1) mesh.connect(i, i + 1 < to ? i + 1 : from);
    for (std::size_t k = 0; k < fingers; ++k) {
      const auto other = from + random.below(to - from);
      if (other != i && !mesh.nodes[i]->peers.contains(other)) mesh.connect(i, other);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_exchanges)

BOOST_AUTO_TEST_CASE(two_nodes_learn_of_each_other) {
  mesh_of mesh(2);
  mesh.connect(0, 1);
  mesh.run();
  BOOST_TEST(mesh.agree(2));
}

BOOST_AUTO_TEST_CASE(a_change_reaches_everybody_over_relays) {
  mesh_of mesh(6);
  for (std::size_t i = 0; i + 1 < 6; ++i) mesh.connect(i, i + 1);
  mesh.run();
  BOOST_TEST(mesh.agree(6));
  mesh.deltas_sent = mesh.records_sent = 0;
  mesh.set(0, "command/new");
  mesh.run();
  BOOST_TEST(mesh.agree(6));
  BOOST_TEST(describe(*mesh.nodes[5]->view.find(mesh.nodes[0]->owner.id())).commands.size() == 1u);
  BOOST_TEST(mesh.deltas_sent == 5u);  // One for each link of the chain.
  BOOST_TEST(mesh.records_sent == 0u);
}

BOOST_AUTO_TEST_CASE(in_a_full_mesh_nobody_repeats_what_the_owner_tells_all) {
  mesh_of mesh(12);
  for (std::size_t i = 0; i < 12; ++i) {
    for (std::size_t k = i + 1; k < 12; ++k) mesh.connect(i, k);
  }
  mesh.run();
  BOOST_TEST(mesh.agree(12));
  mesh.deltas_sent = 0;
  mesh.set(3, "command/new");
  mesh.run();
  BOOST_TEST(mesh.agree(12));
  BOOST_TEST(mesh.deltas_sent == 11u);
}

BOOST_AUTO_TEST_CASE(random_meshes_agree_and_changes_flood) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed=" << seed) {
      rng random(seed);
      mesh_of mesh(10 + random.below(40));
      const auto count = mesh.nodes.size();
      connect_ring(mesh, 0, count, random, 2);
      mesh.run();
      BOOST_TEST(mesh.agree(count));
      for (int i = 0; i < 20; ++i) mesh.set(random.below(count), "state/" + std::to_string(random.below(8)), "x");
      mesh.run();
      BOOST_TEST(mesh.agree(count));
    }
  }
}

// Nodes on a ring of ids, each linked with the next two and with those 4, 8, 16, ... places on.
BOOST_AUTO_TEST_CASE(in_a_ring_a_change_costs_a_few_copies_per_node_however_many_links_it_has) {
  constexpr std::size_t count = 96;
  mesh_of mesh(count);
  std::vector<std::size_t> ring(count);
  for (std::size_t i = 0; i < count; ++i) ring[i] = i;
  std::sort(ring.begin(), ring.end(),
            [&](std::size_t a, std::size_t b) { return mesh.nodes[a]->owner.id() < mesh.nodes[b]->owner.id(); });
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::size_t far : {1U, 2U, 4U, 8U, 16U, 32U}) mesh.connect(ring[i], ring[(i + far) % count]);
  }
  mesh.run();
  BOOST_TEST(mesh.agree(count));
  mesh.deltas_sent = mesh.records_sent = mesh.rows_sent = 0;
  for (std::size_t at = 0; at < 8; ++at) mesh.set(at * 12, "command/new");
  mesh.run();
  BOOST_TEST(mesh.agree(count));
  BOOST_TEST(mesh.deltas_sent < 8 * count * 5);  // 12 links each: 11 copies if all told all.
  BOOST_TEST(mesh.records_sent + mesh.rows_sent == 0u);
}

// Between two full meshes, where nobody's neighbours on the ring of ids are all among its peers.
BOOST_AUTO_TEST_CASE(what_only_one_link_can_bring_comes_over_it) {
  for (std::size_t bridge = 0; bridge < 12; ++bridge) {
    mesh_of mesh(24);
    for (const std::size_t first : {0U, 12U}) {
      for (std::size_t i = first; i < first + 12; ++i) {
        for (std::size_t k = i + 1; k < first + 12; ++k) mesh.connect(i, k);
      }
    }
    mesh.connect(bridge, 12 + (bridge * 5) % 12);
    mesh.run();
    BOOST_TEST(mesh.agree(24));
    for (std::size_t at = 0; at < 24; at += 7) mesh.set(at, "command/new");
    mesh.run();
    BOOST_TEST(mesh.agree(24));
  }
}

BOOST_AUTO_TEST_CASE(a_newcomer_with_many_links_gets_each_record_about_once) {
  rng random(3);
  mesh_of mesh(41);
  connect_ring(mesh, 0, 40, random, 1);
  mesh.run();
  mesh.records_sent = mesh.rows_sent = 0;
  for (std::size_t i = 0; i < 6; ++i) mesh.connect(40, i * 6);
  mesh.run();
  BOOST_TEST(mesh.agree(41));
  // 40 for the newcomer, its own for 40 others; a few twice, where a delta of its six links overtook the pulled record.
  BOOST_TEST(mesh.records_sent < 2u * (40 + 40) * 3 / 4);
}

BOOST_AUTO_TEST_CASE(halves_that_were_apart_agree_again_after_one_link) {
  rng random(5);
  mesh_of mesh(60);
  connect_ring(mesh, 0, 30, random, 1);
  connect_ring(mesh, 30, 60, random, 1);
  mesh.connect(0, 30);
  mesh.run();
  BOOST_TEST(mesh.agree(60));
  mesh.cut(0, 30);
  mesh.run();
  BOOST_TEST(mesh.nodes[1]->view.up_count() == 30u);
  BOOST_TEST(mesh.nodes[1]->view.lost().size() == 30u);
  BOOST_TEST(mesh.nodes[31]->view.up_count() == 30u);
  mesh.set(3, "command/while.apart");
  mesh.run();
  mesh.connect(7, 40);
  mesh.run();
  BOOST_TEST(mesh.agree(60));
  BOOST_TEST(mesh.nodes[1]->view.lost().empty());
}

BOOST_AUTO_TEST_CASE(the_dead_are_forgotten_and_do_not_come_back) {
  rng random(6);
  mesh_of mesh(30);
  connect_ring(mesh, 0, 30, random, 2);
  mesh.run();
  const auto dead = mesh.nodes[7]->owner.id();
  for (const auto peer : std::set<std::size_t>(mesh.nodes[7]->peers)) mesh.cut(7, peer);
  mesh.run();
  for (std::size_t i = 0; i < 30; ++i) {
    if (i != 7) BOOST_TEST((mesh.nodes[i]->view.find(dead) == nullptr));
  }
  mesh.now += 10s;
  mesh.tell_roots();
  mesh.now += 10s;
  mesh.tell_roots();
  mesh.run();
  for (std::size_t i = 0; i < 30; ++i) {
    if (i != 7) BOOST_TEST(mesh.nodes[i]->view.up_count() == 29u);
  }
}

BOOST_AUTO_TEST_CASE(a_lasting_difference_is_repaired_and_costs_what_differs) {
  rng random(8);
  mesh_of mesh(100);
  connect_ring(mesh, 0, 100, random, 1);
  mesh.run();
  BOOST_REQUIRE(mesh.agree(100));
  mesh.drop_deltas = 1'000;
  mesh.set(5, "command/missed");
  mesh.drop_deltas = 0;
  mesh.run();
  BOOST_TEST(!mesh.agree(100));
  mesh.summaries_sent = mesh.rows_sent = mesh.records_sent = 0;
  mesh.tell_roots();
  mesh.run();
  BOOST_TEST(mesh.summaries_sent == 0u);  // It may be just on its way.
  mesh.now += 4s;
  mesh.tell_roots();
  mesh.run();
  BOOST_TEST(mesh.agree(100));
  BOOST_TEST(mesh.summaries_sent == mesh.nodes[5]->peers.size());
  BOOST_TEST(mesh.records_sent == 99u);
  BOOST_TEST(mesh.rows_sent < 700u);  // Offers along all links; nothing like 100 rows for each.
}

BOOST_AUTO_TEST_CASE(equal_views_exchange_nothing) {
  mesh_of mesh(3);
  mesh.connect(0, 1);
  mesh.connect(1, 2);
  mesh.run();
  mesh.summaries_sent = mesh.rows_sent = mesh.records_sent = 0;
  for (int i = 0; i < 10; ++i) {
    mesh.now += 4s;
    mesh.tell_roots();
    mesh.run();
  }
  BOOST_TEST(mesh.summaries_sent + mesh.rows_sent + mesh.records_sent == 0u);
  BOOST_TEST(mesh.nodes[0]->exchange.disagreeing(mesh.now).empty());
}

BOOST_AUTO_TEST_CASE(a_difference_that_stays_is_reported_with_names) {
  mesh_of mesh(2);
  mesh.connect(0, 1);
  mesh.run();
  auto& exchange = mesh.nodes[0]->exchange;
  for (int i = 0; i <= 8; ++i) exchange.on_heard_root(mesh.now + i * 4s, 1, digest{1});
  BOOST_TEST(exchange.disagreeing(mesh.now + 20s).empty());
  BOOST_TEST((exchange.disagreeing(mesh.now + 32s) == std::vector{mesh.nodes[1]->owner.id()}));
}

BOOST_AUTO_TEST_CASE(who_does_not_deliver_is_replaced_by_another_who_offered) {
  mesh_of mesh(4);  // 0 is linked to 1 and 2, which both offer 3.
  auto& self = *mesh.nodes[0];
  record_exchange exchange(self.view);
  exchange.on_link_up(mesh.now, 1, mesh.nodes[1]->owner.id(), false);
  exchange.on_link_up(mesh.now, 2, mesh.nodes[2]->owner.id(), false);
  exchange.take_messages(mesh.now);
  const view_rows offer{{}, {mesh.nodes[3]->owner.publisher.record()->row()}};
  exchange.on_rows(1, offer);
  exchange.on_rows(2, offer);
  auto asked = exchange.take_messages(mesh.now);
  BOOST_REQUIRE(asked.size() == 1u);
  BOOST_TEST(asked[0].to == 1u);
  BOOST_TEST((exchange.next_timeout() == mesh.now + 1s));
  mesh.now += 1s;
  exchange.on_timeout(mesh.now);
  asked = exchange.take_messages(mesh.now);
  BOOST_REQUIRE(asked.size() == 1u);
  BOOST_TEST(asked[0].to == 2u);
  mesh.now += 1s;
  exchange.on_timeout(mesh.now);
  BOOST_TEST(exchange.take_messages(mesh.now).empty());
  BOOST_TEST(exchange.pulls() == 0u);
  exchange.on_rows(1, offer);
  exchange.on_rows(2, offer);
  exchange.take_messages(mesh.now);
  exchange.on_link_down(1);
  asked = exchange.take_messages(mesh.now);
  BOOST_REQUIRE(asked.size() == 1u);
  BOOST_TEST(asked[0].to == 2u);
}

BOOST_AUTO_TEST_CASE(pulls_are_bounded_and_paced) {
  mesh_of mesh(1);
  record_exchange exchange(mesh.nodes[0]->view, {.pulls_max = 3'000});
  exchange.on_link_up(mesh.now, 1, node_id{{1}}, false);
  view_rows offer;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    node_id id{};
    id.bytes[0] = static_cast<std::uint8_t>(i), id.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    offer.rows.push_back({id, {1, 1, {}}});
  }
  exchange.on_rows(1, offer);
  BOOST_TEST(exchange.pulls() == 3'000u);
  std::set<node_id> asked;
  for (int round = 0; round < 4; ++round) {  // The next ones are asked for when those before are answered, or given up.
    for (const auto& message : exchange.take_messages(mesh.now)) {
      const auto* pull = std::get_if<record_pull>(&message.what);
      if (pull == nullptr) continue;
      BOOST_TEST(pull->ids.size() <= 1'024u);
      asked.insert(pull->ids.begin(), pull->ids.end());
    }
    BOOST_TEST(asked.size() == std::min<std::size_t>(1'024u * (static_cast<std::size_t>(round) + 1), 3'000u));
    BOOST_TEST(exchange.take_messages(mesh.now).empty());
    exchange.on_timeout(mesh.now += 1s);
  }
  BOOST_TEST(exchange.pulls() == 0u);
}

BOOST_AUTO_TEST_CASE(unknown_links_are_passed_over) {
  mesh_of mesh(1);
  auto& exchange = mesh.nodes[0]->exchange;
  exchange.on_summary(9, {});
  exchange.on_rows(9, {std::bitset<256>().set(), {{node_id{{1}}, {1, 1, {}}}}});
  exchange.on_pull(9, std::vector{mesh.nodes[0]->owner.id()});
  exchange.on_heard_root(mesh.now, 9, {});
  exchange.on_link_down(9);
  BOOST_TEST(exchange.take_messages(mesh.now).empty());
}

BOOST_AUTO_TEST_SUITE_END()
