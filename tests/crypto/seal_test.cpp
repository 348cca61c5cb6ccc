// SPDX-License-Identifier: MIT
#include "crypto/seal.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <vector>

namespace {

using namespace askr;
using namespace askr::crypto;

identity made(std::uint8_t fill) { return identity::from_seed(secret<32>(byte_buffer(32, fill))); }

struct pair_of_nodes {
  identity caller = made(1), target = made(2);
  sealer at_caller{caller}, at_target{target};
  entropy random;
  seal_label label{caller.id(), 11, target.id(), 22, 33};

  byte_buffer command(byte_span text) {
    byte_buffer out;
    BOOST_REQUIRE(at_caller.seal(out, label, target.noise_key(), text, random).ok());
    return out;
  }
  bool opens(byte_span sealed, const seal_label& under, byte_buffer* text = nullptr) {
    byte_buffer out;
    const auto done = at_target.open(out, under, caller.noise_key(), sealed);
    BOOST_TEST((done.ok() || (out.empty() && done.code() == errc::unauthenticated)));
    if (text != nullptr) *text = out;
    return done.ok();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(seals)

BOOST_AUTO_TEST_CASE(what_one_seals_the_other_opens_both_ways) {
  pair_of_nodes nodes;
  for (const std::size_t bytes : {0u, 1u, 100u, 100'000u}) {
    const byte_buffer text(bytes, 7);
    byte_buffer opened;
    const auto sealed = nodes.command(text);
    BOOST_TEST(sealed.size() == bytes + seal_overhead_bytes);
    BOOST_TEST(nodes.opens(sealed, nodes.label, &opened));
    BOOST_TEST((opened == text));

    const seal_label back{nodes.target.id(), 22, nodes.caller.id(), 11, 44};
    byte_buffer reply, answer;
    BOOST_TEST(nodes.at_target.seal(reply, back, nodes.caller.noise_key(), text, nodes.random).ok());
    BOOST_TEST(nodes.at_caller.open(answer, back, nodes.target.noise_key(), reply).ok());
    BOOST_TEST((answer == text));
  }
  BOOST_TEST(nodes.at_caller.peers() == 1u);
}

BOOST_AUTO_TEST_CASE(it_appends) {
  pair_of_nodes nodes;
  byte_buffer out{1, 2, 3};
  const auto sealed = nodes.command(as_bytes("text"));
  BOOST_TEST(nodes.at_target.open(out, nodes.label, nodes.caller.noise_key(), sealed).ok());
  BOOST_TEST(as_text(byte_span(out).subspan(3)) == "text");
  BOOST_TEST(out[0] == 1);
}

BOOST_AUTO_TEST_CASE(every_part_of_the_label_is_bound) {
  pair_of_nodes nodes;
  const auto sealed = nodes.command(as_bytes("text"));
  const auto third = made(3).id();
  const std::vector<std::function<void(seal_label&)>> changes{
      [&](auto& label) { label.source = third; },
      [](auto& label) { label.source.bytes[15] ^= 1; },
      [](auto& label) { ++label.source_life; },
      [&](auto& label) { label.target = third; },
      [](auto& label) { ++label.target_life; },
      [](auto& label) { ++label.session; },
      [](auto& label) { label.session |= 1ull << 63; },
      [](auto& label) { std::swap(label.source_life, label.target_life); },
      [](auto& label) { std::swap(label.source, label.target); }};
  for (const auto& change : changes) {
    auto label = nodes.label;
    change(label);
    BOOST_TEST(!nodes.opens(sealed, label));
  }
  BOOST_TEST(nodes.opens(sealed, nodes.label));
}

BOOST_AUTO_TEST_CASE(every_bit_of_the_text_is_bound) {
  pair_of_nodes nodes;
  auto sealed = nodes.command(as_bytes("a command"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    BOOST_TEST(!nodes.opens(sealed, nodes.label));
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
  for (std::size_t bytes = 0; bytes < sealed.size(); ++bytes) {
    BOOST_TEST(!nodes.opens(byte_span(sealed).first(bytes), nodes.label));
  }
}

BOOST_AUTO_TEST_CASE(what_is_sent_back_to_its_sender_does_not_open) {
  pair_of_nodes nodes;
  const auto sealed = nodes.command(as_bytes("text"));
  byte_buffer out;
  const auto& target_key = nodes.target.noise_key();
  BOOST_TEST(!nodes.at_caller.open(out, nodes.label, target_key, sealed).ok());
  const seal_label back{nodes.target.id(), 11, nodes.caller.id(), 22, 33};
  BOOST_TEST(!nodes.at_caller.open(out, back, target_key, sealed).ok());
  // The target cannot send in the caller's place.
  BOOST_TEST(!nodes.at_target.seal(out, nodes.label, nodes.caller.noise_key(), {}, nodes.random).ok());
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(a_third_node_neither_opens_nor_forges) {
  pair_of_nodes nodes;
  const auto relay = made(3);
  sealer at_relay(relay);
  const auto sealed = nodes.command(as_bytes("text"));
  byte_buffer out;
  auto label = nodes.label;
  BOOST_TEST(!at_relay.open(out, label, nodes.caller.noise_key(), sealed).ok());
  label.target = relay.id();
  BOOST_TEST(!at_relay.open(out, label, nodes.caller.noise_key(), sealed).ok());
  label = nodes.label;
  label.source = relay.id();
  BOOST_TEST(at_relay.seal(out, label, nodes.target.noise_key(), as_bytes("text"), nodes.random).ok());
  BOOST_TEST(!nodes.opens(out, nodes.label));
}

BOOST_AUTO_TEST_CASE(equal_texts_look_different) {
  pair_of_nodes nodes;
  BOOST_TEST((nodes.command(as_bytes("text")) != nodes.command(as_bytes("text"))));
}

BOOST_AUTO_TEST_CASE(a_session_has_one_key_and_a_later_one_another) {
  pair_of_nodes nodes;
  const auto first = nodes.command(as_bytes("text")), second = nodes.command(as_bytes("text"));
  constexpr std::size_t key_bytes = 16;
  BOOST_TEST(std::equal(first.begin(), first.begin() + key_bytes, second.begin()));
  ++nodes.label.session;
  const auto later = nodes.command(as_bytes("text"));
  BOOST_TEST(!std::equal(first.begin(), first.begin() + key_bytes, later.begin()));
  --nodes.label.session;
  const auto again = nodes.command(as_bytes("text"));  // Its counter starts anew, so must its key.
  BOOST_TEST(!std::equal(first.begin(), first.begin() + key_bytes, again.begin()));
  for (const auto* sealed : {&first, &second, &again, &first}) BOOST_TEST(nodes.opens(*sealed, nodes.label));
}

BOOST_AUTO_TEST_CASE(a_forged_key_does_not_replace_the_one_in_use) {
  pair_of_nodes nodes;
  const auto first = nodes.command(as_bytes("text"));
  BOOST_TEST(nodes.opens(first, nodes.label));
  auto forged = first;
  forged[5] ^= 1;
  BOOST_TEST(!nodes.opens(forged, nodes.label));
  forged[0] = 3;  // No such cipher.
  BOOST_TEST(!nodes.opens(forged, nodes.label));
  BOOST_TEST(nodes.opens(nodes.command(as_bytes("more")), nodes.label));
}

BOOST_AUTO_TEST_CASE(whichever_cipher_the_source_has_opens) {
  pair_of_nodes nodes;
  for (const auto kind : {cipher_kind::aes_gcm, cipher_kind::chacha_poly}) {
    sealer source(nodes.caller, 4, kind);
    byte_buffer sealed;
    BOOST_TEST(source.seal(sealed, nodes.label, nodes.target.noise_key(), as_bytes("text"), nodes.random).ok());
    BOOST_TEST(sealed[0] == static_cast<std::uint8_t>(kind));
    BOOST_TEST(nodes.opens(sealed, nodes.label));
  }
}

BOOST_AUTO_TEST_CASE(a_key_of_low_order_is_refused) {
  pair_of_nodes nodes;
  byte_buffer out;
  const auto done = nodes.at_caller.seal(out, nodes.label, public_key{}, {}, nodes.random);
  BOOST_TEST((!done.ok() && done.code() == errc::unauthenticated));
  BOOST_TEST(nodes.at_caller.peers() == 0u);
}

BOOST_AUTO_TEST_CASE(the_cache_of_pairs_is_bounded) {
  const auto self = made(1);
  sealer box(self, 4);
  const entropy random;
  for (std::uint8_t i = 2; i < 22; ++i) {
    const auto peer = made(i);
    byte_buffer out;
    BOOST_TEST(box.seal(out, {self.id(), 1, peer.id(), 1, 1}, peer.noise_key(), {}, random).ok());
    BOOST_TEST(box.peers() <= 4u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
