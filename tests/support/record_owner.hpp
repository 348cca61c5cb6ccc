// SPDX-License-Identifier: MIT
#pragma once

/// A node's keys, and the record that it publishes with them: for tests of records.

#include "crypto/identity.hpp"
#include "libaskr/src/record_proof.hpp"
#include "mesh/record_publisher.hpp"
#include "mesh/record_schema.hpp"

#include <cstdint>
#include <string_view>

namespace askr::test {

inline const workspace_hash records_workspace{1, 2, 3};

inline const record_proof& proof() {
  static const record_proof made(records_workspace);
  return made;
}

inline crypto::identity identity_of(std::uint64_t number) {
  crypto::secret<32> seed;
  for (std::size_t i = 0; i < 8; ++i) seed.data()[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return crypto::identity::from_seed(std::move(seed));
}

class record_owner {
 public:
  explicit record_owner(std::uint64_t number, incarnation life = 1, const mesh::record_limits& limits = {})
      : identity(identity_of(number)), signer(identity, records_workspace), publisher(life, signer, proof(), limits) {}
  record_owner(const record_owner&) = delete;
  record_owner& operator=(const record_owner&) = delete;

  const node_id& id() const { return identity.id(); }
  void set(std::string_view key, std::string_view value = {}) { (void)publisher.set(key, as_bytes(value)).ok(); }
  void link(const record_owner& peer, incarnation peer_life = 1, mesh::haste when = mesh::haste::now) {
    (void)publisher.set(mesh::link_key(peer.id()), mesh::encode(mesh::link_report{peer_life, 4}), when).ok();
  }
  /// What there is to publish; there must be something.
  mesh::publication publish() { return publisher.publish(now += seconds(1)).value(); }

  crypto::identity identity;
  identity_signer signer;
  mesh::record_publisher publisher;
  time_point now{};
};

}  // namespace askr::test
