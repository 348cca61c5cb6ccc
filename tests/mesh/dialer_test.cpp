// SPDX-License-Identifier: MIT
#include "tests/support/dial_game.hpp"

#include <algorithm>
#include <numeric>

namespace {

using namespace askr;
using namespace askr::test;

BOOST_AUTO_TEST_SUITE(dialer)

BOOST_AUTO_TEST_CASE(a_seed_is_dialed_at_once_whoever_answers) {
  game play;
  play.under_test.add_seed(play.now, here);
  const auto dialed = play.due();
  BOOST_REQUIRE_EQUAL(dialed.size(), 1);
  BOOST_TEST((dialed[0].to == here));
  BOOST_TEST(!dialed[0].expected.has_value());
  BOOST_TEST(play.due().empty());  // Once.
  play.under_test.on_linked(play.now, id_of(9), dialed[0].dial);
  BOOST_TEST(play.quiet());
}

BOOST_AUTO_TEST_CASE(of_a_pair_the_lower_id_dials_at_once_and_the_higher_later) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  BOOST_TEST(play.due().size() == 1);
  play.under_test.on_candidate(play.now, id_of(1), {there});
  BOOST_TEST(play.due().empty());
  const auto dialed = play.next();
  BOOST_TEST((play.now - begin == 300ms));
  BOOST_TEST((dialed.expected == id_of(1)));
}

BOOST_AUTO_TEST_CASE(of_many_newly_heard_of_three_are_dialed_at_once_and_the_others_one_by_one) {
  game play(mesh::dialer_options{});
  for (std::uint8_t id = 6; id < 12; ++id) play.under_test.on_candidate(play.now, id_of(id), {{"10.0.1.1", id}});
  std::vector<std::size_t> dialed;
  for (int i = 0; i < 5; ++i) {
    dialed.push_back(play.due().size());
    play.now += 5ms;
  }
  BOOST_TEST((dialed == std::vector<std::size_t>{3, 1, 1, 1, 0}));
}

BOOST_AUTO_TEST_CASE(who_is_linked_meanwhile_is_not_dialed) {
  game play;
  play.under_test.on_candidate(play.now, id_of(1), {here});
  play.under_test.on_linked(play.now, id_of(1), 0);
  BOOST_TEST(play.quiet());
  play.under_test.on_candidate(play.now, id_of(1), {there});
  BOOST_TEST(play.quiet());
  // Linked before it was heard of.
  play.under_test.on_linked(play.now, id_of(9), 0);
  play.under_test.on_candidate(play.now, id_of(9), {here});
  BOOST_TEST(play.due().empty());
}

BOOST_AUTO_TEST_CASE(failures_make_the_next_attempt_later_up_to_a_limit_and_nothing_is_given_up) {
  game play;
  play.under_test.add_seed(play.now, here);
  auto dialed = play.next();
  for (int failures = 1; failures <= 20; ++failures) {
    play.under_test.on_dial_failed(play.now, dialed.dial, refused);
    const auto waits = play.under_test.next_timeout() - play.now;
    const auto ceiling = std::min<milliseconds>(500ms * (1 << std::min(failures - 1, 10)), 30s);
    BOOST_TEST((waits > 0ms && waits <= ceiling));
    dialed = play.next();
  }
  // Success forgets the failures.
  play.under_test.on_linked(play.now, id_of(9), dialed.dial);
  play.under_test.on_unlinked(play.now, id_of(9));
  dialed = play.next();
  play.under_test.on_dial_failed(play.now, dialed.dial, refused);
  BOOST_TEST((play.under_test.next_timeout() - play.now <= 500ms));
}

BOOST_AUTO_TEST_CASE(for_a_minute_a_lost_node_is_dialed_every_second_and_then_ever_more_rarely) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  play.under_test.on_linked(play.now, id_of(9), play.next().dial);
  play.under_test.on_unlinked(play.now, id_of(9));
  auto dialed = play.next();
  const auto lost = play.now;
  while (play.now - lost < 59s) {
    play.under_test.on_dial_failed(play.now, dialed.dial, refused);
    BOOST_TEST((play.under_test.next_timeout() - play.now <= 1s));
    dialed = play.next();
  }
  duration longest{};
  for (int i = 0; i < 20; ++i) {
    play.now += 2s;
    play.under_test.on_dial_failed(play.now, dialed.dial, refused);
    longest = std::max<duration>(longest, play.under_test.next_timeout() - play.now);
    dialed = play.next();
  }
  BOOST_TEST((longest > 5s && longest <= 30s));
}

BOOST_AUTO_TEST_CASE(a_new_endpoint_is_tried_at_once_and_a_known_one_does_not_shorten_the_wait) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  for (int i = 0; i < 6; ++i) play.under_test.on_dial_failed(play.now, play.next().dial, refused);
  const auto due = play.under_test.next_timeout();
  play.under_test.on_candidate(play.now, id_of(9), {here});
  BOOST_TEST((play.under_test.next_timeout() == due));
  play.under_test.on_candidate(play.now, id_of(9), {there});
  BOOST_TEST((play.under_test.next_timeout() == play.now));
}

BOOST_AUTO_TEST_CASE(who_ends_each_link_at_once_is_dialed_ever_more_rarely) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  std::vector<duration> waits;
  for (int i = 0; i < 12; ++i) {
    play.under_test.on_linked(play.now, id_of(9), play.next().dial);
    play.now += 5ms;
    play.under_test.on_unlinked(play.now, id_of(9));
    waits.push_back(play.under_test.next_timeout() - play.now);
  }
  BOOST_TEST((waits[0] <= 300ms));  // It may just have restarted.
  const auto all = std::accumulate(waits.begin(), waits.end(), duration{});
  BOOST_TEST((all > 10s && *std::max_element(waits.begin(), waits.end()) <= 30s));
  play.under_test.on_linked(play.now, id_of(9), play.next().dial);
  play.now += 2s;  // It stays.
  play.under_test.on_unlinked(play.now, id_of(9));
  BOOST_TEST((play.under_test.next_timeout() - play.now <= 300ms));
}

BOOST_AUTO_TEST_CASE(a_lost_node_is_dialed_again_soon) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  play.under_test.on_linked(play.now, id_of(9), play.next().dial);
  play.under_test.on_unlinked(play.now, id_of(9));
  BOOST_TEST((play.under_test.next_timeout() - play.now <= 300ms));
  BOOST_TEST((play.next().expected == id_of(9)));
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_is_our_own_is_never_dialed_again) {
  game play;
  play.under_test.add_seed(play.now, here);
  play.under_test.on_dial_failed(play.now, play.next().dial, refused, true);
  BOOST_TEST(play.quiet());
  play.under_test.on_candidate(play.now, id_of(5), {there});
  BOOST_TEST(play.quiet());
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "this node itself");
}

BOOST_AUTO_TEST_CASE(only_so_many_dials_are_under_way_and_the_others_follow) {
  auto options = unpaced();
  options.dials_max = 3;
  game play(options);
  for (std::uint8_t i = 10; i < 20; ++i) play.under_test.on_candidate(play.now, id_of(i), {here});
  const auto first = play.due();
  BOOST_TEST(first.size() == 3);
  BOOST_TEST(play.quiet());  // An answer will come first.
  play.under_test.on_linked(play.now, *first[0].expected, first[0].dial);
  BOOST_TEST(play.due().size() == 1);
}

BOOST_AUTO_TEST_CASE(candidates_and_their_endpoints_are_bounded) {
  auto options = unpaced();
  options.candidates_max = 2;
  options.endpoints_max = 2;
  game play(options);
  for (std::uint8_t i = 10; i < 20; ++i) play.under_test.on_candidate(play.now, id_of(i), {here});
  BOOST_TEST(play.under_test.statuses().size() == 2);
  std::vector<endpoint> many;
  for (std::uint16_t port = 1; port < 100; ++port) many.push_back({"10.0.0.1", port});
  play.under_test.on_candidate(play.now, id_of(10), many);
  BOOST_TEST(play.under_test.statuses().at(0).addresses.size() == 2);
}

BOOST_AUTO_TEST_CASE(what_became_of_each_candidate_can_be_told) {
  game play;
  play.under_test.add_seed(play.now, here);
  BOOST_TEST(play.under_test.statuses().at(0).who == "10.0.0.1:8801");
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "not tried yet");
  const auto dialed = play.next();
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "dialing");
  play.under_test.on_dial_failed(play.now, dialed.dial, refused);
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "io_failed: refused");
}

BOOST_AUTO_TEST_CASE(answers_to_dials_that_are_over_are_ignored) {
  game play;
  play.under_test.on_dial_failed(play.now, 77, refused);
  play.under_test.on_unlinked(play.now, id_of(9));
  BOOST_TEST(play.quiet());
}

// --- races

namespace {

/// The addresses that are dialled within a race, and when each starts.
std::vector<std::pair<endpoint, milliseconds>> run_race(game& play, milliseconds until) {
  std::vector<std::pair<endpoint, milliseconds>> started;
  const auto from = play.now;
  for (;;) {
    for (const auto& each : play.due()) {
      started.emplace_back(each.to, std::chrono::duration_cast<milliseconds>(play.now - from));
    }
    const auto next = play.under_test.next_timeout();
    if (next - from > until) return started;
    play.now = std::max(play.now, next);
  }
}

std::vector<mesh::dialer::address_status> addresses_of(const game& play, std::size_t row = 0) {
  return play.under_test.statuses().at(row).addresses;
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_addresses_of_a_candidate_are_raced_200_ms_apart) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there, yonder});
  const auto started = run_race(play, 10s);
  BOOST_TEST((started == std::vector<std::pair<endpoint, milliseconds>>{{here, 0ms}, {there, 200ms}, {yonder, 400ms}}));
}

BOOST_AUTO_TEST_CASE(a_failure_starts_the_next_address_at_once) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there});
  const auto first = play.next();
  play.under_test.on_dial_failed(play.now, first.dial, refused);
  BOOST_TEST((play.under_test.next_timeout() == play.now));
  BOOST_TEST((play.next().to == there));
  BOOST_TEST((play.now == begin));
}

BOOST_AUTO_TEST_CASE(the_first_that_proves_the_identity_wins_and_the_others_are_dropped) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there, yonder});
  const auto first = play.next();
  const auto second = play.next();
  BOOST_TEST(play.under_test.on_proved(second.dial, id_of(9)));
  BOOST_TEST((play.under_test.take_dropped() == std::vector{first.dial}));
  BOOST_TEST(play.quiet());  // The third never starts.
  BOOST_TEST(!play.under_test.on_proved(first.dial, id_of(9)));
  play.under_test.on_dial_failed(play.now, first.dial, refused);  // Its end means nothing any more.
  play.under_test.on_linked(play.now, id_of(9), second.dial);
  BOOST_TEST(play.quiet());
  BOOST_TEST(play.under_test.take_dropped().empty());
}

BOOST_AUTO_TEST_CASE(who_won_is_tried_first_the_next_time) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there, yonder});
  play.next();
  play.next();
  const auto third = play.next();
  play.under_test.on_linked(play.now, id_of(9), third.dial);
  play.under_test.on_unlinked(play.now, id_of(9));
  BOOST_TEST((play.next().to == yonder));
}

BOOST_AUTO_TEST_CASE(a_proof_that_comes_to_nothing_is_a_failure_and_is_tried_again) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there});
  const auto first = play.next();
  BOOST_TEST(play.under_test.on_proved(first.dial, id_of(9)));
  play.under_test.on_dial_failed(play.now, first.dial, refused);
  BOOST_TEST((play.next().to == here));
}

BOOST_AUTO_TEST_CASE(a_race_ends_when_the_other_side_has_linked_but_not_for_a_dial_that_has_proved_itself) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there});
  const auto first = play.next();
  play.under_test.on_linked(play.now, id_of(9), 0);
  BOOST_TEST((play.under_test.take_dropped() == std::vector{first.dial}));
  BOOST_TEST(play.quiet());
  // The other side may hold the link for made once we have shown who we are: which of the two stays is not for us.
  play.under_test.on_unlinked(play.now, id_of(9));
  const auto again = play.next();
  BOOST_TEST(play.under_test.on_proved(again.dial, id_of(9)));
  play.under_test.on_linked(play.now, id_of(9), 0);
  BOOST_TEST(play.under_test.take_dropped().empty());
}

BOOST_AUTO_TEST_CASE(two_ways_to_one_node_make_one_link) {
  game play;
  play.under_test.add_seed(play.now, here);
  play.under_test.add_seed(play.now, there);
  const auto dialed = play.due();
  BOOST_REQUIRE_EQUAL(dialed.size(), 2);
  BOOST_TEST(play.under_test.on_proved(dialed[0].dial, id_of(9)));
  BOOST_TEST(!play.under_test.on_proved(dialed[1].dial, id_of(9)));  // Its link is on the way.
  play.under_test.on_dial_failed(play.now, dialed[1].dial, refused);
  play.under_test.on_linked(play.now, id_of(9), dialed[0].dial);
  BOOST_TEST(play.quiet());
  play.under_test.on_unlinked(play.now, id_of(9));
  BOOST_TEST(!play.quiet());
}

BOOST_AUTO_TEST_CASE(each_address_keeps_its_last_result) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there, yonder});
  play.under_test.on_dial_failed(play.now, play.next().dial, refused);
  play.under_test.on_dial_failed(play.now, play.next().dial, error{errc::unauthenticated, "another node answered"});
  const auto all = addresses_of(play);
  BOOST_TEST(all.at(0).last_result == "io_failed: refused");
  BOOST_TEST(all.at(1).last_result == "unauthenticated: another node answered");
  BOOST_TEST(all.at(2).last_result == "not tried yet");
  BOOST_TEST(all.at(2).address == "10.0.0.3:8803");
}

BOOST_AUTO_TEST_CASE(a_race_takes_half_of_the_room_at_most_so_that_others_have_their_first_try) {
  auto options = unpaced();
  options.dials_max = 4;
  game play(options);
  play.under_test.on_candidate(play.now, id_of(9), {here, there, yonder});
  BOOST_TEST(run_race(play, 10s).size() == 2);  // Nothing answers, and the third waits.
  play.under_test.on_candidate(play.now, id_of(10), {here});
  BOOST_TEST(play.due().size() == 1);
}

BOOST_AUTO_TEST_CASE(one_address_gets_so_many_dials_at_once_and_no_more) {
  auto options = unpaced();
  options.dials_per_host_max = 2;
  game play(options);
  for (std::uint8_t i = 10; i < 15; ++i) play.under_test.on_candidate(play.now, id_of(i), {here});
  const auto first = play.due();
  BOOST_TEST(first.size() == 2);
  play.under_test.on_candidate(play.now, id_of(20), {there});
  BOOST_TEST(play.due().size() == 1);
  play.under_test.on_dial_failed(play.now, first[0].dial, refused);
  BOOST_TEST(play.due().size() == 1);
}

BOOST_AUTO_TEST_CASE(of_those_that_wait_for_room_the_one_that_failed_least_comes_first) {
  auto options = unpaced();
  options.dials_max = 1;
  game play(options);
  play.under_test.on_candidate(play.now, id_of(10), {here});
  play.under_test.on_dial_failed(play.now, play.next().dial, refused);
  play.under_test.on_candidate(play.now, id_of(11), {there});
  const auto holds = play.next();
  BOOST_TEST((holds.to == there));
  play.now += 1min;
  BOOST_TEST(play.due().empty());  // The one that failed waits,
  play.under_test.on_candidate(play.now, id_of(12), {yonder});
  BOOST_TEST(play.due().empty());  // and so does the newcomer,
  play.under_test.on_dial_failed(play.now, holds.dial, refused);
  BOOST_TEST((play.next().to == yonder));  // who comes first.
}

BOOST_AUTO_TEST_CASE(a_sign_of_life_shortens_the_wait_after_failures) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  for (int i = 0; i < 12; ++i) play.under_test.on_dial_failed(play.now, play.next().dial, refused);
  play.under_test.on_alive(play.now, id_of(9));
  BOOST_TEST((play.under_test.next_timeout() - play.now <= 500ms));
  play.under_test.on_alive(play.now, id_of(7));  // Nobody we know.
}

BOOST_AUTO_TEST_CASE(a_new_address_joins_the_race_that_is_on) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  play.next();
  play.under_test.on_candidate(play.now, id_of(9), {there});
  BOOST_TEST((play.next().to == there));
  BOOST_TEST((play.now - begin == 200ms));
}

BOOST_AUTO_TEST_CASE(who_is_not_spoken_of_for_a_day_is_forgotten_but_a_seed_never) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  play.under_test.add_seed(play.now, there);
  std::size_t seeds_dialed = 0;
  while (play.now < begin + 25h) {
    play.now = play.under_test.next_timeout();
    for (const auto& each : play.due()) {
      seeds_dialed += each.to == there;
      play.under_test.on_dial_failed(play.now, each.dial, refused);
    }
  }
  BOOST_REQUIRE(play.under_test.statuses().size() == 1);
  BOOST_TEST(play.under_test.statuses()[0].seed);
  BOOST_TEST(seeds_dialed > 25 * 120);
}

// --- this host

BOOST_AUTO_TEST_CASE(on_this_host_the_unix_socket_comes_first_and_tcp_at_once_after_it) {
  game play;
  play.under_test.set_host_addresses(play.now, {"10.0.0.1"});
  const endpoint loopback{"127.0.0.1", 8800};
  for (const auto& at : {here, loopback}) {
    play.under_test.add_seed(play.now, at);
    const auto first = play.next();
    BOOST_TEST((first.way == mesh::dial_way::unix_socket && first.to == at));
    play.under_test.on_dial_failed(play.now, first.dial, error{errc::io_failed, "nobody listens there"});
    const auto second = play.next();
    BOOST_TEST((second.way == mesh::dial_way::tcp && second.to == at));
    play.under_test.on_linked(play.now, id_of(at.port == 8800 ? 8 : 9), second.dial);
  }
  play.under_test.add_seed(play.now, there);
  BOOST_TEST((play.next().way == mesh::dial_way::tcp));
  BOOST_TEST(addresses_of(play).at(0).address == "unix 10.0.0.1:8801");
}

BOOST_AUTO_TEST_CASE(a_squatter_on_the_unix_socket_who_says_nothing_costs_200_ms) {
  game play;
  play.under_test.add_seed(play.now, {"127.0.0.1", 8800});
  BOOST_TEST((play.next().way == mesh::dial_way::unix_socket));
  BOOST_TEST((play.next().way == mesh::dial_way::tcp));
  BOOST_TEST((play.now - begin == 200ms));
}

BOOST_AUTO_TEST_CASE(unix_links_can_be_switched_off) {
  auto options = unpaced();
  options.unix_links = false;
  game play(options);
  play.under_test.add_seed(play.now, {"127.0.0.1", 8800});
  BOOST_TEST((play.next().way == mesh::dial_way::tcp));
}

BOOST_AUTO_TEST_CASE(where_this_node_listens_it_never_dials) {
  game play;
  play.under_test.set_own_endpoints({here});
  play.under_test.add_seed(play.now, here);
  BOOST_TEST(play.quiet());
  BOOST_TEST(play.under_test.statuses().at(0).last_result == "this node itself");
  play.under_test.on_candidate(play.now, id_of(9), {here, there});  // As with two hosts that have a bridge each.
  BOOST_TEST((play.next().to == there));
}

BOOST_AUTO_TEST_CASE(an_address_at_which_a_node_met_itself_is_left_out_until_the_host_changes) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there});
  play.under_test.on_dial_failed(play.now, play.next().dial, refused, true);
  const auto second = play.next();
  BOOST_TEST((second.to == there));
  play.under_test.on_dial_failed(play.now, second.dial, refused);
  BOOST_TEST((play.next().to == there));
  play.under_test.on_dial_failed(play.now, 3, refused);
  play.under_test.set_host_addresses(play.now, {"10.9.9.9"});
  BOOST_TEST((play.next().to == here));
}

// --- seeds that are names

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
