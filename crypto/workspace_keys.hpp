// SPDX-License-Identifier: MIT
#pragma once

/// What the members of a workspace share: the key that opens links, the key that authenticates beacons, and the hash
/// that names the workspace in the handshake. All follow from the workspace's name and secret; none tells another.

#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace askr::crypto {

using beacon_mac = std::array<std::uint8_t, 16>;
using workspace_hash = std::array<std::uint8_t, 16>;

struct workspace_keys {
  secret<32> psk;              ///< Noise's pre-shared key.
  secret<32> beacon_key;       ///< Keys the beacons' MAC.
  workspace_hash hash{};       ///< Goes into the prologue; may be shown.
  workspace_hash name_hash{};  ///< Of the name alone, whatever the secret: in signatures and socket names.
  bool secret_given = false;   ///< False: anybody who knows the name can derive all of this.

  /// Without a secret the keys follow from a public constant and the name: the same code, and no protection.
  static workspace_keys derive(std::optional<byte_span> workspace_secret, std::string_view workspace);

  /// BLAKE2b-128 of the datagram, keyed by beacon_key. Compare with equal_in_constant_time.
  beacon_mac mac_of_beacon(byte_span datagram) const noexcept;
};

}  // namespace askr::crypto
