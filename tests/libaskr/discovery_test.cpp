// SPDX-License-Identifier: MIT
// How a node is found and finds others, and what it says when it does not: interfaces and datagrams as a test gives
// them.
#include "libaskr/src/discovery.hpp"

#include "libaskr/src/doctor.hpp"
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(discovery)

namespace {

using namespace askr;
using namespace askr::test;

constexpr wall_ms wall = 1'800'000'000'000;

transport::host_interface loopback() { return {"lo", 1, true, false, {{"127.0.0.1", false, 8}, {"::1", true, 128}}}; }
transport::host_interface eth0() {
  return {"eth0", 2, false, true, {{"10.0.0.1", false, 24}, {"fd00::1", true, 64}, {"fe80::1%eth0", true, 64}}};
}
transport::host_interface tunnel() { return {"tun0", 3, false, false, {{"10.8.0.1", false, 32}}}; }

/// One node that listens where `bind` says, on a host with three interfaces.
struct world {
  explicit world(std::string bind = "0.0.0.0", const core_network::tune& with = {})
      : net(1), keys(crypto::workspace_keys::derive(std::nullopt, "global")) {
    options.bind = std::move(bind);
    if (with) with(options);
    found.emplace(options, ring, net.core(0).members(), net.counts(0));
    found->set_port(8800);
    found->set_interfaces(net.now(), {loopback(), eth0(), tunnel()});
  }

  std::vector<std::string> route_names() const {
    std::vector<std::string> names;
    for (const auto& each : found->routes()) names.push_back(each.interface.name + (each.ipv6 ? "/6" : "/4"));
    return names;
  }
  byte_buffer beacon_of(std::uint8_t id_byte, std::uint64_t counter = 1,
                        std::vector<std::string> addresses = {"10.0.0.9"}, wall_ms sent = wall) {
    transport::beacon made{
        .id = {}, .life = 5, .counter = counter, .sent = sent, .port = 8800, .addresses = std::move(addresses)};
    made.id.bytes.fill(id_byte);
    return transport::encode_beacon(made, keys);
  }
  bool hear(byte_span datagram, const std::string& from = "10.0.0.9", transport::host_interface by = eth0()) {
    return found->on_datagram(net.now(), wall, {std::move(by), false}, from, datagram);
  }
  /// Where the node would dial what it has heard of.
  std::vector<std::string> candidates() {
    std::vector<std::string> all;
    for (const auto& each : net.core(0).members().candidates()) {
      for (const auto& at : each.addresses) all.push_back(at.address);
    }
    return all;
  }
  std::string findings() {
    std::string text;
    const auto told = diagnose(net.now(), options, *found, net.core(0));
    for (const auto& each : told["findings"].as_array()) text += each["text"].as_string() + "\n";
    return text;
  }
  bool says(std::string_view what) {
    const auto text = findings();
    BOOST_TEST_MESSAGE(text);
    return text.find(what) != std::string::npos;
  }

  node_options options;
  core_network net;
  crypto::workspace_keys keys;
  std::shared_ptr<const crypto::keyring> ring =
      std::make_shared<const crypto::keyring>(crypto::workspace_keys::derive(std::nullopt, "global"));
  std::optional<askr::discovery> found;
};

using texts = std::vector<std::string>;

}  // namespace

// --- where it is reached

BOOST_AUTO_TEST_CASE(a_wildcard_stands_for_all_addresses_of_the_host_but_loopback) {
  BOOST_TEST((world("0.0.0.0").found->endpoints() == texts{"10.0.0.1:8800", "10.8.0.1:8800"}));
  BOOST_TEST((world("::").found->endpoints() == texts{"10.0.0.1:8800", "10.8.0.1:8800", "[fd00::1]:8800"}));
  BOOST_TEST((world("10.0.0.1").found->endpoints() == texts{"10.0.0.1:8800"}));
  world lonely;
  lonely.found->set_interfaces(lonely.net.now(), {loopback()});
  BOOST_TEST((lonely.found->endpoints() == texts{"127.0.0.1:8800"}));
}

BOOST_AUTO_TEST_CASE(beacons_leave_by_every_interface_that_can_carry_them_and_is_allowed) {
  BOOST_TEST((world("0.0.0.0").route_names() == texts{"lo/4", "eth0/4"}));
  BOOST_TEST((world("::").route_names() == texts{"lo/4", "eth0/4", "eth0/6"}));
  BOOST_TEST((world("10.0.0.1").route_names() == texts{"eth0/4"}));
  BOOST_TEST((world("fd00::1").route_names() == texts{"eth0/6"}));
  BOOST_TEST((world("127.0.0.1").route_names() == texts{"lo/4"}));
  BOOST_TEST((world("::1").route_names() == texts{"lo/4"}));
  BOOST_TEST((world("::", [](node_options& o) { o.beacon_interfaces = {"eth0"}; }).route_names() ==
              texts{"eth0/4", "eth0/6"}));
  BOOST_TEST((world("::", [](node_options& o) { o.beacon_group_ipv6 = ""; }).route_names() == texts{"lo/4", "eth0/4"}));
  BOOST_TEST(world("::", [](node_options& o) { o.beacon = false; }).route_names().empty());
}

BOOST_AUTO_TEST_CASE(where_peers_see_a_node_behind_a_wildcard_is_announced_until_its_interfaces_change) {
  for (const auto* bind : {"0.0.0.0", "10.0.0.1"}) {
    world play(bind);
    auto& members = play.net.core(0).members();
    for (std::uint8_t id_byte : {7, 8}) {
      link_peer up;
      up.id.bytes.fill(id_byte);
      up.name = "peer";
      auto& peer = play.net.core(0).peers().at(members.on_link_up(play.net.now(), up).value());
      members.on_observed(peer, "203.0.113.5:9000");
    }
    BOOST_TEST(members.take_observed());
    BOOST_TEST(!members.take_observed());
    const bool wildcard = bind == std::string_view("0.0.0.0");
    BOOST_TEST(play.found->follow_observed() == wildcard);
    BOOST_TEST((play.found->endpoints().back() == "203.0.113.5:9000") == wildcard);
    play.found->set_interfaces(play.net.now(), {loopback(), eth0()});
    BOOST_TEST((play.found->endpoints() == texts{"10.0.0.1:8800"}));
  }
}

BOOST_AUTO_TEST_CASE(only_a_change_of_the_interfaces_is_news) {
  world play;
  BOOST_TEST(!play.found->set_interfaces(play.net.now(), {loopback(), eth0(), tunnel()}));
  BOOST_TEST(play.found->set_interfaces(play.net.now(), {loopback(), eth0()}));
}

// --- what comes in

BOOST_AUTO_TEST_CASE(where_a_beacon_came_from_is_the_first_address_to_try) {
  world play;
  BOOST_TEST(play.hear(play.beacon_of(9, 1, {"172.17.0.1", "127.0.0.1"})));
  BOOST_TEST((play.candidates() == texts{"10.0.0.9:8800", "172.17.0.1:8800"}));
}

BOOST_AUTO_TEST_CASE(loopback_addresses_count_for_beacons_of_this_host) {
  world play;
  BOOST_TEST(play.hear(play.beacon_of(9, 1, {"127.0.0.1"}), "127.0.0.1", loopback()));
  BOOST_TEST((play.candidates() == texts{"127.0.0.1:8800"}));
}

BOOST_AUTO_TEST_CASE(beacons_of_another_network_are_refused) {
  world play;
  play.hear(play.beacon_of(9), "192.0.2.9");
  BOOST_TEST(play.candidates().empty());
  BOOST_TEST(play.net.counts(0).beacons_refused == 1);
  BOOST_TEST(play.says("1 beacons of this workspace came from 192.0.2.9, which is in no network of the interface"));
  BOOST_TEST(play.says("askr node --join 192.0.2.9:8800"));
  play.hear(play.beacon_of(9), "fe80::9%eth0");
  BOOST_TEST((play.candidates() == texts{"[fe80::9%eth0]:8800", "10.0.0.9:8800"}));
}

BOOST_AUTO_TEST_CASE(a_beacon_that_was_heard_before_is_no_news) {
  world play;
  play.hear(play.beacon_of(9, 2));
  play.hear(play.beacon_of(9, 1, {"10.0.0.66"}), "10.0.0.66");
  BOOST_TEST((play.candidates() == texts{"10.0.0.9:8800"}));
}

BOOST_AUTO_TEST_CASE(a_flood_of_forged_beacons_has_bounded_cost_and_leaves_nothing_behind) {
  world play;
  auto forged = play.beacon_of(9);
  forged.back() ^= 1;
  int read = 0;
  for (int i = 0; i < 100'000; ++i) read += play.hear(forged, "10.0.0." + std::to_string(i % 250));
  BOOST_TEST(read <= 1'000);  // Time stands still: the burst, and no more.
  BOOST_TEST(play.candidates().empty());
  BOOST_TEST(play.found->ledger().sources().size() <= 250);
}

// --- seeds

BOOST_AUTO_TEST_CASE(the_seeds_file_adds_seeds_and_takes_them_away) {
  world play;
  BOOST_TEST(play.found->set_file_seeds(play.net.now(), "# mesh\n 10.0.0.7:9000 # b\r\n\nmesh.example\n:77\n[::1\n") ==
             2);
  std::set<std::string> known;
  for (const auto& each : play.net.core(0).members().candidates()) known.insert(each.who);
  BOOST_TEST((known == std::set<std::string>{"10.0.0.7:9000", "mesh.example:8800"}));
  play.found->set_file_seeds(play.net.now(), "mesh.example:8800");
  BOOST_TEST(play.net.core(0).members().candidates().size() == 1);
}

BOOST_AUTO_TEST_CASE(what_is_a_seed_by_option_stays_one_when_the_file_lets_it_go) {
  world play("0.0.0.0", [](node_options& o) { o.seeds = {"10.0.0.7"}; });
  play.found->set_file_seeds(play.net.now(), "10.0.0.7:8800\n");
  play.found->set_file_seeds(play.net.now(), "");
  BOOST_TEST((play.candidates() == texts{"10.0.0.7:8800"}));
}

// --- what the doctor says

BOOST_AUTO_TEST_CASE(multicast_that_does_not_come_back_is_told) {
  world play;
  for (const auto& each : play.found->routes()) play.found->on_sent(play.net.now(), each, {});
  play.net.advance(1s);
  BOOST_TEST(play.says("multicast leaves eth0 (IPv4) but does not come back"));
  play.hear(play.found->beacon(wall), "10.0.0.1");
  BOOST_TEST(!play.says("multicast leaves eth0"));
  BOOST_TEST(play.says("no beacon of another node of this workspace came in on eth0 (IPv4)"));
  play.hear(play.beacon_of(9));
  BOOST_TEST(!play.says("no beacon of another node"));
}

BOOST_AUTO_TEST_CASE(an_interface_that_refuses_to_send_is_told) {
  world play;
  play.found->on_sent(play.net.now(), play.found->routes().back(), error{errc::io_failed, "Network is unreachable"});
  BOOST_TEST(play.says("beacons cannot leave by eth0 (IPv4): Network is unreachable"));
}

BOOST_AUTO_TEST_CASE(what_became_of_each_address_is_told_in_plain_words) {
  world play;
  play.hear(play.beacon_of(9, 1, {"10.0.0.9", "172.17.0.1", "10.0.0.10"}));
  auto& members = play.net.core(0).members();
  const std::vector<error> whys{{errc::io_failed, "connect: Connection refused"},
                                {errc::timed_out, "no connection in time"},
                                {errc::unauthenticated, "another node answered"}};
  for (const auto& why : whys) {
    play.net.advance(500ms);
    for (const auto& each : play.net.dials) members.on_dial_failed(play.net.now(), each.second.dial, why, false);
    play.net.dials.clear();
  }
  BOOST_TEST(play.says("cannot be reached: 3 addresses: "));
}

BOOST_AUTO_TEST_CASE(strangers_and_forgers_and_wrong_clocks_are_told) {
  world play;
  const auto others = crypto::workspace_keys::derive(std::nullopt, "other");
  transport::beacon theirs{.id = {}, .life = 1, .counter = 1, .port = 1, .addresses = {}};
  play.hear(transport::encode_beacon(theirs, others), "10.0.0.5");
  BOOST_TEST(play.says("1 beacons of another workspace, or of this one with another secret, came from 10.0.0.5"));
  auto forged = play.beacon_of(9);
  forged.back() ^= 1;
  play.hear(forged, "10.0.0.6");
  BOOST_TEST(play.says("wrong MAC came from 10.0.0.6"));
  play.hear(play.beacon_of(9, 1, {"10.0.0.9"}, wall + 90'000));
  BOOST_TEST(play.says("clock_skew: the clock of node 09090909 is 90 s ahead of ours"));
}

BOOST_AUTO_TEST_CASE(a_node_that_cannot_be_found_says_so) {
  BOOST_TEST(world("127.0.0.1").says("it listens on loopback only"));
  BOOST_TEST(world("0.0.0.0", [](node_options& o) { o.beacon = false; }).says("beacons are off"));
  world play;
  play.found->set_interfaces(play.net.now(), {tunnel()});
  BOOST_TEST(play.says("no interface can carry beacons"));
  BOOST_TEST(play.says("it sees no other node"));
  BOOST_TEST(play.says("it has no seeds"));
}

BOOST_AUTO_TEST_CASE(peers_tell_each_other_where_they_see_them) {
  core_network net(2);
  net.mesh();
  std::string seen;
  net.core(0).peers().for_each([&](const peer& each) { seen = each.observed; });
  BOOST_TEST(!seen.empty());
}

BOOST_AUTO_TEST_SUITE_END()
