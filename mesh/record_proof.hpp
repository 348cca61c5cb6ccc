// SPDX-License-Identifier: MIT
#pragma once

/// What node records need of cryptography, as interfaces: this layer holds no keys. The node implements them over
/// crypto/ (libaskr/src/record_proof.hpp); a simulation may put something cheaper in their place.

#include <askr/bytes.hpp>
#include <askr/node_id.hpp>

#include <array>
#include <cstdint>

namespace askr::mesh {

using digest = std::array<std::uint8_t, 16>;
using record_signature = std::array<std::uint8_t, 64>;

/// The public keys that a node's id follows from.
struct owner_keys {
  std::array<std::uint8_t, 32> noise{};
  std::array<std::uint8_t, 32> sign{};

  bool operator==(const owner_keys&) const = default;
};

class record_verifier {
 public:
  virtual ~record_verifier() = default;

  /// Collision-resistant: what is signed is only the hash of what a record says.
  virtual digest hash(byte_span bytes) const = 0;
  virtual node_id id_of(const owner_keys& keys) const = 0;
  /// True if the owner of the keys signed this text, for this workspace.
  virtual bool verify(const owner_keys& keys, byte_span text, const record_signature& shown) const = 0;
};

class record_signer {
 public:
  virtual ~record_signer() = default;

  virtual const owner_keys& keys() const = 0;
  virtual record_signature sign(byte_span text) const = 0;
};

}  // namespace askr::mesh
