// SPDX-License-Identifier: MIT
#include "mesh/observed_endpoints.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(observed_endpoints)

namespace {

using namespace askr;
using askr::test::numbered_id;
using texts = std::vector<std::string>;

/// A node on 10.0.0.1/24 that listens on port 8800.
struct node {
  explicit node(std::size_t announced_max = 4) : seen(announced_max) {}

  bool hears(std::uint32_t by, std::string endpoint, bool dialed = false) {
    said.push_back({numbered_id(by), std::move(endpoint), dialed});
    return seen.update(said, own);
  }

  mesh::own_networks own{
      .port = 8800,
      .is_own = [](std::string_view address) { return address == "10.0.0.1"; },
      .is_in_network = [](std::string_view address) { return address.starts_with("10.0.0."); },
  };
  mesh::observed_endpoints seen;
  std::vector<mesh::observation> said;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_address_elsewhere_counts_when_two_peers_say_it) {
  node here;
  BOOST_TEST(!here.hears(1, "203.0.113.5:9000"));
  BOOST_TEST(!here.hears(1, "203.0.113.5:9000"));  // One peer with two links is one peer.
  BOOST_TEST(!here.hears(2, "203.0.113.5:9001"));
  BOOST_TEST(here.hears(3, "203.0.113.5:9000"));
  BOOST_TEST(!here.hears(4, "203.0.113.5:9000"));
  BOOST_TEST(here.seen.announced() == texts{"203.0.113.5:9000"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(within_the_nodes_own_network_one_word_is_enough_but_for_another_port) {
  node here;
  BOOST_TEST(!here.hears(1, "10.0.0.77:22"));
  BOOST_TEST(here.hears(1, "10.0.0.77:8800"));
  BOOST_TEST(here.seen.announced() == texts{"10.0.0.77:8800"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_link_that_was_dialed_the_port_is_the_one_that_is_listened_on) {
  node here;
  here.hears(1, "203.0.113.5:40001", true);
  BOOST_TEST(here.hears(2, "203.0.113.5:40002", true));
  BOOST_TEST(here.seen.announced() == texts{"203.0.113.5:8800"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_means_nothing_to_others_or_is_known_never_counts) {
  node here;
  here.own.ipv6 = false;
  for (const auto* said : {"127.0.0.1:8800", "[::1]:8800", "[fe80::1%eth0]:8800", "0.0.0.0:8800", "10.0.0.1:8800",
                           "[2001:db8::1]:8800", "mesh.example:8800", "nonsense", "", "203.0.113.5:0", "unix"}) {
    for (std::uint32_t by = 1; by <= 3; ++by) BOOST_TEST(!here.hears(by, said), said);
  }
  here.own.ipv6 = true;
  BOOST_TEST(here.hears(4, "[2001:db8::1]:8800"));
}

BOOST_AUTO_TEST_CASE(what_is_announced_is_bounded_and_stays_until_somebody_says_better) {
  node here(2);
  for (const auto* said : {"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}) {
    for (std::uint32_t by = 1; by <= 2; ++by) here.hears(by, said);
  }
  BOOST_TEST(here.seen.announced() == (texts{"192.0.2.1:1", "192.0.2.2:1"}), boost::test_tools::per_element());
  here.said.clear();
  BOOST_TEST(!here.seen.update(here.said, here.own));  // The links are gone; where it was seen may still be right.
  BOOST_TEST(here.seen.announced().size() == 2);
  here.hears(1, "192.0.2.3:1");
  BOOST_TEST(here.hears(2, "192.0.2.3:1"));
  BOOST_TEST(here.seen.announced() == (texts{"192.0.2.2:1", "192.0.2.3:1"}), boost::test_tools::per_element());
  BOOST_TEST(here.seen.forget());
  BOOST_TEST(here.seen.announced().empty());
  node silent(0);
  silent.hears(1, "192.0.2.1:1");
  BOOST_TEST(!silent.hears(2, "192.0.2.1:1"));
}

BOOST_AUTO_TEST_SUITE_END()
