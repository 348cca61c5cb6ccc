// SPDX-License-Identifier: MIT
#pragma once

/// Who this node is: one seed, from which follow an X25519 key for links, an Ed25519 key for signatures, and the id.

#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <askr/node_id.hpp>
#include <askr/random.hpp>

namespace askr::crypto {

/// The id that belongs to a pair of public keys: the first 16 bytes of BLAKE2b-512("askr-id" || noise_key || sign_key).
node_id node_id_of(const public_key& noise_key, const public_key& sign_key) noexcept;

/// Movable, not copyable; const use is thread-safe.
class identity {
 public:
  static identity generate(const entropy& random);
  static identity from_seed(secret<32> seed);

  const node_id& id() const noexcept { return id_; }
  const public_key& noise_key() const noexcept { return noise_key_; }
  const secret<32>& noise_secret() const noexcept { return noise_secret_; }
  const public_key& sign_key() const noexcept { return sign_keys_.shown; }
  signature sign(byte_span message) const noexcept { return crypto::sign(sign_keys_.own, message); }
  /// What a key file keeps.
  const secret<32>& seed() const noexcept { return seed_; }

 private:
  explicit identity(secret<32> seed);

  secret<32> seed_;
  secret<32> noise_secret_;
  public_key noise_key_{};
  sign_key_pair sign_keys_;
  node_id id_;
};

}  // namespace askr::crypto
