// SPDX-License-Identifier: MIT
#include "crypto/workspace_keys.hpp"

#include "crypto/primitives.hpp"

namespace askr::crypto {
namespace {

// Different labels, so that no secret anybody chooses gives the keys of the open workspace.
constexpr std::string_view label_with_secret = "askr workspace, secret";
constexpr std::string_view label_without_secret = "askr workspace, public";

std::array<std::uint8_t, 8> big_endian(std::uint64_t number) {
  std::array<std::uint8_t, 8> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return out;
}

}  // namespace

workspace_keys workspace_keys::derive(std::optional<byte_span> workspace_secret, std::string_view workspace) {
  initialize_sodium();
  const auto shared = workspace_secret.value_or(byte_span{});
  const auto label = workspace_secret ? label_with_secret : label_without_secret;
  secret<32> master;
  blake2b(master.mutable_span(), {as_bytes(label), big_endian(shared.size()), shared, as_bytes(workspace)});
  workspace_keys keys;
  derive_key(keys.psk.mutable_span(), "askr-psk", master);
  derive_key(keys.beacon_key.mutable_span(), "askrbeac", master);
  derive_key(keys.hash, "askrwork", master);
  blake2b(keys.name_hash, {as_bytes("askr-workspace-name"), as_bytes(workspace)});
  keys.secret_given = workspace_secret.has_value();
  return keys;
}

beacon_mac workspace_keys::mac_of_beacon(byte_span datagram) const noexcept {
  beacon_mac mac;
  blake2b_keyed(mac, beacon_key.span(), {datagram});
  return mac;
}

}  // namespace askr::crypto
