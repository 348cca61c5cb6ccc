// SPDX-License-Identifier: MIT
#include "libaskr/src/stranger_gate.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace askr {
namespace {

constexpr time_point begin = time_point(seconds(1000));
using source = stranger_gate::source;

source ipv4(std::uint8_t last, std::uint8_t third = 0) { return source::of_ipv4({10, 0, third, last}, false); }
source ipv6(std::uint8_t seventh, std::uint8_t last) {
  std::array<std::uint8_t, 16> address{0x20, 0x01};
  address[6] = seventh;
  address[15] = last;
  return source::of_ipv6(address, false);
}
const source loopback = source::of_ipv4({127, 0, 0, 1}, true);

node_limits limits_of(std::size_t strangers) {
  node_limits limits;
  limits.strangers_max = strangers;
  return limits;
}

std::size_t admitted(stranger_gate& gate, const source& from, int tries, time_point now = begin) {
  std::size_t count = 0;
  for (int i = 0; i < tries; ++i) count += gate.admit(now, from).admitted != 0 ? 1 : 0;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(strangers)

BOOST_AUTO_TEST_CASE(an_address_has_eight_places_and_loopback_all) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  BOOST_TEST(admitted(gate, ipv4(1), 20) == 8u);
  BOOST_TEST(admitted(gate, ipv4(2), 20) == 8u);
  BOOST_TEST(admitted(gate, loopback, 48) == 48u);
  BOOST_TEST(gate.size() == 64u);
}

BOOST_AUTO_TEST_CASE(addresses_of_one_ipv6_network_count_as_one) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  std::size_t count = 0;
  for (std::uint8_t i = 0; i < 20; ++i) count += admitted(gate, ipv6(0x10, i), 1);
  BOOST_TEST(count == 8u);
  BOOST_TEST(admitted(gate, ipv6(0x11, 1), 1) == 1u);
}

BOOST_AUTO_TEST_CASE(a_place_that_is_left_is_free_again) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  const auto first = gate.admit(begin, ipv4(1)).admitted;
  BOOST_TEST(admitted(gate, ipv4(1), 7) == 7u);
  gate.leave(begin, first, false);
  gate.leave(begin, first, false);  // Twice is as good as once.
  BOOST_TEST(admitted(gate, ipv4(1), 2) == 1u);
}

BOOST_AUTO_TEST_CASE(when_all_places_are_taken_the_oldest_of_whoever_has_most_makes_room) {
  const auto limits = limits_of(10);
  stranger_gate gate(limits);
  const auto patient = gate.admit(begin, ipv4(9)).admitted;
  std::vector<stranger_gate::ticket> flood;
  for (int i = 0; i < 9; ++i) flood.push_back(gate.admit(begin, loopback).admitted);
  for (std::uint8_t i = 0; i < 5; ++i) {
    const auto place = gate.admit(begin, ipv4(i));
    BOOST_TEST(place.admitted != 0u);
    BOOST_TEST(place.evicted == flood[i]);
  }
  BOOST_TEST(gate.size() == 10u);
  gate.leave(begin, patient, false);
  BOOST_TEST(gate.size() == 9u);  // It was never pushed out.
}

BOOST_AUTO_TEST_CASE(a_flood_does_not_push_out_who_has_proven_the_secret) {
  const auto limits = limits_of(4);
  stranger_gate gate(limits);
  const auto member = gate.admit(begin, loopback).admitted;
  gate.keep(member);
  for (int i = 0; i < 1'000; ++i) BOOST_TEST(gate.admit(begin, loopback).evicted != member);
  BOOST_TEST(gate.size() == 4u);
}

BOOST_AUTO_TEST_CASE(with_all_places_proven_a_newcomer_is_refused) {
  const auto limits = limits_of(4);
  stranger_gate gate(limits);
  for (int i = 0; i < 4; ++i) gate.keep(gate.admit(begin, loopback).admitted);
  BOOST_TEST(gate.admit(begin, ipv4(1)).admitted == 0u);
}

BOOST_AUTO_TEST_CASE(an_address_that_forges_is_not_even_read_for_a_while) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  const auto fails = [&](const source& from, time_point now) {
    const auto place = gate.admit(now, from).admitted;
    gate.leave(now, place, true);
    return place != 0;
  };
  for (int i = 0; i < 5; ++i) BOOST_TEST(fails(ipv4(1), begin));
  BOOST_TEST(!fails(ipv4(1), begin));
  BOOST_TEST(fails(ipv4(2), begin));
  for (int i = 0; i < 1'000; ++i) BOOST_TEST(fails(loopback, begin));
  std::size_t read = 0;
  for (int ms = 0; ms < 10'000; ++ms) read += fails(ipv4(1), begin + milliseconds(ms)) ? 1 : 0;
  BOOST_TEST(read >= 190u);
  BOOST_TEST(read <= 200u);
}

BOOST_AUTO_TEST_CASE(who_merely_gives_up_is_not_to_blame) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  for (int i = 0; i < 100; ++i) {
    const auto place = gate.admit(begin, ipv4(1)).admitted;
    BOOST_TEST(place != 0u);
    gate.leave(begin, place, false);
  }
}

BOOST_AUTO_TEST_CASE(answers_have_a_budget_for_all_together) {
  const node_limits limits;
  stranger_gate gate(limits);
  std::size_t answered = 0;
  for (int ms = 0; ms < 5'000; ++ms) {
    for (int i = 0; i < 3; ++i) answered += gate.may_answer(begin + milliseconds(ms)) ? 1 : 0;
  }
  BOOST_TEST(answered >= 128u + 995);
  BOOST_TEST(answered <= 128u + 1'000);
}

BOOST_AUTO_TEST_CASE(failures_of_many_addresses_are_forgotten_and_never_more_than_a_thousand_kept) {
  const auto limits = limits_of(64);
  stranger_gate gate(limits);
  for (int i = 0; i < 5'000; ++i) {
    const auto from = ipv4(static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8));
    gate.leave(begin + milliseconds(i / 100), gate.admit(begin + milliseconds(i / 100), from).admitted, true);
    BOOST_REQUIRE(gate.sources() <= 1'024u);
  }
}

BOOST_AUTO_TEST_CASE(tls_handshakes_have_a_budget_for_all_and_a_share_of_it_for_each_address) {
  const auto limits = limits_of(1'024);
  tls_options tls;
  tls.handshakes_per_second = 10;
  tls.handshakes_burst = 20;
  tls.handshakes_per_address_per_second = 2;
  tls.handshakes_per_address_burst = 4;
  stranger_gate gate(limits, tls);
  const auto shaken = [&](const source& from, int tries, time_point now) {
    std::size_t count = 0;
    for (int i = 0; i < tries; ++i) {
      const auto place = gate.admit(now, from).admitted;
      count += gate.may_shake_hands(now, place) ? 1 : 0;
      gate.leave(now, place, false);
    }
    return count;
  };
  BOOST_TEST(shaken(ipv4(1), 100, begin) == 4u);
  BOOST_TEST(shaken(ipv6(0x10, 1), 2, begin) == 2u);
  BOOST_TEST(shaken(ipv6(0x10, 2), 100, begin) == 2u);  // The same network.
  BOOST_TEST(shaken(loopback, 100, begin) == 12u);      // What is left for all.
  BOOST_TEST(shaken(ipv4(2), 100, begin) == 0u);
  BOOST_TEST(shaken(ipv4(1), 100, begin + 1s) == 2u);
  BOOST_TEST(!gate.may_shake_hands(begin + 1s, 0));  // Nobody.
  for (int i = 0; i < 3'000; ++i)
    shaken(ipv4(static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)), 1, begin);
  BOOST_TEST(gate.sources() <= 1'024u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace askr
