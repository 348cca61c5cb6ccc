// SPDX-License-Identifier: MIT
#include "bench/load.hpp"

#include "bench/events.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <map>
#include <string>

namespace {

using namespace askr;
using namespace askr::bench;

/// What was asked for and not answered yet.
struct under_way {
  std::map<std::size_t, byte_buffer> requests;

  auto taker() {
    return [this](std::size_t which, byte_span payload) { requests[which].assign(payload.begin(), payload.end()); };
  }
  bool answer(load& of, std::size_t which, time_point now) {
    const auto payload = requests.at(which);
    requests.erase(which);
    return of.finish_request(which, now, payload);
  }
};

constexpr time_point start{1h};

}  // namespace

BOOST_AUTO_TEST_SUITE(bench_load)

BOOST_AUTO_TEST_CASE(a_closed_loop_starts_every_slot_at_once_and_again_with_each_answer) {
  load closed({.in_flight = 3});
  under_way asked;
  closed.start(start);
  closed.start_due(start, asked.taker());
  BOOST_TEST(asked.requests.size() == 3);
  BOOST_TEST((closed.next_due() == time_point::max()));
  BOOST_TEST(asked.answer(closed, 1, start + 1ms));
}

BOOST_AUTO_TEST_CASE(at_a_fixed_rate_a_stall_is_charged_to_all_that_were_due_meanwhile) {
  load paced({.in_flight = 1, .warm_up = 0ns, .length = 1s, .rate = 1000});
  under_way asked;
  paced.start(start);
  paced.start_due(start, asked.taker());
  BOOST_TEST(!asked.answer(paced, 0, start));  // Begins the measuring; the next one is due after 1 ms.
  BOOST_TEST((paced.next_due() == start + 1ms));
  paced.start_due(start + 999us, asked.taker());
  BOOST_TEST(asked.requests.empty());
  paced.start_due(start + 1ms, asked.taker());
  // It takes 100 ms; the 99 that were due in the meantime go one after the other and take nothing.
  auto now = start + 101ms;
  for (bool late = asked.answer(paced, 0, now); late; late = asked.answer(paced, 0, now)) {
    asked.taker()(0, paced.start_request(0, now));
  }
  BOOST_TEST((paced.next_due() > now));
  paced.start_due(start + 1s, asked.taker());
  asked.answer(paced, 0, start + 1s);
  const auto round = paced.result();
  BOOST_TEST(round.latency.count() == 101);
  BOOST_TEST(round.latency.percentile_us(0.5) > 45'000);
  BOOST_TEST(round.latency.percentile_us(0.5) < 55'000);
  BOOST_TEST(round.latency.percentile_us(1) > 99'000);
}

BOOST_AUTO_TEST_CASE(a_wrong_answer_is_an_error_and_none_is_lost) {
  load closed({.in_flight = 2});
  under_way asked;
  closed.start(start);
  closed.start_due(start, asked.taker());
  asked.requests.at(0).back() ^= 1;
  BOOST_TEST(!asked.answer(closed, 0, start + 1ms));
  BOOST_TEST(!closed.done());
  const auto round = closed.result();
  BOOST_TEST(round.errors == 1);
  BOOST_TEST(round.lost == 1);
}

BOOST_AUTO_TEST_CASE(a_transfer_ends_the_round_and_is_no_latency) {
  load both({.in_flight = 1, .warm_up = 0ns, .bulk_in_flight = 1, .bulk_payload_bytes = 1000, .bulk_bytes = 2000});
  under_way asked;
  both.start(start);
  both.start_due(start, asked.taker());
  BOOST_TEST(asked.requests.at(1).size() == 1000);
  for (int turn = 0; turn < 4; ++turn) {
    if (asked.answer(both, 1, start + milliseconds(turn))) both.start_due(start, asked.taker());
    asked.taker()(1, both.start_request(1, start + milliseconds(turn)));
  }
  BOOST_TEST(!asked.answer(both, 0, start + 5ms));
  const auto round = both.result();
  BOOST_TEST(round.bulk_bytes == 2000);
  BOOST_TEST(round.latency.count() == 0);
}

BOOST_AUTO_TEST_CASE(texts_are_printable_and_say_their_slot) {
  load texts({.payload_bytes = 40, .in_flight = 300, .text = true});
  under_way asked;
  texts.start(start);
  texts.start_due(start, asked.taker());
  for (const auto& [which, payload] : asked.requests) {
    BOOST_TEST(load::slot_in(payload) == which);
    for (const auto each : payload) BOOST_REQUIRE((each >= '0' && each <= 'z'));
  }
  BOOST_TEST(load::slot_in(as_bytes("short")) > 300);
}

BOOST_AUTO_TEST_CASE(options_and_results_survive_the_line_between_processes) {
  const load_options options{.payload_bytes = 7,
                             .in_flight = 8,
                             .warm_up = 9ns,
                             .length = 10ns,
                             .rate = 11.5,
                             .bulk_in_flight = 12,
                             .bulk_payload_bytes = 13,
                             .bulk_bytes = 14,
                             .text = true};
  BOOST_TEST(to_line(load_options_from(to_line(options))) == to_line(options));
  round_result round{.latency = {}, .errors = 1, .lost = 2, .bulk_bytes = 3, .seconds = 4.5, .cpu_us = 6.5};
  for (int us = 1; us < 1000; ++us) round.latency.add(microseconds(us));
  const auto back = round_from(to_line(round));
  BOOST_TEST(to_line(back) == to_line(round));
  BOOST_TEST(back.latency.percentile_us(0.99) == round.latency.percentile_us(0.99));
}

BOOST_AUTO_TEST_CASE(a_subscriber_counts_gaps_repetitions_and_the_missing_end) {
  event_board board(1);
  auto words = board.arguments_of(0);
  std::vector<char*> values;
  for (auto& each : words) values.push_back(each.data());
  arguments given(static_cast<int>(values.size()), values.data());
  event_counter counter(given);
  const auto hear = [&](std::uint64_t number) {
    byte_buffer payload(16);
    put_number(payload, number);
    counter.on_event(payload);
  };
  BOOST_TEST(!board.all_ready());
  hear(0);
  BOOST_TEST(board.all_ready());
  for (const int number : {1, 2, 5, 5, 6}) hear(static_cast<std::uint64_t>(number));
  BOOST_TEST(board.slowest() == 6);
  BOOST_TEST(board.lost(6) == 3);
  BOOST_TEST(board.lost(8) == 5);
  BOOST_TEST(!board.wait(0ms));
  for (std::uint64_t number = 7; number <= event_board::rings_every; ++number) hear(number);
  BOOST_TEST(board.wait(0ms));
}

BOOST_AUTO_TEST_SUITE_END()
