// SPDX-License-Identifier: MIT
#pragma once

/// Authenticated encryption under one key: AES-256-GCM or ChaCha20-Poly1305, with Noise's nonces.
///
/// Two libraries compute the same bytes. libsodium has the lower fixed cost, OpenSSL the higher throughput, so the size
/// of the message chooses (numbers in aead.cpp); OpenSSL takes time and memory before its first message, so a key that
/// has sealed little does without. Nothing is allocated per message.

#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <memory>
#include <optional>

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX.

namespace askr::crypto {

/// The numbers are those of the peer preface.
enum class cipher_kind : std::uint8_t { aes_gcm = 1, chacha_poly = 2 };

inline constexpr std::size_t tag_bytes = 16;

/// True if this CPU computes AES and GHASH in hardware.
bool aes_in_hardware() noexcept;

/// Movable, not copyable; a moved-from or new one has no key. Not thread-safe.
class aead {
 public:
  /// `openssl_from_bytes`: the size from which OpenSSL is used; none: what was measured to be best.
  explicit aead(std::optional<std::size_t> openssl_from_bytes = {}) noexcept
      : openssl_from_given_(openssl_from_bytes) {}

  void set_key(cipher_kind kind, const secret<32>& key) noexcept;

  /// Writes plaintext.size() + tag_bytes bytes to out, which may be where the plaintext lies.
  void seal(std::uint64_t nonce, byte_span associated, byte_span plaintext, std::uint8_t* out) noexcept;
  /// Writes sealed.size() - tag_bytes bytes to out, which may be where the sealed bytes lie. False if they are not what
  /// was sealed; what out then holds is of no use to anybody.
  [[nodiscard]] bool open(std::uint64_t nonce, byte_span associated, byte_span sealed, std::uint8_t* out) noexcept;

 private:
  enum class direction : std::uint8_t { none, sealing, opening };
  struct context_deleter {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };

  bool is_for_openssl(std::size_t bytes) noexcept;
  evp_cipher_ctx_st* context_for(direction wanted) noexcept;
  void seal_with_openssl(const std::uint8_t* nonce, byte_span associated, byte_span plaintext,
                         std::uint8_t* out) noexcept;
  bool open_with_openssl(const std::uint8_t* nonce, byte_span associated, byte_span sealed, std::uint8_t* out) noexcept;

  cipher_kind kind_ = cipher_kind::aes_gcm;
  std::optional<std::size_t> openssl_from_given_;
  std::size_t openssl_from_bytes_ = 0;
  std::size_t large_bytes_ = 0;            // So far, that libsodium did in OpenSSL's place.
  direction keyed_for_ = direction::none;  // What OpenSSL's context holds the current key for.
  bool schedule_ready_ = false;            // libsodium's AES key schedule follows from the current key.
  secret<32> key_;
  secret<512> schedule_;
  std::unique_ptr<evp_cipher_ctx_st, context_deleter> context_;  // Made once it pays.
};

}  // namespace askr::crypto
