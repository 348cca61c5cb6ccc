// SPDX-License-Identifier: MIT
#include "mesh/dialer.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(dialer)

namespace {

using namespace askr;

constexpr time_point begin = time_point(seconds(1000));
const endpoint here{"127.0.0.1", 8801}, there{"127.0.0.1", 8802};
const error refused{errc::io_failed, "refused"};

node_id id_of(std::uint8_t byte) {
  node_id id;
  id.bytes.fill(byte);
  return id;
}

/// A dialer of node 5 and its clock.
struct game {
  rng random{1};
  mesh::dialer_options options;
  mesh::dialer under_test{options, id_of(5), random};
  time_point now = begin;

  game() = default;
  explicit game(const mesh::dialer_options& with) : options(with), under_test(with, id_of(5), random) {}

  std::vector<mesh::dial_request> due() {
    under_test.on_timeout(now);
    return under_test.take_requests();
  }
  /// Lets time pass until something is dialled.
  mesh::dial_request next() {
    now = std::max(now, under_test.next_timeout());
    const auto requests = due();
    BOOST_REQUIRE_EQUAL(requests.size(), 1);
    return requests[0];
  }
  /// True if nothing is dialled however long one waits.
  bool quiet() {
    if (under_test.next_timeout() == time_point::max()) return true;
    now = std::max(now, under_test.next_timeout());  // It may be early.
    return due().empty() && under_test.next_timeout() == time_point::max();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_seed_is_dialed_at_once_whoever_answers) {
  game play;
  play.under_test.add_seed(play.now, here);
  const auto dialed = play.due();
  BOOST_REQUIRE_EQUAL(dialed.size(), 1);
  BOOST_TEST((dialed[0].to == here));
  BOOST_TEST(!dialed[0].expected.has_value());
  BOOST_TEST(play.due().empty());  // Once.
  play.under_test.on_linked(id_of(9), dialed[0].dial);
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

BOOST_AUTO_TEST_CASE(who_is_linked_meanwhile_is_not_dialed) {
  game play;
  play.under_test.on_candidate(play.now, id_of(1), {here});
  play.under_test.on_linked(id_of(1), 0);
  BOOST_TEST(play.quiet());
  play.under_test.on_candidate(play.now, id_of(1), {there});
  BOOST_TEST(play.quiet());
  // Linked before it was heard of.
  play.under_test.on_linked(id_of(9), 0);
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
  play.under_test.on_linked(id_of(9), dialed.dial);
  play.under_test.on_unlinked(play.now, id_of(9));
  dialed = play.next();
  play.under_test.on_dial_failed(play.now, dialed.dial, refused);
  BOOST_TEST((play.under_test.next_timeout() - play.now <= 500ms));
}

BOOST_AUTO_TEST_CASE(all_endpoints_of_a_candidate_have_their_turn) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here, there});
  std::vector<endpoint> tried;
  for (int i = 0; i < 4; ++i) {
    const auto dialed = play.next();
    tried.push_back(dialed.to);
    play.under_test.on_dial_failed(play.now, dialed.dial, refused);
  }
  BOOST_TEST((tried == std::vector{here, there, here, there}));
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

BOOST_AUTO_TEST_CASE(a_lost_node_is_dialed_again_soon) {
  game play;
  play.under_test.on_candidate(play.now, id_of(9), {here});
  play.under_test.on_linked(id_of(9), play.next().dial);
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
  mesh::dialer_options options;
  options.dials_max = 3;
  game play(options);
  for (std::uint8_t i = 10; i < 20; ++i) play.under_test.on_candidate(play.now, id_of(i), {here});
  const auto first = play.due();
  BOOST_TEST(first.size() == 3);
  BOOST_TEST(play.quiet());  // An answer will come first.
  play.under_test.on_linked(*first[0].expected, first[0].dial);
  BOOST_TEST(play.due().size() == 1);
}

BOOST_AUTO_TEST_CASE(candidates_and_their_endpoints_are_bounded) {
  mesh::dialer_options options;
  options.candidates_max = 2;
  options.endpoints_max = 2;
  game play(options);
  for (std::uint8_t i = 10; i < 20; ++i) play.under_test.on_candidate(play.now, id_of(i), {here});
  BOOST_TEST(play.under_test.statuses().size() == 2);
  std::vector<endpoint> many;
  for (std::uint16_t port = 1; port < 100; ++port) many.push_back({"127.0.0.1", port});
  play.under_test.on_candidate(play.now, id_of(10), many);
  std::size_t dials = 0;
  for (; dials < 4; ++dials) {
    for (const auto& each : play.due()) {
      BOOST_TEST((each.to == here || each.to.port == 1));
      play.under_test.on_dial_failed(play.now, each.dial, refused);
    }
    play.now = play.under_test.next_timeout();
  }
}

BOOST_AUTO_TEST_CASE(what_became_of_each_candidate_can_be_told) {
  game play;
  play.under_test.add_seed(play.now, here);
  BOOST_TEST(play.under_test.statuses().at(0).who == "127.0.0.1:8801");
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

BOOST_AUTO_TEST_SUITE_END()
