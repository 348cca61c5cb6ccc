// SPDX-License-Identifier: MIT
#include "transport/link.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <vector>

namespace askr::transport {  // POSIX has a function named link.
namespace {

using crypto::cipher_kind;
using crypto::workspace_keys;

constexpr time_point start{};
const entropy random_source{};
const auto own = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 1)));
const auto other = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 2)));

using ring = std::shared_ptr<const crypto::keyring>;

ring ring_of(std::initializer_list<std::string_view> secrets, std::string_view name = "lab") {
  std::vector<workspace_keys> keys;
  for (const auto secret : secrets) keys.push_back(workspace_keys::derive(as_bytes(secret), name));
  return std::make_shared<const crypto::keyring>(std::move(keys));
}
ring keys_of(std::string_view secret = "the secret", std::string_view name = "lab") { return ring_of({secret}, name); }
const auto workspace = keys_of();

link made(role side, const ring& keys = workspace, cipher_kind suite = preferred_suite()) {
  const bool initiator = side == role::initiator;
  peer_hello hello{.incarnation = 5, .name = initiator ? "first" : "second", .features = 3, .wire_minor = 1};
  hello.credential = byte_buffer(16, initiator ? 0xaa : 0xbb);
  return {{}, side, {initiator ? own : other, keys, hello, suite}, random_source, start};
}

byte_buffer taken_from(link& from) {
  byte_buffer bytes(from.output().begin(), from.output().end());
  from.consume(bytes.size());
  return bytes;
}

std::vector<byte_buffer> messages_of(link& from) {
  std::vector<byte_buffer> all;
  byte_span body;
  while (from.next_message(body)) all.emplace_back(body.begin(), body.end());
  return all;
}

// Hands the bytes over in pieces of `cut` bytes, and collects the messages.
std::vector<byte_buffer> deliver(link& to, byte_span bytes, std::size_t cut = 65'536) {
  std::vector<byte_buffer> all;
  for (std::size_t at = 0; at < bytes.size(); at += cut) {
    const auto piece = bytes.subspan(at, std::min(cut, bytes.size() - at));
    byte_buffer scratch(piece.begin(), piece.end());
    to.on_bytes(start, scratch);
    for (auto& message : messages_of(to)) all.push_back(std::move(message));
  }
  return all;
}

byte_buffer framed(byte_span body) {
  byte_buffer out{static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
  append(out, body);
  return out;
}

struct pair {
  explicit pair(cipher_kind suite = preferred_suite(), std::size_t cut = 65'536)
      : initiator(made(role::initiator, workspace, suite)), responder(made(role::responder)) {
    deliver(responder, taken_from(initiator), cut);
    deliver(initiator, taken_from(responder), cut);
    deliver(responder, taken_from(initiator), cut);
  }
  pair& admitted() {
    initiator.admit();
    responder.admit();
    return *this;
  }

  link initiator, responder;
};

// The link's three handshake messages, each to be spoilt on its way.
void check_spoilt(std::size_t message, const std::function<void(byte_buffer&)>& spoil) {
  auto initiator = made(role::initiator);
  auto responder = made(role::responder);
  for (std::size_t i = 0; i <= message; ++i) {
    auto& from = i % 2 == 0 ? initiator : responder;
    auto& to = i % 2 == 0 ? responder : initiator;
    auto bytes = taken_from(from);
    if (i == message) spoil(bytes);
    deliver(to, bytes);
    if (i < message) continue;
    BOOST_TEST((to.state() == link_state::closed || to.state() == link_state::handshaking));
    BOOST_TEST(to.output().empty());
    to.on_timeout(start + 5s);
    BOOST_TEST((to.state() == link_state::closed));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(links)

BOOST_AUTO_TEST_CASE(two_links_prove_themselves_to_each_other_however_the_bytes_are_cut) {
  for (const auto suite : {cipher_kind::aes_gcm, cipher_kind::chacha_poly}) {
    for (std::size_t cut = 1; cut < 300; cut += cut < 70 ? 1 : 23) {
      pair both(suite, cut);
      BOOST_REQUIRE((both.initiator.state() == link_state::authenticating));
      BOOST_REQUIRE((both.responder.state() == link_state::authenticating));
      BOOST_TEST((both.initiator.peer().id == other.id()));
      BOOST_TEST((both.responder.peer().id == own.id()));
      BOOST_TEST((both.initiator.peer().channel_binding == both.responder.peer().channel_binding));
    }
  }
}

BOOST_AUTO_TEST_CASE(each_knows_what_the_other_said) {
  const pair both;
  const auto& peer = both.responder.peer();
  BOOST_TEST((peer.noise_key == own.noise_key()));
  BOOST_TEST((peer.hello.sign_key == own.sign_key()));
  BOOST_TEST(peer.hello.name == "first");
  BOOST_TEST(peer.hello.incarnation == 5u);
  BOOST_TEST(peer.hello.features == 3u);
  BOOST_TEST(peer.hello.wire_minor == 1u);
  BOOST_TEST((peer.hello.credential == byte_buffer(16, 0xaa)));
  BOOST_TEST(both.initiator.peer().hello.name == "second");
  BOOST_TEST(peer.channel_binding.size() == 64u);
}

BOOST_AUTO_TEST_CASE(the_first_bytes_are_preface_and_first_message) {
  auto initiator = made(role::initiator, workspace, cipher_kind::chacha_poly);
  const auto bytes = taken_from(initiator);
  const byte_buffer head{0xc1, 'a', 's', 'k', 'r', 1, 2, 0, 0, 48};
  BOOST_TEST(bytes.size() == 58u);
  BOOST_TEST(std::ranges::equal(byte_span(bytes).first(10), head));
}

BOOST_AUTO_TEST_CASE(messages_travel_both_ways_however_the_bytes_are_cut) {
  for (std::size_t cut = 1; cut < 200; ++cut) {
    pair both;
    both.admitted();
    byte_buffer run = framed(byte_buffer(1, 'a'));
    append(run, framed(byte_buffer(60, 'b')));
    BOOST_REQUIRE(both.initiator.seal(run));
    BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(30, 'c'))));
    const auto got = deliver(both.responder, taken_from(both.initiator), cut);
    BOOST_REQUIRE(got.size() == 3u);
    BOOST_TEST((got[0] == byte_buffer(1, 'a') && got[1] == byte_buffer(60, 'b') && got[2] == byte_buffer(30, 'c')));
    BOOST_REQUIRE(both.responder.seal(run));
    BOOST_TEST(deliver(both.initiator, taken_from(both.responder), cut).size() == 2u);
  }
}

BOOST_AUTO_TEST_CASE(thousands_of_messages_cross_every_change_of_keys_in_both_suites) {
  for (const auto suite : {cipher_kind::aes_gcm, cipher_kind::chacha_poly}) {
    pair both(suite);
    both.admitted();
    std::vector<byte_buffer> got;
    byte_buffer held;  // Some bytes of each turn come with the next.
    for (std::size_t i = 0; i < 3'000; ++i) {
      BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(1 + i % 1'500, static_cast<std::uint8_t>(i)))));
      append(held, taken_from(both.initiator));
      const std::size_t now = i == 2'999 ? held.size() : held.size() - held.size() / 3;
      for (auto& each : deliver(both.responder, byte_span(held).first(now))) got.push_back(std::move(each));
      held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(now));
    }
    BOOST_REQUIRE(got.size() == 3'000u);
    for (std::size_t i = 0; i < got.size(); ++i) {
      BOOST_REQUIRE((got[i] == byte_buffer(1 + i % 1'500, static_cast<std::uint8_t>(i))));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_greatest_record_passes_and_nothing_is_allocated_by_its_length_alone) {
  pair both;
  both.admitted();
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(65'517, 'x'))));
  const auto bytes = taken_from(both.initiator);
  BOOST_TEST(bytes.size() == record_bytes_max);
  const auto got = deliver(both.responder, bytes, 1'000);
  BOOST_REQUIRE(got.size() == 1u);
  BOOST_TEST(got[0].size() == 65'517u);
}

BOOST_AUTO_TEST_CASE(another_secret_or_workspace_gets_not_one_byte) {
  for (const bool other_secret : {true, false}) {
    const auto keys = other_secret ? keys_of("another secret") : keys_of("the secret", "lab2");
    auto initiator = made(role::initiator, keys);
    auto responder = made(role::responder);
    deliver(responder, taken_from(initiator));
    BOOST_TEST((responder.state() == link_state::closed));
    BOOST_TEST((responder.close_reason().code == errc::unauthenticated));
    BOOST_TEST(responder.output().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_responder_takes_any_of_its_secrets_and_an_initiator_dials_with_its_newest) {
  const auto many = ring_of({"new", "the secret", "oldest"});
  for (const auto* secret : {"new", "the secret", "oldest"}) {
    auto initiator = made(role::initiator, ring_of({secret, "unused"}));
    auto responder = made(role::responder, many);
    deliver(responder, taken_from(initiator));
    deliver(initiator, taken_from(responder));
    deliver(responder, taken_from(initiator));
    BOOST_TEST((responder.state() == link_state::authenticating), secret);
    BOOST_TEST((responder.workspace() == keys_of(secret)->newest().hash), secret);
    BOOST_TEST((initiator.workspace() == responder.workspace()), secret);
  }
  auto initiator = made(role::initiator, ring_of({"unknown", "new"}));
  auto responder = made(role::responder, many);
  deliver(responder, taken_from(initiator));
  BOOST_TEST((responder.close_reason().code == errc::unauthenticated));
  BOOST_TEST(responder.output().empty());
}

BOOST_AUTO_TEST_CASE(a_preface_is_refused_at_its_first_wrong_byte) {
  auto initiator = made(role::initiator);
  const auto good = taken_from(initiator);
  for (std::size_t at = 0; at < preface_bytes; ++at) {
    auto responder = made(role::responder);
    auto bytes = good;
    bytes[at] ^= 0x80;
    deliver(responder, byte_span(bytes).first(at + 1));
    BOOST_TEST((responder.state() == link_state::closed));
    BOOST_TEST((responder.close_reason().code == errc::unsupported));
    BOOST_TEST(responder.output().empty());
  }
}

BOOST_AUTO_TEST_CASE(garbage_gets_not_one_byte) {
  for (std::size_t seed = 1; seed < 300; ++seed) {
    rng chance(seed);
    auto responder = made(role::responder);
    auto initiator = made(role::initiator);
    byte_buffer bytes = taken_from(initiator);
    bytes.resize(seed % 3 == 0 ? 0 : seed % 3 == 1 ? preface_bytes : preface_bytes + 2);
    for (std::size_t i = 0; i < 600; ++i) bytes.push_back(static_cast<std::uint8_t>(chance.next()));
    deliver(responder, bytes, 1 + chance.below(700));
    BOOST_TEST(responder.output().empty());
    responder.on_timeout(start + 5s);
    BOOST_TEST((responder.state() == link_state::closed));
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_byte_at_any_position_of_any_handshake_message_is_refused) {
  for (std::size_t message = 0; message < 3; ++message) {
    std::size_t bytes = 1;
    for (std::size_t at = 0; at < bytes; ++at) {
      check_spoilt(message, [&](byte_buffer& sent) {
        bytes = sent.size();
        sent[at] ^= 0x04;
      });
    }
    BOOST_TEST(bytes >= 58u);
  }
}

BOOST_AUTO_TEST_CASE(truncated_handshake_messages_are_never_answered) {
  for (std::size_t message = 0; message < 3; ++message) {
    for (const std::size_t kept : {0, 1, 2, 9, 10, 11, 40, 57}) {
      check_spoilt(message, [kept](byte_buffer& sent) { sent.resize(kept); });
    }
  }
}

BOOST_AUTO_TEST_CASE(handshake_messages_above_the_limit_are_refused_by_their_length) {
  auto initiator = made(role::initiator);
  for (const std::size_t bytes : {513, 65'535}) {
    auto responder = made(role::responder);
    auto head = taken_from(initiator = made(role::initiator));
    head.resize(preface_bytes);
    head.push_back(static_cast<std::uint8_t>(bytes >> 8));
    head.push_back(static_cast<std::uint8_t>(bytes));
    deliver(responder, head);
    BOOST_TEST((responder.close_reason().code == errc::too_large));
    BOOST_TEST((responder.state() == link_state::closed));
  }
}

BOOST_AUTO_TEST_CASE(a_replayed_first_message_leads_nowhere) {
  auto initiator = made(role::initiator);
  const auto first = taken_from(initiator);
  auto responder = made(role::responder), victim = made(role::responder);
  deliver(responder, first);
  deliver(initiator, taken_from(responder));
  const auto third = taken_from(initiator);
  deliver(victim, first);
  BOOST_TEST(!victim.output().empty());  // It proves the secret; answering costs one handshake of the budget.
  deliver(victim, third);
  BOOST_TEST((victim.state() == link_state::closed));
  BOOST_TEST((victim.close_reason().code == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_reflected_handshake_is_refused) {
  auto initiator = made(role::initiator);
  auto bytes = taken_from(initiator);
  deliver(initiator, byte_span(bytes).subspan(preface_bytes));
  BOOST_TEST((initiator.state() == link_state::closed));
}

BOOST_AUTO_TEST_CASE(records_wait_unopened_until_the_peer_is_admitted) {
  pair both;
  both.initiator.admit();
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(5, 'e'))));
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(6, 'f'))));
  const auto bytes = taken_from(both.initiator);
  BOOST_TEST(deliver(both.responder, byte_span(bytes).first(bytes.size() - 3)).empty());
  BOOST_TEST((both.responder.state() == link_state::authenticating));
  both.responder.admit();
  BOOST_TEST(messages_of(both.responder).size() == 1u);
  const auto rest = deliver(both.responder, byte_span(bytes).last(3));
  BOOST_REQUIRE(rest.size() == 1u);
  BOOST_TEST((rest[0] == byte_buffer(6, 'f')));
}

BOOST_AUTO_TEST_CASE(what_waits_for_admission_is_bounded) {
  pair both;
  both.initiator.admit();
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(10'000, 'e'))));
  const auto bytes = taken_from(both.initiator);
  BOOST_TEST(both.responder.wanted_bytes() == 4'096u);
  deliver(both.responder, byte_span(bytes).first(4'096));
  BOOST_TEST(both.responder.wanted_bytes() == 0u);
  BOOST_TEST((both.responder.state() == link_state::authenticating));
  deliver(both.responder, byte_span(bytes).subspan(4'096, 1));
  BOOST_TEST((both.responder.state() == link_state::closed));
  BOOST_TEST((both.responder.close_reason().code == errc::too_large));
}

BOOST_AUTO_TEST_CASE(a_flood_into_a_handshake_closes_it) {
  auto responder = made(role::responder), initiator = made(role::initiator);
  auto bytes = taken_from(initiator);
  bytes.resize(20);
  deliver(responder, bytes);
  BOOST_TEST(responder.wanted_bytes() == 4'096u - 12);
  deliver(responder, byte_buffer(65'536, 0));
  BOOST_TEST((responder.state() == link_state::closed));
  BOOST_TEST(responder.output().empty());
}

BOOST_AUTO_TEST_CASE(a_refused_peer_s_link_closes_with_the_reason) {
  pair both;
  both.responder.refuse(errc::denied);
  BOOST_TEST((both.responder.state() == link_state::closed));
  BOOST_TEST((both.responder.close_reason().code == errc::denied));
  both.responder.admit();
  BOOST_TEST((both.responder.state() == link_state::closed));
  BOOST_TEST(!both.responder.seal(framed(byte_buffer(1, 'x'))));
}

BOOST_AUTO_TEST_CASE(nothing_is_sealed_before_admission) {
  pair both;
  BOOST_TEST(!both.initiator.seal(framed(byte_buffer(1, 'x'))));
  BOOST_TEST(both.initiator.output().empty());
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_at_any_position_of_a_record_closes_the_link) {
  pair lengths;
  lengths.admitted();
  BOOST_REQUIRE(lengths.initiator.seal(framed(byte_buffer(9, 'x'))));
  const std::size_t bits = lengths.initiator.output().size() * 8;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    pair both;
    both.admitted();
    BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(9, 'x'))));
    auto bytes = taken_from(both.initiator);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    bytes.resize(bit < 16 ? 65'537 : bytes.size(), 0);  // A longer length must be filled before it can fail.
    BOOST_TEST(deliver(both.responder, bytes, 65'537).empty());
    BOOST_TEST((both.responder.state() == link_state::closed));
    BOOST_TEST((both.responder.close_reason().code == errc::unauthenticated));
  }
}

BOOST_AUTO_TEST_CASE(a_record_may_be_taken_whole_or_after_some_of_its_messages) {
  pair both;
  both.admitted();
  auto run = framed(byte_buffer(3, 'a'));
  append(run, framed(byte_buffer(4, 'b')));
  BOOST_REQUIRE(both.initiator.seal(run));
  BOOST_REQUIRE(both.initiator.seal(run));
  auto bytes = taken_from(both.initiator);
  both.responder.on_bytes(start, bytes);
  byte_span got;
  BOOST_REQUIRE(both.responder.next_record(got));
  BOOST_TEST(std::ranges::equal(got, run));
  BOOST_REQUIRE(both.responder.next_message(got));
  BOOST_TEST(std::ranges::equal(got, byte_buffer(3, 'a')));
  BOOST_REQUIRE(both.responder.next_record(got));
  BOOST_TEST(std::ranges::equal(got, framed(byte_buffer(4, 'b'))));
  BOOST_TEST(!both.responder.next_record(got));
}

BOOST_AUTO_TEST_CASE(replayed_records_close_the_link) {
  pair both;
  both.admitted();
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(9, 'x'))));
  const auto bytes = taken_from(both.initiator);
  BOOST_TEST(deliver(both.responder, bytes).size() == 1u);
  BOOST_TEST(deliver(both.responder, bytes).empty());
  BOOST_TEST((both.responder.state() == link_state::closed));
}

BOOST_AUTO_TEST_CASE(malformed_messages_in_an_authentic_record_close_the_link) {
  for (const byte_buffer& content : {byte_buffer{1}, byte_buffer{0, 0}, byte_buffer{0, 2, 'x'},
                                     byte_buffer{0, 1, 'x', 0}, byte_buffer{0, 1, 'x', 0xff, 0xff, 'y'}}) {
    pair both;
    both.admitted();
    BOOST_REQUIRE(both.initiator.seal(content));
    const auto got = deliver(both.responder, taken_from(both.initiator));
    BOOST_TEST(got.size() == (content.size() > 3 ? 1u : 0u));
    BOOST_TEST((both.responder.state() == link_state::closed));
    BOOST_TEST((both.responder.close_reason().code == errc::bad_message));
  }
}

BOOST_AUTO_TEST_CASE(the_deadline_counts_from_the_connection_and_bytes_do_not_extend_it) {
  auto initiator = made(role::initiator), responder = made(role::responder);
  BOOST_TEST((responder.next_timeout() == start + 5s));
  auto bytes = taken_from(initiator);
  responder.on_bytes(start + 4s, bytes);
  BOOST_TEST((responder.next_timeout() == start + 5s));
  responder.on_timeout(start + 4'999ms);
  BOOST_TEST((responder.state() == link_state::handshaking));
  responder.on_timeout(start + 5s);
  BOOST_TEST((responder.close_reason().code == errc::timed_out));
  BOOST_TEST((responder.state() == link_state::closed));
  BOOST_TEST((responder.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(the_verdict_must_come_before_the_deadline_too) {
  pair both;
  both.initiator.admit();
  BOOST_TEST((both.initiator.next_timeout() > start + 50min));
  both.initiator.on_timeout(start + 50min);
  BOOST_TEST((both.initiator.state() == link_state::established));
  byte_buffer late{1};
  both.responder.on_bytes(start + 6s, late);
  BOOST_TEST((both.responder.close_reason().code == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(output_may_be_written_in_pieces_while_more_is_sealed) {
  pair both;
  both.admitted();
  std::vector<byte_buffer> got;
  for (std::size_t i = 0; i < 200; ++i) {
    BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(1 + i, 'p'))));
    const auto written = std::min<std::size_t>(i * 3, both.initiator.output().size());
    for (auto& each : deliver(both.responder, both.initiator.output().first(written))) got.push_back(std::move(each));
    both.initiator.consume(written);
  }
  for (auto& each : deliver(both.responder, taken_from(both.initiator))) got.push_back(std::move(each));
  BOOST_TEST(got.size() == 200u);
}

BOOST_AUTO_TEST_CASE(a_first_message_may_be_left_unanswered_until_the_owner_can_afford_it) {
  auto initiator = made(role::initiator);
  peer_hello hello{.name = "second"};
  link responder({.hold_answer = true}, role::responder, {other, workspace, hello}, random_source, start);
  const auto first = taken_from(initiator);
  deliver(responder, byte_span(first).first(57));
  BOOST_TEST(!responder.wants_answer());
  deliver(responder, byte_span(first).last(1));
  BOOST_TEST(responder.wants_answer());
  BOOST_TEST(responder.output().empty());
  responder.answer();
  BOOST_TEST(!responder.wants_answer());
  deliver(initiator, taken_from(responder));
  deliver(responder, taken_from(initiator));
  BOOST_TEST((responder.state() == link_state::authenticating));
}

BOOST_AUTO_TEST_CASE(a_link_may_be_moved_in_every_state) {
  pair both;
  both.admitted();
  link moved = std::move(both.responder);
  BOOST_REQUIRE(both.initiator.seal(framed(byte_buffer(3, 'm'))));
  BOOST_TEST(deliver(moved, taken_from(both.initiator)).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace askr::transport
