// SPDX-License-Identifier: MIT
#pragma once

/// Record proofs for simulations: the same checks in the same places as with real keys, at a hundredth of the cost and
/// worth nothing against an attacker. A node's id is the first half of its noise key; a "signature" is a hash.

#include "libaskr/src/message_seal.hpp"
#include "mesh/record_proof.hpp"

namespace askr {

class plain_proof final : public mesh::record_verifier {
 public:
  mesh::digest hash(byte_span bytes) const override;
  node_id id_of(const mesh::owner_keys& keys) const override;
  bool verify(const mesh::owner_keys& keys, byte_span text, const mesh::record_signature& shown) const override;
};

class plain_signer final : public mesh::record_signer {
 public:
  explicit plain_signer(const node_id& id);

  const mesh::owner_keys& keys() const override { return keys_; }
  mesh::record_signature sign(byte_span text) const override;

 private:
  mesh::owner_keys keys_;
};

/// What it seals anybody can read, but an altered label or text does not open.
class plain_seal final : public message_seal {
 public:
  result<void> seal(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& target,
                    byte_span text) override;
  result<void> open(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& source,
                    byte_span sealed) override;
};

}  // namespace askr
