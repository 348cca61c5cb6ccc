// SPDX-License-Identifier: MIT
#pragma once

/// Noise's SymmetricState: a chaining key that all secrets are mixed into, and a hash of everything that was said.
/// Source: Noise Protocol Framework rev 34, section 5.2.

#include "crypto/cipher.hpp"
#include "crypto/hash.hpp"
#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace askr::crypto {

class symmetric_state {
 public:
  /// InitializeSymmetric(protocol_name).
  symmetric_state(std::string_view protocol_name, cipher_kind cipher, hash_kind hash) noexcept;

  void mix_key(byte_span input) noexcept;
  void mix_hash(byte_span data) noexcept;
  void mix_key_and_hash(byte_span input) noexcept;

  /// Appends the ciphertext to out.
  [[nodiscard]] bool encrypt_and_hash(byte_span plaintext, byte_buffer& out);
  /// Appends the plaintext to out; out is as before if the ciphertext is forged.
  [[nodiscard]] bool decrypt_and_hash(byte_span ciphertext, byte_buffer& out);

  /// What a plaintext grows by now.
  std::size_t overhead_bytes() const noexcept { return cipher_.overhead_bytes(); }
  /// Unique to this handshake once it is complete: the channel binding. Source: section 11.2.
  byte_span handshake_hash() const noexcept { return byte_span(hash_).first(hash_bytes(hash_kind_)); }
  /// Split(): the cipher states of initiator to responder, and back.
  std::pair<cipher_state, cipher_state> split() const noexcept;

 private:
  byte_span chaining_key() const noexcept { return chaining_key_.span().first(hash_bytes(hash_kind_)); }

  cipher_kind cipher_kind_;
  hash_kind hash_kind_;
  std::array<std::uint8_t, hash_bytes_max> hash_{};
  secret<hash_bytes_max> chaining_key_;
  cipher_state cipher_;
};

}  // namespace askr::crypto
