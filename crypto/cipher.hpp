// SPDX-License-Identifier: MIT
#pragma once

/// Noise's CipherState: a key and a counter. Source: Noise Protocol Framework rev 34, section 5.1.

#include "crypto/aead.hpp"
#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <cstdint>

namespace askr::crypto {

/// Without a key it passes bytes through, as Noise wants it. Movable, not copyable, not thread-safe.
class cipher_state {
 public:
  cipher_state() noexcept = default;
  explicit cipher_state(cipher_kind kind) noexcept : kind_(kind) {}

  /// InitializeKey(): sets the key, and the nonce to 0.
  void initialize_key(const secret<32>& key) noexcept;
  bool has_key() const noexcept { return has_key_; }
  std::uint64_t nonce() const noexcept { return nonce_; }
  void set_nonce(std::uint64_t nonce) noexcept { nonce_ = nonce; }

  /// What a plaintext grows by.
  std::size_t overhead_bytes() const noexcept { return has_key_ ? tag_bytes : 0; }

  /// out has plaintext.size() + overhead_bytes() bytes and may be where the plaintext lies. False when the counter is
  /// used up.
  [[nodiscard]] bool encrypt_with_ad(byte_span associated, byte_span plaintext, std::uint8_t* out) noexcept;
  /// out has ciphertext.size() - overhead_bytes() bytes and may be where the ciphertext lies. False if it is forged,
  /// or when the counter is used up; the nonce then stays.
  [[nodiscard]] bool decrypt_with_ad(byte_span associated, byte_span ciphertext, std::uint8_t* out) noexcept;
  /// REKEY(): the key becomes 32 zeros encrypted with the last nonce; the nonce goes on.
  void rekey() noexcept;

 private:
  cipher_kind kind_ = cipher_kind::aes_gcm;
  bool has_key_ = false;
  std::uint64_t nonce_ = 0;
  aead aead_;
};

}  // namespace askr::crypto
