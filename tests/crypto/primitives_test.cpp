// SPDX-License-Identifier: MIT
#include "crypto/primitives.hpp"

#include "crypto/hash.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include <type_traits>

namespace {

using namespace askr;
using namespace askr::crypto;

byte_buffer from_hex(std::string_view text) {
  byte_buffer out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(primitives)

BOOST_AUTO_TEST_CASE(blake2b_gives_the_rfc_s_hash_however_the_input_is_cut) {  // Source: RFC 7693, appendix A.
  const auto wanted = from_hex(
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  byte_buffer out(64);
  blake2b(out, {as_bytes("abc")});
  BOOST_TEST((out == wanted));
  blake2b(out, {as_bytes("a"), {}, as_bytes("bc")});
  BOOST_TEST((out == wanted));
  hash(hash_kind::blake2b, out, {as_bytes("ab"), as_bytes("c")});
  BOOST_TEST((out == wanted));
}

BOOST_AUTO_TEST_CASE(hmac_gives_the_rfc_s_values) {  // Source: RFC 4231, test case 2.
  byte_buffer sha256(32), sha512(64);
  hmac(hash_kind::sha256, sha256, as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")});
  hmac(hash_kind::sha512, sha512, as_bytes("Jefe"), {as_bytes("what do ya want for nothing?")});
  BOOST_TEST((sha256 == from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
  BOOST_TEST((sha512 == from_hex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                                 "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")));
}

BOOST_AUTO_TEST_CASE(x25519_gives_the_rfc_s_shared_secret) {  // Source: RFC 7748, section 6.1.
  const secret<32> alice(
      from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc099"
               "2ab177fba51db92c2a"));
  const secret<32> bob(from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  secret<32> one, other;
  BOOST_REQUIRE(x25519(one, alice, x25519_public(bob)));
  BOOST_REQUIRE(x25519(other, bob, x25519_public(alice)));
  const auto wanted = from_hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  BOOST_TEST(std::ranges::equal(one.span(), wanted));
  BOOST_TEST(std::ranges::equal(other.span(), wanted));
  BOOST_TEST(!x25519(one, alice, public_key{}));
}

BOOST_AUTO_TEST_CASE(ed25519_verifies_what_was_signed_and_nothing_else) {  // Source: RFC 8032, section 7.1, test 2.
  const auto keys =
      sign_keys_from_seed(secret<32>(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")));
  const byte_buffer message{0x72};
  const auto made = sign(keys.own, message);
  BOOST_TEST((byte_buffer(made.begin(), made.end()) ==
              from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
  BOOST_TEST(verify(keys.shown, message, made));
  BOOST_TEST(!verify(keys.shown, byte_buffer{0x73}, made));
}

BOOST_AUTO_TEST_CASE(advisory_06_keys_and_signatures_of_every_other_length_are_refused) {
  const auto keys = sign_keys_from_seed(secret<32>());
  const byte_buffer message(10, 1);
  const auto made = sign(keys.own, message);
  for (std::size_t bytes = 0; bytes <= 128; ++bytes) {
    byte_buffer key(keys.shown.begin(), keys.shown.end()), shown(made.begin(), made.end());
    key.resize(bytes, 0);
    shown.resize(bytes, 0);
    BOOST_TEST(verify(key, message, made) == (bytes == 32));
    BOOST_TEST(verify(keys.shown, message, shown) == (bytes == 64));
  }
}

BOOST_AUTO_TEST_CASE(comparison_sees_contents_and_lengths) {
  BOOST_TEST(equal_in_constant_time(as_bytes("secret"), as_bytes("secret")));
  BOOST_TEST(!equal_in_constant_time(as_bytes("secret"), as_bytes("secreT")));
  BOOST_TEST(!equal_in_constant_time(as_bytes("secret"), as_bytes("secre")));
  BOOST_TEST(equal_in_constant_time({}, {}));
}

BOOST_AUTO_TEST_CASE(secrets_move_and_leave_nothing_behind) {
  static_assert(!std::is_copy_constructible_v<secret<32>> && !std::is_copy_assignable_v<secret<32>>);
  secret<4> first(byte_buffer{1, 2, 3, 4});
  secret<4> second = std::move(first);
  BOOST_TEST(std::ranges::equal(second.span(), byte_buffer{1, 2, 3, 4}));
  BOOST_TEST(first.span().empty());  // NOLINT(bugprone-use-after-move)
  first = second.copy();
  BOOST_TEST(std::ranges::equal(first.span(), second.span()));
}

BOOST_AUTO_TEST_CASE(a_secret_that_goes_is_zeroed_where_it_was) {
  std::optional<secret<4>> gone(byte_buffer{1, 2, 3, 4});
  const auto* const where = gone->data();
  gone.reset();
  BOOST_TEST(std::ranges::equal(byte_span(where, 4), byte_buffer{0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(secrets_are_locked_in_memory_and_left_out_of_core_dumps) {
  const secret<32> held;
  const auto at = reinterpret_cast<std::uintptr_t>(held.data());
  std::ifstream maps("/proc/self/smaps");
  bool ours = false;
  std::string flags;
  for (std::string line; std::getline(maps, line) && flags.empty();) {
    std::uintptr_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) ours = from <= at && at < to;
    if (ours && line.starts_with("VmFlags:")) flags = line;
  }
  BOOST_TEST(flags.find(" dd") != std::string::npos, flags);         // Not dumped.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // Both make mlock do nothing.
  BOOST_TEST(flags.find(" lo") != std::string::npos, flags);         // Locked.
#endif
}

BOOST_AUTO_TEST_CASE(entropy_fills_all_bytes_and_does_not_repeat) {
  const entropy source{};
  byte_buffer one(64, 0), other(64, 0);
  source.fill(one);
  source.fill(other);
  BOOST_TEST((one != other));
  BOOST_TEST(source.next() != source.next());
}

BOOST_AUTO_TEST_SUITE_END()
