// SPDX-License-Identifier: MIT
#include "libaskr/src/record_proof.hpp"

namespace askr {
namespace {

// What else these keys sign begins otherwise.
byte_buffer in_workspace(const workspace_hash& workspace, byte_span text) {
  byte_buffer whole;
  append(whole, as_bytes("askr-record-1"));
  append(whole, workspace);
  append(whole, text);
  return whole;
}

}  // namespace

mesh::digest record_proof::hash(byte_span bytes) const {
  mesh::digest out;
  crypto::blake2b(out, {bytes});
  return out;
}

node_id record_proof::id_of(const mesh::owner_keys& keys) const { return crypto::node_id_of(keys.noise, keys.sign); }

bool record_proof::verify(const mesh::owner_keys& keys, byte_span text, const mesh::record_signature& shown) const {
  return crypto::verify(keys.sign, in_workspace(workspace_, text), shown);
}

mesh::record_signature identity_signer::sign(byte_span text) const {
  return self_.sign(in_workspace(workspace_, text));
}

}  // namespace askr
