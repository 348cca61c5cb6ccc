// SPDX-License-Identifier: MIT
// Seeds that are names.
#include "tests/support/dial_game.hpp"

namespace {

using namespace askr;
using namespace askr::test;

BOOST_AUTO_TEST_SUITE(dialer_seeds)

BOOST_AUTO_TEST_CASE(all_addresses_of_a_name_are_seeds_of_their_own) {
  game play;
  const endpoint name{"mesh.example", 8800};
  play.under_test.add_seed(play.now, name);
  BOOST_TEST(play.due().empty());
  BOOST_TEST((play.under_test.take_lookups() == std::vector{name}));
  play.under_test.on_looked_up(play.now, name, {"10.0.0.1", "fd00::1"});
  const auto dialed = play.due();
  BOOST_REQUIRE_EQUAL(dialed.size(), 2);
  BOOST_TEST((dialed[0].to == endpoint{"10.0.0.1", 8800} && dialed[1].to == endpoint{"fd00::1", 8800}));
  play.under_test.on_linked(play.now, id_of(8), dialed[0].dial);
  play.under_test.on_linked(play.now, id_of(9), dialed[1].dial);  // Another node: islands that know the same name become one.
  BOOST_TEST((play.under_test.next_timeout() - play.now == 30s));
}

BOOST_AUTO_TEST_CASE(names_are_looked_up_again_and_addresses_that_went_are_forgotten) {
  game play;
  const endpoint name{"mesh.example", 8800};
  play.under_test.add_seed(play.now, name);
  play.due();
  play.under_test.take_lookups();
  play.under_test.on_looked_up(play.now, name, {"10.0.0.1", "10.0.0.2"});
  for (const auto& each : play.due()) play.under_test.on_dial_failed(play.now, each.dial, refused);
  play.now += 30s;
  play.due();
  BOOST_TEST((play.under_test.take_lookups() == std::vector{name}));
  play.under_test.on_looked_up(play.now, name, {"10.0.0.2", "10.0.0.3"});
  std::set<std::string> known;
  for (const auto& each : play.under_test.statuses()) known.insert(each.who);
  BOOST_TEST((known == std::set<std::string>{"mesh.example:8800", "10.0.0.2:8800", "10.0.0.3:8800"}));
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_is_tried_for_ever) {
  game play;
  const endpoint name{"nowhere.example", 8800};
  play.under_test.add_seed(play.now, name);
  for (int i = 0; i < 20; ++i) {
    play.now = play.under_test.next_timeout();
    play.due();
    BOOST_REQUIRE(play.under_test.take_lookups().size() == 1);
    play.under_test.on_lookup_failed(play.now, name, error{errc::io_failed, "host not found"});
    BOOST_TEST((play.under_test.next_timeout() - play.now <= 30s));
  }
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "does not resolve: host not found");
}

BOOST_AUTO_TEST_CASE(a_seed_that_is_taken_away_is_not_dialed_any_more) {
  game play;
  const endpoint name{"mesh.example", 8800};
  play.under_test.add_seed(play.now, here);
  play.under_test.add_seed(play.now, name);
  const auto first = play.next();
  play.under_test.take_lookups();
  play.under_test.on_looked_up(play.now, name, {"10.0.0.2"});
  const auto second = play.next();
  BOOST_TEST(play.under_test.on_proved(second.dial, id_of(9)));
  play.under_test.remove_seed(here);
  play.under_test.remove_seed(name);
  BOOST_TEST((play.under_test.take_dropped() == std::vector{first.dial}));
  play.under_test.on_linked(play.now, id_of(9), second.dial);  // What has proved itself becomes a link all the same.
  BOOST_TEST(play.quiet());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
