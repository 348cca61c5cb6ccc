// SPDX-License-Identifier: MIT
#include "libaskr/src/connected_state.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(connected_state)

namespace {
using namespace askr;
}

BOOST_AUTO_TEST_CASE(what_is_set_is_found_and_may_change) {
  const node_limits limits;
  askr::connected_state state(limits);
  BOOST_TEST((state.find("a") == nullptr));
  BOOST_TEST(state.set("a", payload::from(1)).ok());
  BOOST_TEST(state.set("a", payload::from(2)).ok());
  BOOST_TEST(state.find("a")->as<int>() == 2);
  BOOST_TEST(state.entries().size() == 1);
}

BOOST_AUTO_TEST_CASE(keys_have_a_length) {
  node_limits limits;
  limits.state_key_bytes_max = 5;
  askr::connected_state state(limits);
  BOOST_TEST((state.set("", {}).code() == errc::too_large));
  BOOST_TEST(state.set("12345", {}).ok());
  BOOST_TEST((state.set("123456", {}).code() == errc::too_large));
}

BOOST_AUTO_TEST_CASE(the_number_of_keys_is_bounded_but_known_ones_still_change) {
  node_limits limits;
  limits.state_keys_max = 2;
  askr::connected_state state(limits);
  BOOST_TEST(state.set("a", {}).ok());
  BOOST_TEST(state.set("b", {}).ok());
  BOOST_TEST((state.set("c", {}).code() == errc::overloaded));
  BOOST_TEST(state.set("a", payload::from(1)).ok());
}

BOOST_AUTO_TEST_CASE(the_bytes_are_bounded_and_what_is_replaced_makes_room) {
  node_limits limits;
  limits.state_bytes_max = 100;
  askr::connected_state state(limits);
  const auto of_bytes = [](std::size_t count) { return payload::raw(byte_buffer(count, 'x')); };
  BOOST_TEST(state.set("a", of_bytes(99)).ok());
  BOOST_TEST((state.set("b", of_bytes(0)).code() == errc::too_large));
  BOOST_TEST((state.set("a", of_bytes(100)).code() == errc::too_large));
  BOOST_TEST(state.find("a")->bytes().size() == 99);
  BOOST_TEST(state.set("a", of_bytes(10)).ok());
  BOOST_TEST(state.set("b", of_bytes(88)).ok());
  BOOST_TEST((state.set("c", of_bytes(0)).code() == errc::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
