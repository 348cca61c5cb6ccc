// SPDX-License-Identifier: MIT
// Test only: the program askr-bench-plain links this instead of crypto/aead.cpp, so that its links cost all that links
// cost but the ciphers. What it "seals" anybody can read and alter. It is never installed.
#include "crypto/aead.hpp"

#include <cstring>

namespace askr::crypto {

bool aes_in_hardware() noexcept { return true; }

void aead::context_deleter::operator()(evp_cipher_ctx_st*) const noexcept {}

void aead::set_key(cipher_kind kind, const secret<32>& key) noexcept {
  kind_ = kind;
  key_ = key.copy();
}

void aead::seal(std::uint64_t, byte_span, byte_span plaintext, std::uint8_t* out) noexcept {
  if (out != plaintext.data()) std::memmove(out, plaintext.data(), plaintext.size());
  std::memset(out + plaintext.size(), 0, tag_bytes);
}

bool aead::open(std::uint64_t, byte_span, byte_span sealed, std::uint8_t* out) noexcept {
  if (sealed.size() < tag_bytes) return false;
  if (out != sealed.data()) std::memmove(out, sealed.data(), sealed.size() - tag_bytes);
  return true;
}

}  // namespace askr::crypto
