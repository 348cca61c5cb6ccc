// SPDX-License-Identifier: MIT
#include "transport/peer_hello.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace {

using namespace askr;
using namespace askr::transport;

peer_hello greatest() {
  peer_hello hello;
  hello.sign_key.fill(0xff);
  hello.incarnation = std::numeric_limits<std::uint64_t>::max();
  hello.name = std::string(64, 'n');
  hello.features = std::numeric_limits<std::uint64_t>::max();
  hello.wire_minor = std::numeric_limits<std::uint32_t>::max();
  hello.credential = byte_buffer(256, 0xcc);
  return hello;
}

void check_round_trip(const peer_hello& hello) {
  const auto back = decode_peer_hello(encode(hello));
  BOOST_REQUIRE(back.ok());
  BOOST_TEST((back->sign_key == hello.sign_key));
  BOOST_TEST(back->incarnation == hello.incarnation);
  BOOST_TEST(back->name == hello.name);
  BOOST_TEST(back->features == hello.features);
  BOOST_TEST(back->wire_minor == hello.wire_minor);
  BOOST_TEST((back->credential == hello.credential));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_hellos)

BOOST_AUTO_TEST_CASE(hellos_come_back_as_they_were) {
  check_round_trip({});
  check_round_trip(greatest());
  check_round_trip({.incarnation = 1'732'406'400'000, .name = "agent", .features = 200, .wire_minor = 3});
  check_round_trip({.name = "Grüße, 世界 🌍", .credential = byte_buffer(255, 1)});
}

BOOST_AUTO_TEST_CASE(the_greatest_hello_fits_a_handshake_message_of_512_bytes) {
  BOOST_TEST(encode(greatest()).size() <= peer_hello_bytes_max);
  BOOST_TEST(peer_hello_bytes_max + 32 + 48 + 16 <= 512u);
}

BOOST_AUTO_TEST_CASE(the_layout_is_a_positional_array) {
  const auto bytes = encode({.incarnation = 300, .name = "ab", .features = 1, .wire_minor = 2, .credential = {7}});
  BOOST_TEST(bytes.size() == 1u + 34 + 3 + 3 + 1 + 1 + 3);
  const byte_buffer tail{0xcd, 0x01, 0x2c, 0xa2, 'a', 'b', 0x01, 0x02, 0xc4, 0x01, 0x07};
  BOOST_TEST(bytes[0] == 0x96);
  BOOST_TEST(bytes[1] == 0xc4);
  BOOST_TEST(bytes[2] == 32);
  BOOST_TEST(std::ranges::equal(byte_span(bytes).subspan(35), tail));
}

BOOST_AUTO_TEST_CASE(fields_of_later_versions_are_ignored) {
  auto bytes = encode(greatest());
  bytes[0] = 0x97;
  bytes.push_back(0xc0);
  BOOST_TEST(decode_peer_hello(bytes).ok());
}

BOOST_AUTO_TEST_CASE(every_truncation_and_every_extra_byte_is_refused) {
  const auto bytes = encode(greatest());
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    BOOST_TEST((decode_peer_hello(byte_span(bytes).first(kept)).code() == errc::bad_message));
  }
  auto longer = bytes;
  longer.push_back(0);
  BOOST_TEST(!decode_peer_hello(longer).ok());
}

BOOST_AUTO_TEST_CASE(values_beyond_the_limits_are_refused) {
  for (const std::size_t key_bytes : {0, 31, 33}) {
    auto bytes = encode({});
    bytes[2] = static_cast<std::uint8_t>(key_bytes);
    bytes.resize(3 + key_bytes, 0);
    for (const std::uint8_t byte : {0, 0xa0, 0, 0, 0xc4, 0}) bytes.push_back(byte);
    BOOST_TEST(!decode_peer_hello(bytes).ok());
  }
  auto long_name = greatest(), long_credential = greatest();
  long_name.name += 'x';
  long_credential.credential.push_back(1);
  BOOST_TEST(!decode_peer_hello(encode(long_name)).ok());
  BOOST_TEST(!decode_peer_hello(encode(long_credential)).ok());
  BOOST_TEST((validate(long_name).code() == errc::bad_options));
  BOOST_TEST((validate(long_credential).code() == errc::bad_options));
}

BOOST_AUTO_TEST_CASE(declared_sizes_and_counts_without_bytes_are_refused) {
  for (const byte_buffer& bytes :
       {byte_buffer{0xdd, 0xff, 0xff, 0xff, 0xff}, byte_buffer{0x96, 0xc6, 0xff, 0xff, 0xff, 0xff},
        byte_buffer{0x96, 0xc4, 0xff}, byte_buffer{0x96, 0xc9, 0xff, 0xff, 0xff, 0xff, 0}, byte_buffer{0xc1},
        byte_buffer{0x86}, byte_buffer(400, 0x91), byte_buffer{}}) {
    BOOST_TEST(!decode_peer_hello(bytes).ok());
  }
}

BOOST_AUTO_TEST_CASE(names_that_could_steer_a_terminal_or_are_no_text_are_refused) {
  for (const std::string_view name : std::initializer_list<std::string_view>{
           "a\x1b[31m", "a\nb", "\x7f", "\xc2\x9b", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
           std::string_view("\0", 1)}) {
    const peer_hello hello{.name = std::string(name)};
    BOOST_TEST(!validate(hello).ok());
    BOOST_TEST(!decode_peer_hello(encode(hello)).ok());
  }
}

BOOST_AUTO_TEST_SUITE_END()
