// SPDX-License-Identifier: MIT
#pragma once

/// What a client signs to prove that it holds its key. The node, the workspace, the host the client dialled and a nonce
/// of this one session are in it, so that a proof given to one node is worth nothing to another, nor here once more.
/// (docs/protocol.md, "A key instead of a token")

#include "crypto/primitives.hpp"

#include <askr/node_id.hpp>

#include <string_view>

namespace askr::crypto {

struct client_proof_text {
  std::string_view workspace;
  node_id node;
  std::string_view host;  ///< As in the Host header.
  byte_span nonce;

  byte_buffer encode(const public_key& key) const;
};

}  // namespace askr::crypto
