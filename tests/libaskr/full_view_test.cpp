// SPDX-License-Identifier: MIT
// Whole cores in lines and rings: who is seen, who is lost, and when.
#include "libaskr/src/record_wire.hpp"
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(full_view_suite)

namespace {

using namespace askr;
using askr::test::core_network;

/// 0 - 1 - 2 - ...: nobody is linked to more than two.
void chain(core_network& network, std::size_t nodes) {
  for (std::size_t i = 0; i + 1 < nodes; ++i) network.connect(i, i + 1);
  network.run();
}

bool sees(core_network& network, std::size_t at, std::size_t other) {
  return network.core(at).members().view().is_up(network.self(other).id);
}

bool equal_views(core_network& network, std::initializer_list<std::size_t> nodes) {
  const auto root = [&](std::size_t node) { return network.core(node).members().view().root(); };
  return std::all_of(nodes.begin(), nodes.end(), [&](std::size_t each) { return root(each) == root(*nodes.begin()); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(everybody_in_a_chain_sees_everybody_and_what_he_serves) {
  core_network network(5);
  network.on(4, "far", [] { return 4; });
  chain(network, 5);
  network.advance(1s);
  for (std::size_t at = 0; at < 5; ++at) {
    BOOST_TEST(network.core(at).nodes().size() == 5);
    for (std::size_t other = 0; other < 5; ++other) BOOST_TEST(sees(network, at, other));
  }
  BOOST_TEST(equal_views(network, {0, 1, 2, 3, 4}));
  const auto nodes = network.core(0).nodes();
  const auto far =
      std::find_if(nodes.begin(), nodes.end(), [&](const auto& each) { return each.id == network.self(4).id; });
  BOOST_TEST(far->commands == std::vector<std::string>{"far"});
}

BOOST_AUTO_TEST_CASE(a_cut_chain_loses_the_far_half_after_the_settle_time_and_finds_it_again) {
  core_network network(4);
  network.connect(0, 1);
  auto& middle = network.connect(1, 2);
  network.connect(2, 3);
  network.run();
  network.cut(middle);
  network.run();
  BOOST_TEST(sees(network, 0, 3));  // Not yet: another path may be on its way.
  network.advance(60ms);
  for (const std::size_t lost : {2, 3}) BOOST_TEST(!sees(network, 0, lost));
  BOOST_TEST(sees(network, 0, 1));
  BOOST_TEST(network.counts(0).nodes_lost == 2);
  network.connect(1, 2);
  network.run();
  for (const std::size_t back : {1, 2, 3}) BOOST_TEST(sees(network, 0, back));
  BOOST_TEST(equal_views(network, {0, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_node_is_not_lost_while_another_path_leads_to_it) {
  core_network network(4);
  auto& gone = network.connect(0, 1);
  network.connect(1, 2);
  network.connect(2, 3);
  network.connect(3, 0);
  network.run();
  network.cut(gone);
  network.advance(1s);
  for (std::size_t at = 0; at < 4; ++at) {
    BOOST_TEST(network.core(at).nodes().size() == 4);
    BOOST_TEST(network.counts(at).nodes_lost == 0);
  }
}

BOOST_AUTO_TEST_CASE(who_leaves_is_gone_for_the_far_end_of_a_chain_too_at_once) {
  core_network network(4);
  chain(network, 4);
  network.core(3).stop(network.now());
  network.run();
  BOOST_TEST(network.core(0).nodes().size() == 3);
}

BOOST_AUTO_TEST_CASE(news_reach_the_far_end_once) {
  core_network network(4);
  chain(network, 4);
  network.on(3, "new", [] {});
  network.run();
  const auto seen = network.core(0).members().view().find(network.self(3).id);
  BOOST_TEST((seen->stamp() == network.core(3).members().view().find(network.self(3).id)->stamp()));
  BOOST_TEST(equal_views(network, {0, 1, 2, 3}));
}

// A peer that is about to lose somebody too confirms him; later a link comes up behind which he was.
BOOST_AUTO_TEST_CASE(what_was_confirmed_of_a_lost_node_is_not_believed_for_ever) {
  core_network network(5);
  chain(network, 5);
  auto& last = network.connect(2, 4);
  network.run();
  network.advance(1s);
  network.cut(network.wires()[1]);
  network.advance(1s);
  for (const std::size_t lost : {2, 3, 4}) BOOST_REQUIRE(!sees(network, 0, lost));
  mesh::view_rows late;
  for (const std::size_t lost : {3, 4})
    late.rows.push_back(network.core(1).members().view().find(network.self(lost).id)->row());
  forge(network, 1, 0, [&](transport::outbox& box) {
    byte_buffer body;
    write_message(body, mesh::exchange_message{0, late});
    (void)box.append_control(body);
  });
  network.cut(network.wires()[3]);
  network.cut(last);
  network.advance(10s);
  const auto found = network.counts(0).nodes_found;
  network.connect(0, 2);
  network.run();
  network.advance(1s);
  for (const std::size_t back : {2, 3}) BOOST_TEST(sees(network, 0, back));
  BOOST_TEST(network.counts(0).nodes_found == found + 2);  // Not the last one, which is gone.
}

BOOST_AUTO_TEST_CASE(an_owner_that_is_not_admitted_counts_for_routing_alone) {
  struct picky : workspace_secret {
    void authenticate_peer(peer_credential shown, verdict_handler answer) override {
      if (shown.name.find("n2") != std::string::npos) return answer(error{errc::unauthenticated, "not you"});
      workspace_secret::authenticate_peer(std::move(shown), std::move(answer));
    }
  };
  core_network network(0);
  network.add([](node_options& options) { options.authenticator = std::make_shared<picky>(); });
  for (int i = 0; i < 3; ++i) network.add();
  network.on(2, "shady", [] {});
  network.on(3, "honest", [] {});
  chain(network, 4);
  network.advance(100ms);
  BOOST_TEST(sees(network, 0, 2));
  BOOST_TEST(sees(network, 0, 3));  // Its path leads through the one that is not admitted.
  BOOST_TEST(network.core(0).nodes().size() == 3);
  BOOST_TEST(network.counts(0).owners_refused == 1);
  BOOST_TEST((network.send(0, "shady").code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(above_the_full_mesh_nodes_link_with_a_few_and_still_see_all) {
  core_network network(0);
  network.follow_dials = true;
  const auto small = [](node_options& options) { options.limits.full_mesh_max = 8; };
  network.add(small, 1);
  for (int i = 1; i < 24; ++i) {
    network.add(
        [&](node_options& options) {
          small(options);
          options.seeds = {"127.0.0.1:8800"};
        },
        static_cast<std::uint8_t>(1 + 10 * i));
  }
  network.advance(90s);
  std::size_t links = 0;
  for (std::size_t at = 0; at < 24; ++at) {
    BOOST_TEST(network.core(at).nodes().size() == 24);
    links += network.core(at).peers().size();
    BOOST_TEST(network.core(at).members().view().disagreeing(network.now()).empty());
  }
  BOOST_TEST(links < 24 * 14);
  BOOST_TEST(equal_views(network, {0, 5, 10, 23}));
}

BOOST_AUTO_TEST_SUITE_END()
