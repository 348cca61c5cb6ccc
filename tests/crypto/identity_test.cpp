// SPDX-License-Identifier: MIT
#include "crypto/identity.hpp"

#include "crypto/workspace_keys.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::crypto;

identity made(std::uint8_t fill) { return identity::from_seed(secret<32>(byte_buffer(32, fill))); }

}  // namespace

BOOST_AUTO_TEST_SUITE(identities)

BOOST_AUTO_TEST_CASE(one_seed_gives_one_identity) {
  const auto one = made(1), again = made(1), other = made(2);
  BOOST_TEST((one.id() == again.id()));
  BOOST_TEST((one.noise_key() == again.noise_key()));
  BOOST_TEST((one.sign_key() == again.sign_key()));
  BOOST_TEST((one.id() != other.id()));
  BOOST_TEST((one.noise_key() != one.sign_key()));
}

BOOST_AUTO_TEST_CASE(the_id_is_the_hash_of_both_public_keys) {
  const auto self = made(1);
  byte_buffer hashed(64), input;
  append(input, as_bytes("askr-id"));
  append(input, self.noise_key());
  append(input, self.sign_key());
  blake2b(hashed, {input});
  BOOST_TEST(std::ranges::equal(self.id().span(), byte_span(hashed).first(16)));
  BOOST_TEST((node_id_of(self.noise_key(), made(2).sign_key()) != self.id()));
  BOOST_TEST((node_id_of(made(2).noise_key(), self.sign_key()) != self.id()));
}

BOOST_AUTO_TEST_CASE(the_id_of_a_seed_never_changes) {  // Key files of today must be the same nodes tomorrow.
  BOOST_TEST(made(1).id().to_string() == "9afdc03eb0cf330096f23c2e89d20381");
}

BOOST_AUTO_TEST_CASE(it_signs_with_its_key) {
  const auto self = made(1);
  const auto signed_text = self.sign(as_bytes("text"));
  BOOST_TEST(verify(self.sign_key(), as_bytes("text"), signed_text));
  BOOST_TEST(!verify(made(2).sign_key(), as_bytes("text"), signed_text));
}

BOOST_AUTO_TEST_CASE(generated_identities_differ) {
  const entropy random{};
  BOOST_TEST((identity::generate(random).id() != identity::generate(random).id()));
}

BOOST_AUTO_TEST_CASE(workspace_keys_follow_from_secret_and_name) {
  const auto keys = workspace_keys::derive(as_bytes("secret"), "lab");
  const auto again = workspace_keys::derive(as_bytes("secret"), "lab");
  BOOST_TEST(std::ranges::equal(keys.psk.span(), again.psk.span()));
  BOOST_TEST((keys.hash == again.hash));
  BOOST_TEST(keys.secret_given);
  const std::array<workspace_keys, 5> others{
      workspace_keys::derive(as_bytes("secret"), "lab2"), workspace_keys::derive(as_bytes("secretl"), "ab"),
      workspace_keys::derive(as_bytes("Secret"), "lab"), workspace_keys::derive(std::nullopt, "lab"),
      workspace_keys::derive(byte_span{}, "lab")};
  for (const auto& other : others) {
    BOOST_TEST(!std::ranges::equal(keys.psk.span(), other.psk.span()));
    BOOST_TEST(!std::ranges::equal(keys.beacon_key.span(), other.beacon_key.span()));
    BOOST_TEST((keys.hash != other.hash));
  }
}

BOOST_AUTO_TEST_CASE(no_workspace_key_tells_another) {
  const auto keys = workspace_keys::derive(as_bytes("secret"), "lab");
  BOOST_TEST(!std::ranges::equal(keys.psk.span(), keys.beacon_key.span()));
  BOOST_TEST(!std::ranges::equal(keys.psk.span().first(16), keys.hash));
  BOOST_TEST(!std::ranges::equal(keys.beacon_key.span().first(16), keys.hash));
}

BOOST_AUTO_TEST_CASE(without_a_secret_the_same_name_still_gives_the_same_keys) {
  const auto keys = workspace_keys::derive(std::nullopt, "lab");
  BOOST_TEST(std::ranges::equal(keys.psk.span(), workspace_keys::derive(std::nullopt, "lab").psk.span()));
  BOOST_TEST(!keys.secret_given);
}

BOOST_AUTO_TEST_CASE(beacon_macs_depend_on_key_and_datagram) {
  const auto keys = workspace_keys::derive(as_bytes("secret"), "lab");
  const auto other = workspace_keys::derive(as_bytes("secret"), "lab2");
  BOOST_TEST((keys.mac_of_beacon(as_bytes("datagram")) == keys.mac_of_beacon(as_bytes("datagram"))));
  BOOST_TEST((keys.mac_of_beacon(as_bytes("datagram")) != keys.mac_of_beacon(as_bytes("datagran"))));
  BOOST_TEST((keys.mac_of_beacon(as_bytes("datagram")) != other.mac_of_beacon(as_bytes("datagram"))));
}

BOOST_AUTO_TEST_SUITE_END()
