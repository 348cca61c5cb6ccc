// SPDX-License-Identifier: MIT
#pragma once

/// Signing and checking node records with the real keys: mesh/record_proof.hpp over crypto/.

#include "crypto/identity.hpp"
#include "crypto/workspace_keys.hpp"
#include "mesh/record_proof.hpp"

#include <array>

namespace askr {

/// The hash of the workspace's name is part of what is signed: a record of one workspace means nothing in another.
using crypto::workspace_hash;

class record_proof final : public mesh::record_verifier {
 public:
  explicit record_proof(const workspace_hash& workspace) : workspace_(workspace) {}

  mesh::digest hash(byte_span bytes) const override;
  node_id id_of(const mesh::owner_keys& keys) const override;
  bool verify(const mesh::owner_keys& keys, byte_span text, const mesh::record_signature& shown) const override;

 private:
  workspace_hash workspace_;
};

/// `self` must outlive this.
class identity_signer final : public mesh::record_signer {
 public:
  identity_signer(const crypto::identity& self, const workspace_hash& workspace)
      : self_(self), workspace_(workspace), keys_{self.noise_key(), self.sign_key()} {}

  const mesh::owner_keys& keys() const override { return keys_; }
  mesh::record_signature sign(byte_span text) const override;

 private:
  const crypto::identity& self_;
  workspace_hash workspace_;
  mesh::owner_keys keys_;
};

}  // namespace askr
