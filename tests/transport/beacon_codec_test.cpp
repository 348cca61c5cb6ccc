// SPDX-License-Identifier: MIT
#include "transport/beacon_codec.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(beacon_codec)

namespace {

using namespace askr;
using namespace askr::transport;

const byte_buffer secret(32, 7);

crypto::workspace_keys keys_of(std::string_view workspace = "global") {
  return crypto::workspace_keys::derive(byte_span(secret), workspace);
}

beacon example() {
  beacon what;
  what.id.bytes.fill(0xab);
  what.life = 1'732'406'400'000;
  what.counter = 3;
  what.sent = 1'732'406'400'123;
  what.port = 8800;
  what.addresses = {"192.168.1.5", "fe80::1"};
  return what;
}

std::string refused(byte_span datagram, const crypto::workspace_keys& keys) {
  const auto heard = decode_beacon(datagram, keys);
  return heard ? "taken" : std::string(to_string(heard.code()));
}

/// As encode_beacon would write it if it did not check: any body, with a right MAC.
byte_buffer sealed(byte_buffer body, const crypto::workspace_keys& keys) {
  const auto mac = keys.mac_of_beacon(body);
  append(body, mac);
  return body;
}

byte_buffer body_of(const byte_buffer& datagram) { return {datagram.begin(), datagram.end() - 16}; }

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded) {
  const auto keys = keys_of();
  const auto sent = example();
  const auto datagram = encode_beacon(sent, keys);
  const auto heard = decode_beacon(datagram, keys);
  BOOST_REQUIRE(heard.ok());
  BOOST_TEST((heard->id == sent.id));
  BOOST_TEST(heard->life == sent.life);
  BOOST_TEST(heard->counter == sent.counter);
  BOOST_TEST(heard->sent == sent.sent);
  BOOST_TEST(heard->port == sent.port);
  BOOST_TEST(heard->addresses == sent.addresses, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_layout_is_the_documented_one) {
  const auto keys = keys_of();
  const auto datagram = encode_beacon(example(), keys);
  BOOST_TEST(datagram.size() == 5 + 1 + 8 + 16 + 8 + 8 + 8 + 2 + 1 + (1 + 4) + (1 + 16) + 16);
  BOOST_TEST(datagram[0] == 0xc1);
  BOOST_TEST(as_text(byte_span(datagram).subspan(1, 4)) == "askb");
  BOOST_TEST(datagram[5] == 1);
  BOOST_TEST(std::equal(keys.hash.begin(), keys.hash.begin() + 8, datagram.begin() + 6));
  BOOST_TEST(datagram[54] == 8800 >> 8);
  BOOST_TEST(datagram[55] == (8800 & 0xff));
  BOOST_TEST(datagram[56] == 2);
  BOOST_TEST(datagram[57] == 4);
  BOOST_TEST(datagram[58] == 192);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_noticed) {
  const auto keys = keys_of();
  const auto whole = encode_beacon(example(), keys);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    BOOST_TEST(refused(flipped, keys) != "taken", "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(truncated_and_lengthened_ones_are_refused) {
  const auto keys = keys_of();
  const auto whole = encode_beacon(example(), keys);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    BOOST_TEST(refused(byte_span(whole).first(bytes), keys) != "taken");
  }
  auto longer = whole;
  longer.push_back(0);
  BOOST_TEST(refused(longer, keys) == "unauthenticated");
  longer.resize(beacon_bytes_max + 1);
  BOOST_TEST(refused(longer, keys) == "bad_message");
}

BOOST_AUTO_TEST_CASE(another_workspace_or_secret_is_told_apart) {
  const auto datagram = encode_beacon(example(), keys_of());
  BOOST_TEST(refused(datagram, keys_of("other")) == "wrong_workspace");
  const byte_buffer other(32, 8);
  const auto stranger = crypto::workspace_keys::derive(byte_span(other), "global");
  BOOST_TEST((refused(datagram, stranger) == "unauthenticated" || refused(datagram, stranger) == "wrong_workspace"));
}

BOOST_AUTO_TEST_CASE(even_members_must_follow_the_format) {
  const auto keys = keys_of();
  const auto body = body_of(encode_beacon(example(), keys));
  const auto changed = [&](auto change) {
    auto spoilt = body;
    change(spoilt);
    return refused(sealed(std::move(spoilt), keys), keys);
  };
  BOOST_TEST(changed([](byte_buffer&) {}) == "taken");
  BOOST_TEST(changed([](byte_buffer& b) { b[5] = 2; }) == "unsupported");
  BOOST_TEST(changed([](byte_buffer& b) { b[54] = b[55] = 0; }) == "bad_message");  // No port.
  BOOST_TEST(changed([](byte_buffer& b) { b[56] = 3; }) == "bad_message");          // One address too few.
  BOOST_TEST(changed([](byte_buffer& b) { b[56] = 1; }) == "bad_message");          // One too many.
  BOOST_TEST(changed([](byte_buffer& b) { b[56] = 17; }) == "bad_message");
  BOOST_TEST(changed([](byte_buffer& b) { b[57] = 5; }) == "bad_message");  // No such family.
  BOOST_TEST(changed([](byte_buffer& b) { b.pop_back(); }) == "bad_message");
  BOOST_TEST(changed([](byte_buffer& b) { b.push_back(0); }) == "bad_message");
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_left_out_and_so_is_what_is_too_much) {
  const auto keys = keys_of();
  auto what = example();
  what.addresses = {"not an address", "10.0.0.1", "", "1.2.3.4.5", "::1"};
  BOOST_TEST(decode_beacon(encode_beacon(what, keys), keys)->addresses == std::vector<std::string>({"10.0.0.1", "::1"}),
             boost::test_tools::per_element());
  what.addresses.assign(100, "fe80::1");
  const auto datagram = encode_beacon(what, keys);
  BOOST_TEST(datagram.size() <= beacon_bytes_max);
  BOOST_TEST(decode_beacon(datagram, keys)->addresses.size() == beacon_addresses_max);
  what.addresses.clear();
  BOOST_TEST(decode_beacon(encode_beacon(what, keys), keys)->addresses.empty());
}

BOOST_AUTO_TEST_SUITE_END()
