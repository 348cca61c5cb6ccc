// SPDX-License-Identifier: MIT
#pragma once

/// The few primitives that askr uses of libsodium, with sizes in their types: X25519, Ed25519, BLAKE2b, key derivation
/// and comparison in constant time. What Noise needs beyond them is in hash.hpp and aead.hpp.

#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <array>
#include <initializer_list>
#include <string_view>

namespace askr::crypto {

using public_key = std::array<std::uint8_t, 32>;
using signature = std::array<std::uint8_t, 64>;

/// Makes libsodium choose its implementations. Cheap after the first call, thread-safe.
void initialize_sodium() noexcept;

/// BLAKE2b of the parts one after the other; out has 16 to 64 bytes, and its length is part of the hash.
/// Source: RFC 7693.
void blake2b(mutable_byte_span out, std::initializer_list<byte_span> parts) noexcept;
/// The same, keyed: a MAC. The key has 16 to 64 bytes.
void blake2b_keyed(mutable_byte_span out, byte_span key, std::initializer_list<byte_span> parts) noexcept;

/// Derives out (16 to 64 bytes) from a key for one purpose; the context has exactly 8 characters.
/// Source: libsodium's crypto_kdf (BLAKE2b with salt and personalisation), subkey number 1.
void derive_key(mutable_byte_span out, std::string_view context, const secret<32>& key) noexcept;

/// The public half of an X25519 key. Source: RFC 7748.
public_key x25519_public(const secret<32>& own) noexcept;
/// The shared secret. False for the peer's low-order points, which would make it known to everybody.
[[nodiscard]] bool x25519(secret<32>& shared, const secret<32>& own, const public_key& peer) noexcept;

/// An Ed25519 key pair from a seed; the secret half holds seed and public key. Source: RFC 8032.
struct sign_key_pair {
  secret<64> own;
  public_key shown{};
};
sign_key_pair sign_keys_from_seed(const secret<32>& seed) noexcept;
signature sign(const secret<64>& own, byte_span message) noexcept;
/// False for a signature or key of the wrong length, too.
[[nodiscard]] bool verify(byte_span signed_by, byte_span message, byte_span shown_signature) noexcept;

/// True if both are equal; the time depends on the length only. Different lengths are unequal.
[[nodiscard]] bool equal_in_constant_time(byte_span left, byte_span right) noexcept;

}  // namespace askr::crypto
