// SPDX-License-Identifier: MIT
#include "crypto/cipher.hpp"

#include <cstring>
#include <limits>

namespace askr::crypto {
namespace {

// Source: Noise rev 34, section 5.1: 2^64 - 1 is kept for REKEY().
constexpr std::uint64_t nonce_of_rekey = std::numeric_limits<std::uint64_t>::max();

void pass_through(byte_span from, std::uint8_t* to) noexcept {
  if (!from.empty()) std::memmove(to, from.data(), from.size());
}

}  // namespace

void cipher_state::initialize_key(const secret<32>& key) noexcept {
  aead_.set_key(kind_, key);
  has_key_ = true;
  nonce_ = 0;
}

bool cipher_state::encrypt_with_ad(byte_span associated, byte_span plaintext, std::uint8_t* out) noexcept {
  if (!has_key_) return pass_through(plaintext, out), true;
  if (nonce_ == nonce_of_rekey) return false;
  aead_.seal(nonce_++, associated, plaintext, out);
  return true;
}

bool cipher_state::decrypt_with_ad(byte_span associated, byte_span ciphertext, std::uint8_t* out) noexcept {
  if (!has_key_) return pass_through(ciphertext, out), true;
  if (nonce_ == nonce_of_rekey || !aead_.open(nonce_, associated, ciphertext, out)) return false;
  ++nonce_;
  return true;
}

void cipher_state::rekey() noexcept {
  ASKR_ASSERT(has_key_);
  const secret<32> zeros;
  secret<32 + tag_bytes> sealed;
  aead_.seal(nonce_of_rekey, {}, zeros.span(), sealed.data());
  aead_.set_key(kind_, secret<32>(sealed.span().first(32)));
}

}  // namespace askr::crypto
