// SPDX-License-Identifier: MIT
#include "mesh/beacon_ledger.hpp"
#include "mesh/host_address.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(beacon_ledger)

namespace {

using namespace askr;
using namespace askr::mesh;

constexpr time_point begin = time_point(seconds(1000));

}  // namespace

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_and_then_its_rate) {
  token_bucket bucket(10, 3);
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += bucket.take(begin);
  BOOST_TEST(taken == 3);
  for (int i = 0; i < 100; ++i) taken += bucket.take(begin + 100ms);
  BOOST_TEST(taken == 4);
  for (int i = 0; i < 100; ++i) taken += bucket.take(begin + 1h);
  BOOST_TEST(taken == 7);
  BOOST_TEST(!bucket.take(begin));  // A clock that goes backwards gives nothing.
}

BOOST_AUTO_TEST_CASE(a_flood_is_read_at_a_bounded_rate) {
  mesh::beacon_ledger ledger;
  int read = 0;
  for (int i = 0; i < 1'000'000; ++i) read += ledger.may_read(begin + microseconds(10 * i));  // 100,000/s for 10 s.
  BOOST_TEST(read <= 1'000 + 100'000);
}

BOOST_AUTO_TEST_CASE(one_source_cannot_use_up_what_all_share) {
  mesh::beacon_ledger ledger;
  int followed = 0;
  for (int i = 0; i < 1000; ++i) followed += ledger.may_follow(begin, "10.0.0.1", false);
  BOOST_TEST(followed == 64);
  BOOST_TEST(ledger.may_follow(begin, "10.0.0.2", false));
  for (int i = 0; i < 1000; ++i) followed += ledger.may_follow(begin, "127.0.0.1", true);
  BOOST_TEST(followed == 199);  // 200 a second in all, of which the other source had one.
}

BOOST_AUTO_TEST_CASE(sources_and_clocks_are_bounded) {
  mesh::beacon_ledger ledger;
  for (int i = 0; i < 5000; ++i) {
    ledger.from(begin, std::to_string(i)).wrong_mac += 1;
    node_id id;
    id.bytes[0] = static_cast<std::uint8_t>(i);
    id.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    ledger.set_clock(id, i);
  }
  BOOST_TEST(ledger.sources().size() == mesh::beacon_ledger::sources_max);
  BOOST_TEST(ledger.clocks().size() == mesh::beacon_ledger::clocks_max);
}

BOOST_AUTO_TEST_CASE(addresses_are_told_from_names_and_from_each_other) {
  BOOST_TEST((is_ip_address("10.0.0.1") && is_ip_address("::1") && is_ip_address("fe80::1%eth0")));
  BOOST_TEST((!is_ip_address("localhost") && !is_ip_address("10.0.0") && !is_ip_address("")));
  BOOST_TEST((is_loopback_address("127.9.9.9") && is_loopback_address("::1") && !is_loopback_address("128.0.0.1")));
  BOOST_TEST(
      (is_link_local_address("fe80::1%eth0") && is_link_local_address("febf::1") && !is_link_local_address("fd00::1")));
  BOOST_TEST((same_network("10.0.0.1", "10.0.0.254", 24) && !same_network("10.0.0.1", "10.0.1.1", 24)));
  BOOST_TEST((same_network("10.0.2.1", "10.0.3.1", 23) && same_network("1.2.3.4", "9.9.9.9", 0)));
  BOOST_TEST((same_network("fd00::1", "fd00::ffff", 64) && !same_network("fd00::1", "fd01::1", 64)));
  BOOST_TEST(!same_network("10.0.0.1", "::1", 0));
}

BOOST_AUTO_TEST_SUITE_END()
