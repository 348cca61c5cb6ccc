// SPDX-License-Identifier: MIT
#include "crypto/client_proof.hpp"

namespace askr::crypto {
namespace {

// The length in two bytes, big-endian: no other division into parts gives the same text.
void append_text(byte_buffer& to, std::string_view text) {
  to.push_back(static_cast<std::uint8_t>(text.size() >> 8));
  to.push_back(static_cast<std::uint8_t>(text.size()));
  append(to, as_bytes(text));
}

}  // namespace

byte_buffer client_proof_text::encode(const public_key& key) const {
  byte_buffer out;
  append(out, as_bytes("askr-client-proof-1"));
  append_text(out, workspace);
  append(out, node.span());
  append_text(out, host.substr(0, 0xffff));
  append(out, nonce);
  append(out, key);
  return out;
}

}  // namespace askr::crypto
