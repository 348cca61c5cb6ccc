// SPDX-License-Identifier: MIT
#include "crypto/primitives.hpp"

#include <sodium.h>

namespace askr::crypto {

void initialize_sodium() noexcept {
  static const bool ready = sodium_init() >= 0;
  ASKR_ASSERT(ready);
}

void blake2b(mutable_byte_span out, std::initializer_list<byte_span> parts) noexcept { blake2b_keyed(out, {}, parts); }

void blake2b_keyed(mutable_byte_span out, byte_span key, std::initializer_list<byte_span> parts) noexcept {
  ASKR_ASSERT(out.size() >= crypto_generichash_BYTES_MIN && out.size() <= crypto_generichash_BYTES_MAX);
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.data(), key.size(), out.size());
  for (const auto part : parts) crypto_generichash_update(&state, part.data(), part.size());
  crypto_generichash_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof state);
}

void derive_key(mutable_byte_span out, std::string_view context, const secret<32>& key) noexcept {
  ASKR_ASSERT(context.size() == crypto_kdf_CONTEXTBYTES);
  const int failed = crypto_kdf_derive_from_key(out.data(), out.size(), 1, context.data(), key.data());
  ASKR_ASSERT(failed == 0);
}

public_key x25519_public(const secret<32>& own) noexcept {
  public_key shown;
  crypto_scalarmult_curve25519_base(shown.data(), own.data());
  return shown;
}

bool x25519(secret<32>& shared, const secret<32>& own, const public_key& peer) noexcept {
  return crypto_scalarmult_curve25519(shared.data(), own.data(), peer.data()) == 0;
}

sign_key_pair sign_keys_from_seed(const secret<32>& seed) noexcept {
  sign_key_pair keys;
  crypto_sign_ed25519_seed_keypair(keys.shown.data(), keys.own.data(), seed.data());
  return keys;
}

signature sign(const secret<64>& own, byte_span message) noexcept {
  signature made;
  crypto_sign_ed25519_detached(made.data(), nullptr, message.data(), message.size(), own.data());
  return made;
}

bool verify(byte_span signed_by, byte_span message, byte_span shown_signature) noexcept {
  if (signed_by.size() != crypto_sign_ed25519_PUBLICKEYBYTES) return false;
  if (shown_signature.size() != crypto_sign_ed25519_BYTES) return false;
  return crypto_sign_ed25519_verify_detached(shown_signature.data(), message.data(), message.size(),
                                             signed_by.data()) == 0;
}

bool equal_in_constant_time(byte_span left, byte_span right) noexcept {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace askr::crypto
