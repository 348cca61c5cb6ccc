// SPDX-License-Identifier: MIT
#include "transport/link.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <set>
#include <vector>

namespace askr::transport {  // POSIX has a function named link.
namespace {

constexpr time_point begin = time_point(seconds(1000));
const entropy random_source{};
const auto first = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 1)));
const auto second = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 2)));
const auto workspace =
    std::make_shared<const crypto::keyring>(crypto::workspace_keys::derive(as_bytes("the secret"), "lab"));

byte_buffer framed(std::uint32_t number) {
  return {0,
          4,
          static_cast<std::uint8_t>(number >> 24),
          static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number)};
}

/// Two links and the bytes between them, in virtual time. Each message carries its number: none may be lost, or come
/// out of order, whatever is under way when the keys change.
struct game {
  explicit game(const link_options& options = {}) : game(options, options) {}
  game(const link_options& of_initiator, const link_options& of_responder) {
    for (const auto side : {role::initiator, role::responder}) {
      ends.emplace_back(side == role::initiator ? of_initiator : of_responder, side,
                        link_setup{side == role::initiator ? first : second, workspace, {.name = "n"}}, random_source,
                        now);
    }
    for (int i = 0; i < 3; ++i) carry(1 - i % 2);
    for (auto& each : ends) each.admit();
  }

  void say(std::size_t from) {
    BOOST_REQUIRE(ends[from].seal(framed(said[from])));
    ++said[from];
  }
  void collect(std::size_t from) {
    append(wire[from], ends[from].output());
    ends[from].consume(ends[from].output().size());
  }
  /// To an end, so many bytes at most of what is on its way.
  void carry(std::size_t to, std::size_t bytes = SIZE_MAX) {
    collect(1 - to);
    auto& from = wire[1 - to];
    const auto count = std::min(bytes, from.size());
    byte_buffer piece(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    ends[to].on_bytes(now, piece);
    byte_span body;
    while (ends[to].next_message(body)) {
      BOOST_REQUIRE(std::ranges::equal(body, byte_span(framed(heard[to])).subspan(2)));
      ++heard[to];
    }
  }
  void carry_all() {
    for (int i = 0; i < 8; ++i) carry(static_cast<std::size_t>(i % 2));
  }
  void wait(duration passes) {
    now += passes;
    for (auto& each : ends) each.on_timeout(now);
  }
  bool up() const { return ends[0].state() == link_state::established && ends[1].state() == link_state::established; }

  time_point now = begin;
  std::vector<link> ends;
  std::array<byte_buffer, 2> wire;
  std::array<std::uint32_t, 2> said{}, heard{};
};

constexpr link_options quick{.renew_after = 10min};

}  // namespace

BOOST_AUTO_TEST_SUITE(link_renewal)

BOOST_AUTO_TEST_CASE(new_keys_come_every_hour_a_tenth_more_or_less) {
  std::set<time_point> due;
  for (int i = 0; i < 20; ++i) {
    const game both;
    due.insert(both.ends[0].next_timeout());
    BOOST_TEST((both.ends[0].next_timeout() >= begin + 54min && both.ends[0].next_timeout() <= begin + 66min));
    BOOST_TEST((both.ends[1].next_timeout() == time_point::max()));
  }
  BOOST_TEST(due.size() > 10u);  // Not all at once after a start of all.
}

BOOST_AUTO_TEST_CASE(two_days_of_new_keys_lose_no_message) {
  game both;
  const auto binding = both.ends[0].peer().channel_binding;
  std::size_t changes = 0;
  for (int minutes = 0; minutes < 48 * 60; ++minutes) {
    both.wait(1min);
    both.collect(0);
    changes += both.wire[0].empty() ? 0 : 1;
    both.say(0);
    both.say(1);
    both.carry_all();
    BOOST_REQUIRE(both.up());
  }
  BOOST_TEST((both.said == both.heard));
  BOOST_TEST(both.heard[0] == 48u * 60);
  BOOST_TEST(changes >= 43u);
  BOOST_TEST(changes <= 54u);
  BOOST_TEST((both.ends[0].peer().channel_binding == binding));
}

BOOST_AUTO_TEST_CASE(messages_may_be_under_way_at_every_step_and_be_cut_anywhere) {
  for (std::size_t cut = 1; cut < 120; cut += cut < 30 ? 1 : 7) {
    game both(quick);
    both.wait(12min);
    for (int i = 0; i < 400; ++i) {
      both.say(0);
      both.say(1);
      both.carry(static_cast<std::size_t>(i % 2), cut);
      both.carry(static_cast<std::size_t>(1 - i % 2), cut + 3);
    }
    for (int i = 0; i < 6; ++i) both.carry_all();
    BOOST_REQUIRE(both.up());
    BOOST_TEST((both.heard[0] == both.said[1] && both.heard[1] == both.said[0]));
    BOOST_TEST((both.ends[0].next_timeout() > both.now + 8min));  // It is over.
  }
}

BOOST_AUTO_TEST_CASE(what_the_old_keys_sealed_does_not_open_after_they_went) {
  game both(quick);
  both.say(0);
  both.collect(0);
  const auto old = both.wire[0];
  both.carry_all();
  both.wait(12min);
  both.carry_all();
  BOOST_REQUIRE(both.up());
  both.wire[0] = old;
  both.carry(1);
  BOOST_TEST((both.ends[1].state() == link_state::closed));
  BOOST_TEST((both.ends[1].close_reason().code == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(so_many_bytes_bring_new_keys_too_but_not_twice_a_minute) {
  game both({.renew_after_bytes = 20'000});
  for (int i = 0; i < 2'000; ++i) both.say(i % 2);
  both.carry_all();
  both.wait(119s);
  both.collect(0);
  BOOST_TEST(both.wire[0].empty());
  both.wait(1s);
  both.collect(0);
  BOOST_TEST(!both.wire[0].empty());
  both.carry_all();
  BOOST_TEST(both.up());
  BOOST_TEST((both.ends[0].next_timeout() > both.now + 50min));
}

BOOST_AUTO_TEST_CASE(a_peer_that_wants_new_keys_all_the_time_is_closed) {
  game both({.renew_after = 1min, .renew_apart_min = 2min});
  both.wait(1min + 7s);
  both.carry_all();
  BOOST_TEST((both.ends[1].state() == link_state::closed));
  BOOST_TEST((both.ends[1].close_reason().code == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_go_on_is_closed_after_half_a_minute) {
  game both(quick);
  both.wait(11min);
  both.collect(0);
  BOOST_TEST(!both.wire[0].empty());
  both.wait(29s);
  both.say(1);
  both.carry(0);  // Other messages do not extend it.
  BOOST_TEST(both.up());
  both.wait(1s);
  BOOST_TEST((both.ends[0].close_reason().code == errc::timed_out));
  BOOST_TEST((both.ends[0].state() == link_state::closed));
}

BOOST_AUTO_TEST_CASE(the_responder_waits_no_longer_than_that_either) {
  game both(quick);
  both.wait(11min);
  both.carry(1);
  both.collect(1);
  both.wire[1].clear();
  both.now += 30s;
  both.ends[1].on_timeout(both.now);
  BOOST_TEST((both.ends[1].close_reason().code == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_understand_it_is_never_asked) {
  game both(quick, {.renew_after = 0ms});  // Says no such feature, as a node of before.
  both.wait(1h);
  both.collect(0);
  BOOST_TEST(both.wire[0].empty());
  BOOST_TEST((both.ends[0].next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(every_step_out_of_turn_ends_the_link) {
  for (std::size_t at = 0; at < 2; ++at) {
    for (std::uint8_t step = 0; step < 7; ++step) {
      for (const std::size_t bytes : {0, 48, 96}) {
        if (at == 1 && step == 1 && bytes == 0) continue;  // Below: malformed, not out of turn.
        game both(quick);
        both.now += 5min;
        byte_buffer record{0, 0, step};
        append(record, byte_buffer(bytes, 7));
        BOOST_REQUIRE(both.ends[1 - at].seal(record));
        both.carry(at);
        BOOST_TEST((both.ends[at].state() == link_state::closed));
        BOOST_TEST((both.ends[at].close_reason().code == errc::bad_message));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(steps_that_hold_no_handshake_or_come_twice_end_the_link) {
  const struct {
    int carried;     // Steps that went well before, the responder's first.
    std::size_t at;  // Who is told
    std::uint8_t step;
    std::size_t bytes;
  } table[] = {{0, 0, 2, 96}, {1, 1, 3, 96}, {1, 1, 1, 48}, {2, 0, 2, 96}, {2, 0, 4, 1}};
  for (const auto& row : table) {
    game both(quick);
    both.wait(11min);
    for (int i = 0; i < row.carried; ++i) both.carry(1 - i % 2);
    both.collect(1 - row.at);
    both.wire[1 - row.at].clear();
    byte_buffer record{0, 0, row.step};
    append(record, byte_buffer(row.bytes, 7));
    BOOST_REQUIRE(both.ends[1 - row.at].seal(record));
    both.carry(row.at);
    BOOST_TEST_CONTEXT(int{row.step} << " after " << row.carried) {
      BOOST_TEST((both.ends[row.at].state() == link_state::closed));
      BOOST_TEST((both.ends[row.at].close_reason().code == errc::bad_message));
    }
  }
}

BOOST_AUTO_TEST_CASE(two_zeros_inside_a_record_are_an_empty_message_as_before) {
  game both;
  auto record = framed(0);
  append(record, byte_buffer{0, 0, 1});
  BOOST_REQUIRE(both.ends[0].seal(record));
  both.carry(1);
  BOOST_TEST(both.heard[1] == 1u);
  BOOST_TEST((both.ends[1].close_reason().code == errc::bad_message));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace askr::transport
