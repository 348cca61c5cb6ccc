// SPDX-License-Identifier: MIT
// What the published vectors do not show: everything that must fail. (They are run by noise_vectors_test.cpp.)
#include "crypto/noise_handshake.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::crypto;

constexpr auto name = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b";
const entropy random_source{};

secret<32> key_of(std::uint8_t fill) { return secret<32>(byte_buffer(32, fill)); }

handshake_state made(role side, std::uint8_t psk = 7, std::string_view prologue = "prologue") {
  handshake_keys keys;
  keys.static_secret = key_of(side == role::initiator ? 1 : 2);
  keys.psks.push_back(key_of(psk));
  return handshake_state::start(noise_protocol::parse(name).value(), side, std::move(keys), as_bytes(prologue)).value();
}

byte_buffer written_by(handshake_state& writer) {
  byte_buffer out;
  BOOST_REQUIRE(writer.write_message(random_source, as_bytes("payload"), out).ok());
  return out;
}

bool accepts(handshake_state& reader, byte_span message) {
  byte_buffer payload;
  const bool accepted = reader.read_message(message, payload).ok();
  BOOST_TEST(payload.empty() != accepted);
  return accepted;
}

// Two sides that have exchanged the first `messages` messages.
struct pair {
  explicit pair(std::size_t messages) : initiator(made(role::initiator)), responder(made(role::responder)) {
    for (std::size_t i = 0; i < messages; ++i) BOOST_REQUIRE(accepts(reader(i), written_by(writer(i))));
  }
  handshake_state& writer(std::size_t i) { return i % 2 == 0 ? initiator : responder; }
  handshake_state& reader(std::size_t i) { return i % 2 == 0 ? responder : initiator; }

  handshake_state initiator, responder;
};

// Source: https://cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?"
std::vector<public_key> low_order_points() {
  std::vector<public_key> points(7);
  points[1][0] = 1;
  points[2] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
               0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00};
  points[3] = {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
               0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57};
  for (std::size_t i = 4; i < 7; ++i) {
    points[i].fill(0xff);
    points[i][0] = static_cast<std::uint8_t>(0xec + i - 4);  // p - 1, p, p + 1
    points[i][31] = 0x7f;
  }
  return points;
}

// The messages of somebody who knows the psk and plays with low-order points, whose shared secrets are all zero.
class forger {
 public:
  forger() : symmetric_(name, cipher_kind::chacha_poly, hash_kind::blake2b) {
    symmetric_.mix_hash(as_bytes("prologue"));
  }

  void mix_psk() { symmetric_.mix_key_and_hash(key_of(7).span()); }
  void mix_seen(byte_span ephemeral) { mix_ephemeral(ephemeral); }
  void hash_seen_payload(byte_span sealed) { symmetric_.mix_hash(sealed); }
  void mix_zero_dh() { symmetric_.mix_key(byte_buffer(32, 0)); }
  void mix_dh(const secret<32>& own, byte_span remote) {
    public_key key;
    std::copy_n(remote.begin(), 32, key.begin());
    secret<32> shared;
    BOOST_REQUIRE(x25519(shared, own, key));
    symmetric_.mix_key(shared.span());
  }
  void write_ephemeral(byte_span key, byte_buffer& out) { append(out, key), mix_ephemeral(key); }
  void write_sealed(byte_span text, byte_buffer& out) { BOOST_REQUIRE(symmetric_.encrypt_and_hash(text, out)); }

 private:
  void mix_ephemeral(byte_span key) { symmetric_.mix_hash(key), symmetric_.mix_key(key); }

  symmetric_state symmetric_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(noise_handshake)

BOOST_AUTO_TEST_CASE(both_sides_end_with_the_same_hash_and_know_each_other) {
  pair both(3);
  BOOST_TEST(both.initiator.complete());
  BOOST_TEST(both.responder.complete());
  BOOST_TEST(std::ranges::equal(both.initiator.handshake_hash(), both.responder.handshake_hash()));
  BOOST_TEST((both.initiator.remote_static() == x25519_public(key_of(2))));
  BOOST_TEST((both.responder.remote_static() == x25519_public(key_of(1))));
}

BOOST_AUTO_TEST_CASE(two_handshakes_of_the_same_sides_share_nothing) {
  pair one(3), other(3);
  BOOST_TEST(!std::ranges::equal(one.initiator.handshake_hash(), other.initiator.handshake_hash()));
}

BOOST_AUTO_TEST_CASE(a_flipped_byte_at_any_position_of_any_message_is_refused) {
  for (std::size_t i = 0; i < 3; ++i) {
    pair original(i);
    const std::size_t bytes = written_by(original.writer(i)).size();
    for (std::size_t at = 0; at < bytes; ++at) {
      pair both(i);
      auto message = written_by(both.writer(i));
      message[at] ^= 0x40;
      BOOST_TEST(!accepts(both.reader(i), message));
      BOOST_TEST(!both.reader(i).complete());
      BOOST_TEST(!both.reader(i).writes_next());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_truncated_or_extended_message_is_refused) {
  for (std::size_t i = 0; i < 3; ++i) {
    pair original(i);
    const std::size_t bytes = written_by(original.writer(i)).size();
    for (std::size_t kept = 0; kept < bytes + 2; ++kept) {
      if (kept == bytes) continue;
      pair both(i);
      auto message = written_by(both.writer(i));
      message.resize(kept);
      BOOST_TEST(!accepts(both.reader(i), message));
    }
  }
}

BOOST_AUTO_TEST_CASE(swapped_messages_are_refused) {
  pair both(2), again(1);
  const auto third = written_by(both.initiator);
  BOOST_TEST(!accepts(again.initiator, third));
  pair fresh(0);
  BOOST_TEST(!accepts(fresh.responder, third));
}

BOOST_AUTO_TEST_CASE(a_message_replayed_into_another_handshake_is_refused) {
  auto initiator = made(role::initiator);
  auto first_responder = made(role::responder), second_responder = made(role::responder);
  const auto first = written_by(initiator);
  BOOST_REQUIRE(accepts(first_responder, first));
  BOOST_REQUIRE(accepts(second_responder, first));  // By design: it proves the psk, and nothing but DH work follows.
  const auto second = written_by(first_responder);
  written_by(second_responder);
  BOOST_REQUIRE(accepts(initiator, second));
  const auto third = written_by(initiator);
  BOOST_TEST(!accepts(second_responder, third));
  BOOST_TEST(accepts(first_responder, third));
  BOOST_TEST(!accepts(first_responder, third));
}

BOOST_AUTO_TEST_CASE(a_reflected_message_is_refused) {
  auto initiator = made(role::initiator);
  BOOST_TEST(!accepts(initiator, written_by(initiator)));
}

BOOST_AUTO_TEST_CASE(another_psk_or_prologue_is_refused_at_the_first_message) {
  auto initiator = made(role::initiator);
  auto other_psk = made(role::responder, 8), other_prologue = made(role::responder, 7, "prologu");
  const auto first = written_by(initiator);
  BOOST_TEST(!accepts(other_psk, first));
  BOOST_TEST(!accepts(other_prologue, first));
}

BOOST_AUTO_TEST_CASE(after_a_failure_nothing_is_read_any_more) {
  pair both(0);
  const auto good = written_by(both.initiator);
  auto bad = good;
  bad.back() ^= 1;
  BOOST_TEST(!accepts(both.responder, bad));
  BOOST_TEST(!accepts(both.responder, good));
}

BOOST_AUTO_TEST_CASE(a_low_order_ephemeral_in_the_first_message_ends_the_handshake_without_an_answer) {
  for (const auto& point : low_order_points()) {
    forger attacker;
    byte_buffer first, answer;
    attacker.mix_psk();
    attacker.write_ephemeral(point, first);
    attacker.write_sealed(as_bytes("x"), first);
    auto responder = made(role::responder);
    BOOST_REQUIRE(accepts(responder, first));
    BOOST_TEST(!responder.write_message(random_source, {}, answer).ok());
    BOOST_TEST(answer.empty());
    BOOST_TEST(!responder.writes_next());
  }
}

BOOST_AUTO_TEST_CASE(a_low_order_ephemeral_in_the_second_message_is_refused) {
  for (const auto& point : low_order_points()) {
    auto initiator = made(role::initiator);
    const auto first = written_by(initiator);
    forger attacker;
    byte_buffer second;
    attacker.mix_psk();
    attacker.mix_seen(byte_span(first).first(32));
    attacker.hash_seen_payload(byte_span(first).subspan(32));
    attacker.write_ephemeral(point, second);
    attacker.mix_zero_dh();
    attacker.write_sealed(x25519_public(key_of(2)), second);
    attacker.mix_dh(key_of(2), byte_span(first).first(32));
    attacker.write_sealed(as_bytes("x"), second);
    BOOST_TEST(!accepts(initiator, second));
  }
}

BOOST_AUTO_TEST_CASE(a_low_order_static_is_refused) {
  for (const auto& point : low_order_points()) {
    auto initiator = made(role::initiator);
    const auto first = written_by(initiator);
    forger attacker;
    byte_buffer second;
    attacker.mix_psk();
    attacker.mix_seen(byte_span(first).first(32));
    attacker.hash_seen_payload(byte_span(first).subspan(32));
    attacker.write_ephemeral(x25519_public(key_of(9)), second);
    attacker.mix_dh(key_of(9), byte_span(first).first(32));
    attacker.write_sealed(point, second);
    attacker.mix_zero_dh();
    attacker.write_sealed(as_bytes("x"), second);
    BOOST_TEST(!accepts(initiator, second));
  }
}

BOOST_AUTO_TEST_CASE(the_forger_is_believed_when_its_keys_are_honest) {  // So the three cases above fail for the point.
  auto initiator = made(role::initiator);
  const auto first = written_by(initiator);
  forger honest;
  byte_buffer second;
  honest.mix_psk();
  honest.mix_seen(byte_span(first).first(32));
  honest.hash_seen_payload(byte_span(first).subspan(32));
  honest.write_ephemeral(x25519_public(key_of(9)), second);
  honest.mix_dh(key_of(9), byte_span(first).first(32));
  honest.write_sealed(x25519_public(key_of(2)), second);
  honest.mix_dh(key_of(2), byte_span(first).first(32));
  honest.write_sealed(as_bytes("x"), second);
  BOOST_TEST(accepts(initiator, second));
}

BOOST_AUTO_TEST_CASE(keys_that_do_not_fit_the_pattern_are_refused) {
  const auto xx = noise_protocol::parse(name).value();
  const auto ik = noise_protocol::parse("Noise_IK_25519_AESGCM_SHA256").value();
  BOOST_TEST(!handshake_state::start(xx, role::initiator, {}, {}).ok());
  handshake_keys without_psk, without_remote;
  without_psk.static_secret = key_of(1);
  without_remote.static_secret = key_of(1);
  BOOST_TEST((handshake_state::start(xx, role::initiator, std::move(without_psk), {}).code() == errc::bad_options));
  BOOST_TEST((handshake_state::start(ik, role::initiator, std::move(without_remote), {}).code() == errc::bad_options));
}

BOOST_AUTO_TEST_CASE(names_of_unknown_protocols_are_refused) {
  for (const auto* text :
       {"", "Noise", "Noise_XX_25519_AESGCM", "Noise_XX_448_AESGCM_SHA256", "Noise_QQ_25519_AESGCM_SHA256",
        "Noise_XX_25519_AESGCM_SHA256_x", "Noise_XXpsk4_25519_AESGCM_SHA256", "Noise_XXpsk_25519_AESGCM_SHA256",
        "Noise_XXpsk0+_25519_AESGCM_SHA256", "Noise_XX_25519_AES_SHA256", "Noise_XX_25519_AESGCM_SHA3",
        "Noise_XXqsk0_25519_AESGCM_SHA256", "noise_XX_25519_AESGCM_SHA256",
        "Noise_XXpsk0+psk0+psk0+psk0+psk0+psk0+psk0+psk0_25519_AESGCM_SHA256"}) {
    BOOST_TEST(!noise_protocol::parse(text).ok(), text);
  }
  BOOST_TEST(noise_protocol::parse("Noise_XXpsk0+psk3_25519_AESGCM_SHA256").ok());
}

BOOST_AUTO_TEST_SUITE_END()
