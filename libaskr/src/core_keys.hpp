// SPDX-License-Identifier: MIT
#pragma once

/// What a node core needs of cryptography, handed in: the shell gives it real keys, a simulation cheap ones.

#include "libaskr/src/message_seal.hpp"
#include "mesh/record_memo.hpp"
#include "mesh/record_proof.hpp"

namespace askr {

/// All must outlive the core. Cores that share a thread may share the verifier and the memo, and with it the records.
struct core_keys {
  const mesh::record_signer& signer;
  const mesh::record_verifier& verifier;
  mesh::record_memo& memo;
  message_seal& seal;
};

}  // namespace askr
