// SPDX-License-Identifier: MIT
#include "transport/record_codec.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace askr;
using namespace askr::transport;
using crypto::cipher_kind;
using crypto::cipher_state;
using status = record_opener::status;

constexpr std::array kinds{cipher_kind::aes_gcm, cipher_kind::chacha_poly};

cipher_state keyed(cipher_kind kind, std::uint64_t nonce = 0) {
  cipher_state state(kind);
  state.initialize_key(crypto::secret<32>(byte_buffer(32, 5)));
  state.set_nonce(nonce);
  return state;
}

byte_buffer text_of(std::size_t bytes) {
  byte_buffer text(bytes);
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<std::uint8_t>(i * 31 + bytes);
  return text;
}

byte_buffer sealed(record_sealer& with, byte_span text) {
  byte_buffer out;
  BOOST_REQUIRE(with.seal(text, out));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_codec)

BOOST_AUTO_TEST_CASE(what_is_sealed_is_opened_at_every_size) {
  for (const auto kind : kinds) {
    record_sealer sealer(keyed(kind));
    record_opener opener(keyed(kind));
    for (const std::size_t bytes : {1, 2, 15, 16, 17, 255, 256, 575, 576, 1'279, 1'280, 16'384, 65'518, 65'519}) {
      auto record = sealed(sealer, text_of(bytes));
      BOOST_TEST(record.size() == bytes + record_overhead_bytes);
      const auto got = opener.open(record);
      BOOST_REQUIRE((got.what == status::opened));
      BOOST_TEST(got.consumed == record.size());
      BOOST_TEST(std::ranges::equal(got.plaintext, text_of(bytes)));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_layout_is_length_then_ciphertext_then_tag) {
  record_sealer sealer(keyed(cipher_kind::aes_gcm));
  auto by_hand = keyed(cipher_kind::aes_gcm);
  const auto record = sealed(sealer, text_of(300));
  byte_buffer wanted(2 + 316);
  wanted[0] = 316 >> 8;
  wanted[1] = 316 & 255;
  BOOST_REQUIRE(by_hand.encrypt_with_ad({}, text_of(300), wanted.data() + 2));
  BOOST_TEST((record == wanted));
}

BOOST_AUTO_TEST_CASE(a_cut_off_record_consumes_nothing_and_can_be_completed) {
  record_sealer sealer(keyed(cipher_kind::aes_gcm));
  record_opener opener(keyed(cipher_kind::aes_gcm));
  const auto record = sealed(sealer, text_of(50));
  for (std::size_t bytes = 0; bytes < record.size(); ++bytes) {
    byte_buffer part(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(bytes));
    const auto got = opener.open(part);
    BOOST_TEST((got.what == status::incomplete));
    BOOST_TEST(got.consumed == 0u);
    BOOST_TEST(record_bytes_due(part) == (bytes < 2 ? 2 : record.size()));
  }
  auto whole = record;
  BOOST_TEST((opener.open(whole).what == status::opened));
}

BOOST_AUTO_TEST_CASE(lengths_without_room_for_a_plaintext_are_refused_by_the_length_alone) {
  for (std::size_t bytes = 0; bytes <= 16; ++bytes) {
    record_opener opener(keyed(cipher_kind::chacha_poly));
    byte_buffer head{0, static_cast<std::uint8_t>(bytes)};
    BOOST_TEST((opener.open(head).what == status::failed));
  }
}

BOOST_AUTO_TEST_CASE(an_authentic_record_without_content_is_refused) {
  auto cipher = keyed(cipher_kind::aes_gcm);
  byte_buffer record{0, 16};
  record.resize(18);
  BOOST_REQUIRE(cipher.encrypt_with_ad({}, {}, record.data() + 2));
  record_opener opener(keyed(cipher_kind::aes_gcm));
  BOOST_TEST((opener.open(record).what == status::failed));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_at_any_position_is_never_opened) {
  for (const auto kind : kinds) {
    record_sealer sealer(keyed(kind));
    const auto record = sealed(sealer, text_of(24));
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
      record_opener opener(keyed(kind));
      auto forged = record;
      forged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      BOOST_TEST((opener.open(forged).what != status::opened));
    }
  }
}

BOOST_AUTO_TEST_CASE(records_left_out_repeated_or_swapped_are_refused) {
  record_sealer sealer(keyed(cipher_kind::aes_gcm));
  const auto first = sealed(sealer, text_of(10)), second = sealed(sealer, text_of(10));
  record_opener opener(keyed(cipher_kind::aes_gcm));
  auto copy = second;
  BOOST_TEST((opener.open(copy).what == status::failed));
  copy = first;
  BOOST_TEST((opener.open(copy).what == status::opened));
  copy = first;
  BOOST_TEST((opener.open(copy).what == status::failed));
}

BOOST_AUTO_TEST_CASE(the_key_changes_after_exactly_1024_records_and_the_nonce_goes_on) {
  for (const auto kind : kinds) {
    record_sealer sealer(keyed(kind));
    auto by_hand = keyed(kind);
    const auto text = text_of(20);
    for (std::size_t i = 0; i < 2'100; ++i) {
      if (i == 1'024 || i == 2'048) by_hand.rekey();
      BOOST_REQUIRE(by_hand.nonce() == i);
      byte_buffer wanted(36);
      BOOST_REQUIRE(by_hand.encrypt_with_ad({}, text, wanted.data()));
      const auto record = sealed(sealer, text);
      BOOST_REQUIRE(std::ranges::equal(byte_span(record).subspan(2), wanted));
    }
  }
}

BOOST_AUTO_TEST_CASE(three_thousand_records_of_both_libraries_sizes_are_opened) {
  for (const auto kind : kinds) {
    record_sealer sealer(keyed(kind));
    record_opener opener(keyed(kind));
    for (std::size_t i = 0; i < 3'000; ++i) {
      const auto text = text_of(1 + i * 37 % 3'000);
      auto record = sealed(sealer, text);
      const auto got = opener.open(record);
      BOOST_REQUIRE((got.what == status::opened && std::ranges::equal(got.plaintext, text)));
    }
  }
}

BOOST_AUTO_TEST_CASE(both_ends_stop_when_the_counter_is_used_up) {
  record_sealer sealer(keyed(cipher_kind::aes_gcm, records_max - 1));
  record_opener opener(keyed(cipher_kind::aes_gcm, records_max - 1));
  auto record = sealed(sealer, text_of(5));
  BOOST_TEST((opener.open(record).what == status::opened));
  byte_buffer out;
  BOOST_TEST(!sealer.seal(text_of(5), out));
  BOOST_TEST(out.empty());
  BOOST_TEST((opener.open(record).what == status::failed));
}

BOOST_AUTO_TEST_CASE(records_are_appended_behind_what_is_there) {
  record_sealer sealer(keyed(cipher_kind::aes_gcm));
  byte_buffer out(3, 'x');
  BOOST_REQUIRE(sealer.seal(text_of(5), out));
  BOOST_REQUIRE(sealer.seal(text_of(6), out));
  BOOST_TEST(std::ranges::equal(byte_span(out).first(3), byte_buffer(3, 'x')));
  record_opener opener(keyed(cipher_kind::aes_gcm));
  const auto input = mutable_byte_span(out).subspan(3);
  const auto first = opener.open(input);
  BOOST_TEST(first.consumed == 5 + record_overhead_bytes);
  const auto second = opener.open(input.subspan(first.consumed));
  BOOST_TEST(std::ranges::equal(second.plaintext, text_of(6)));
}

BOOST_AUTO_TEST_SUITE_END()
