// SPDX-License-Identifier: MIT
#pragma once

/// A Noise protocol as data, read from its name: "Noise_XXpsk0_25519_AESGCM_BLAKE2b" is a pattern (which tokens each
/// message has), a cipher and a hash. Source: Noise Protocol Framework rev 34, sections 7, 8 and 9.

#include "crypto/aead.hpp"
#include "crypto/hash.hpp"

#include <askr/error.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace askr::crypto {

/// What is sent or mixed: an ephemeral or static key, one of four Diffie-Hellman results, a pre-shared key.
enum class noise_token : std::uint8_t { e, s, ee, es, se, ss, psk };

struct noise_message_pattern {
  static constexpr std::size_t tokens_max = 8;

  std::array<noise_token, tokens_max> tokens{};
  std::size_t count = 0;

  const noise_token* begin() const noexcept { return tokens.data(); }
  const noise_token* end() const noexcept { return tokens.data() + count; }
};

struct noise_protocol {
  static constexpr std::size_t messages_max = 3;

  std::string name;
  cipher_kind cipher = cipher_kind::aes_gcm;
  hash_kind hash = hash_kind::blake2b;
  bool initiator_static_known = false;  ///< Pre-message `-> s`.
  bool responder_static_known = false;  ///< Pre-message `<- s`.
  bool has_psk = false;                 ///< Ephemeral keys are mixed into the key, too. Source: section 9.2.
  std::size_t messages_count = 0;       ///< The initiator sends the first, then they take turns.
  std::array<noise_message_pattern, messages_max> messages{};

  /// Patterns NN, NK, KK, XX, IK and XK with any psk modifiers; 25519; AESGCM or ChaChaPoly; SHA256, SHA512 or BLAKE2b.
  /// Fails with errc::unsupported for any other name.
  static result<noise_protocol> parse(std::string_view name);

  /// How often this token occurs in its messages.
  std::size_t count(noise_token wanted) const noexcept;
};

}  // namespace askr::crypto
