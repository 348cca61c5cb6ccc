// SPDX-License-Identifier: MIT
#include "crypto/cipher.hpp"

#include <askr/random.hpp>

#include <sodium.h>
#include <boost/test/unit_test.hpp>

#include <numeric>

namespace {

using namespace askr;
using namespace askr::crypto;

constexpr std::array kinds{cipher_kind::aes_gcm, cipher_kind::chacha_poly};
constexpr std::size_t never = std::size_t(-1);

secret<32> key_of(std::uint8_t fill) {
  secret<32> key;
  std::iota(key.data(), key.data() + 32, fill);
  return key;
}

byte_buffer text_of(std::size_t bytes) {
  byte_buffer text(bytes);
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<std::uint8_t>(i * 7);
  return text;
}

aead keyed(cipher_kind kind, std::optional<std::size_t> openssl_from_bytes = {}) {
  aead made(openssl_from_bytes);
  made.set_key(kind, key_of(3));
  return made;
}

byte_buffer sealed_by(aead& with, std::uint64_t nonce, byte_span text, byte_span associated = {}) {
  byte_buffer out(text.size() + tag_bytes);
  with.seal(nonce, associated, text, out.data());
  return out;
}

// What libsodium's plain one-shot call makes of it, with the nonce laid out by hand.
byte_buffer expected(cipher_kind kind, std::uint64_t nonce, byte_span text, byte_span associated) {
  std::array<std::uint8_t, 12> layout{};
  for (std::size_t i = 0; i < 8; ++i) layout[(kind == cipher_kind::aes_gcm ? 11 - i : 4 + i)] = nonce >> (8 * i);
  byte_buffer out(text.size() + tag_bytes);
  const auto key = key_of(3);
  const auto encrypt =
      kind == cipher_kind::aes_gcm ? crypto_aead_aes256gcm_encrypt : crypto_aead_chacha20poly1305_ietf_encrypt;
  encrypt(out.data(), nullptr, text.data(), text.size(), associated.data(), associated.size(), nullptr, layout.data(),
          key.data());
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cipher)

BOOST_AUTO_TEST_CASE(both_libraries_make_the_same_bytes_at_every_size) {
  for (const auto kind : kinds) {
    if (kind == cipher_kind::aes_gcm && !aes_in_hardware()) continue;
    auto by_size = keyed(kind), sodium = keyed(kind, never), openssl = keyed(kind, 0);
    const byte_buffer associated = text_of(64);
    for (std::size_t bytes = 0; bytes < 1'600; ++bytes) {
      const auto text = text_of(bytes);
      const std::uint64_t nonce = 0x0102030405060708 + bytes;
      const auto wanted = expected(kind, nonce, text, associated);
      BOOST_REQUIRE(sealed_by(by_size, nonce, text, associated) == wanted);
      BOOST_REQUIRE(sealed_by(sodium, nonce, text, associated) == wanted);
      BOOST_REQUIRE(sealed_by(openssl, nonce, text, associated) == wanted);
      byte_buffer opened(bytes);
      BOOST_REQUIRE(openssl.open(nonce, associated, wanted, opened.data()) && opened == text);
      BOOST_REQUIRE(by_size.open(nonce, associated, wanted, opened.data()) && opened == text);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_library_that_takes_over_after_many_bytes_goes_on_with_the_same) {
  for (const auto kind : kinds) {
    auto changing = keyed(kind), openssl = keyed(kind, 0);
    const auto text = text_of(16'384);
    for (std::uint64_t nonce = 0; nonce < 40; ++nonce) {
      const auto sealed = sealed_by(changing, nonce, text);
      BOOST_REQUIRE(sealed == sealed_by(openssl, nonce, text));
      byte_buffer opened(text.size());
      BOOST_REQUIRE(changing.open(nonce, {}, sealed, opened.data()) && opened == text);
    }
  }
}

BOOST_AUTO_TEST_CASE(sealing_and_opening_work_in_place) {
  for (const auto kind : kinds) {
    for (const std::size_t openssl_from : {std::size_t{0}, aes_in_hardware() ? never : 0}) {
      auto cipher = keyed(kind, openssl_from);
      for (const std::size_t bytes : {0, 1, 15, 16, 17, 127, 128, 129, 255, 4'096, 65'519}) {
        const auto text = text_of(bytes);
        byte_buffer buffer = text;
        buffer.resize(bytes + tag_bytes);
        cipher.seal(9, {}, byte_span(buffer).first(bytes), buffer.data());
        BOOST_TEST((buffer == sealed_by(cipher, 9, text)));
        BOOST_REQUIRE(cipher.open(9, {}, buffer, buffer.data()));
        buffer.resize(bytes);
        BOOST_TEST((buffer == text));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_is_refused) {
  for (const auto kind : kinds) {
    for (const std::size_t openssl_from : {std::size_t{0}, aes_in_hardware() ? never : 0}) {
      auto cipher = keyed(kind, openssl_from);
      const auto sealed = sealed_by(cipher, 1, text_of(40), text_of(5));
      byte_buffer opened(40);
      for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto forged = sealed;
        forged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        BOOST_TEST(!cipher.open(1, text_of(5), forged, opened.data()));
      }
      BOOST_TEST(!cipher.open(2, text_of(5), sealed, opened.data()));
      BOOST_TEST(!cipher.open(1, text_of(6), sealed, opened.data()));
      BOOST_TEST(!cipher.open(1, text_of(5), byte_span(sealed).first(15), opened.data()));
      BOOST_TEST(cipher.open(1, text_of(5), sealed, opened.data()));
    }
  }
}

BOOST_AUTO_TEST_CASE(without_a_key_bytes_pass_through) {
  cipher_state state(cipher_kind::aes_gcm);
  const auto text = text_of(20);
  byte_buffer out(20);
  BOOST_TEST(!state.has_key());
  BOOST_TEST(state.overhead_bytes() == 0u);
  BOOST_REQUIRE(state.encrypt_with_ad({}, text, out.data()));
  BOOST_TEST((out == text));
  BOOST_TEST(state.nonce() == 0u);
}

BOOST_AUTO_TEST_CASE(rekey_encrypts_zeros_with_the_last_nonce_and_the_nonce_goes_on) {
  for (const auto kind : kinds) {
    cipher_state state(kind), by_hand(kind);
    state.initialize_key(key_of(3));
    state.set_nonce(77);
    state.rekey();
    BOOST_TEST(state.nonce() == 77u);
    auto cipher = keyed(kind);
    const auto sealed = sealed_by(cipher, ~std::uint64_t{0}, byte_buffer(32, 0));
    by_hand.initialize_key(secret<32>(byte_span(sealed).first(32)));
    by_hand.set_nonce(77);
    byte_buffer one(26), other(26);
    BOOST_REQUIRE(state.encrypt_with_ad({}, text_of(10), one.data()));
    BOOST_REQUIRE(by_hand.encrypt_with_ad({}, text_of(10), other.data()));
    BOOST_TEST((one == other));
  }
}

BOOST_AUTO_TEST_CASE(rekey_reaches_both_libraries) {
  for (const auto kind : kinds) {
    cipher_state sender(kind), receiver(kind);
    sender.initialize_key(key_of(1));
    receiver.initialize_key(key_of(1));
    for (const std::size_t bytes : {10, 5'000, 10, 5'000, 100, 9'000}) {
      byte_buffer buffer = text_of(bytes);
      buffer.resize(bytes + tag_bytes);
      BOOST_REQUIRE(sender.encrypt_with_ad({}, byte_span(buffer).first(bytes), buffer.data()));
      BOOST_REQUIRE(receiver.decrypt_with_ad({}, buffer, buffer.data()));
      buffer.resize(bytes);
      BOOST_TEST((buffer == text_of(bytes)));
      sender.rekey();
      receiver.rekey();
    }
  }
}

BOOST_AUTO_TEST_CASE(the_last_nonce_is_never_used_and_a_forgery_uses_up_none) {
  cipher_state state(cipher_kind::chacha_poly);
  state.initialize_key(key_of(1));
  byte_buffer out(26);
  BOOST_TEST(!state.decrypt_with_ad({}, out, out.data()));
  BOOST_TEST(state.nonce() == 0u);
  state.set_nonce(~std::uint64_t{0} - 1);
  BOOST_TEST(state.encrypt_with_ad({}, text_of(10), out.data()));
  BOOST_TEST(!state.encrypt_with_ad({}, text_of(10), out.data()));
  BOOST_TEST(!state.decrypt_with_ad({}, out, out.data()));
}

BOOST_AUTO_TEST_CASE(a_moved_cipher_keeps_its_key) {
  cipher_state first(cipher_kind::aes_gcm);
  first.initialize_key(key_of(1));
  byte_buffer small(26), large(5'016), expected_large(5'016);
  BOOST_REQUIRE(first.encrypt_with_ad({}, text_of(10), small.data()));
  BOOST_REQUIRE(first.encrypt_with_ad({}, text_of(5'000), large.data()));
  cipher_state second = std::move(first);
  second.set_nonce(1);
  BOOST_REQUIRE(second.encrypt_with_ad({}, text_of(5'000), expected_large.data()));
  BOOST_TEST((large == expected_large));
}

BOOST_AUTO_TEST_SUITE_END()
