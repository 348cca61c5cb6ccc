// SPDX-License-Identifier: MIT
#pragma once

/// The three hash functions that Noise names, and HMAC and HKDF over any of them.
/// libsodium has no HMAC-BLAKE2b, and Noise wants exactly that (not keyed BLAKE2b), so HMAC is written here, for all.

#include "crypto/secret.hpp"

#include <askr/bytes.hpp>

#include <initializer_list>

namespace askr::crypto {

enum class hash_kind : std::uint8_t { sha256, sha512, blake2b };

inline constexpr std::size_t hash_bytes_max = 64;

/// HASHLEN: 32 or 64. Source: Noise Protocol Framework rev 34, section 12.
constexpr std::size_t hash_bytes(hash_kind kind) noexcept { return kind == hash_kind::sha256 ? 32 : 64; }
/// BLOCKLEN, for HMAC: 64 or 128.
constexpr std::size_t hash_block_bytes(hash_kind kind) noexcept { return kind == hash_kind::sha256 ? 64 : 128; }

/// The hash of the parts one after the other; out has hash_bytes(kind) bytes and may overlap a part.
void hash(hash_kind kind, mutable_byte_span out, std::initializer_list<byte_span> parts) noexcept;
/// Source: RFC 2104. The key is at most one block long.
void hmac(hash_kind kind, mutable_byte_span out, byte_span key, std::initializer_list<byte_span> parts) noexcept;
/// Noise's HKDF: two or three outputs of hash_bytes(kind) bytes each. Source: Noise rev 34, section 4.3.
void hkdf(hash_kind kind, byte_span chaining_key, byte_span input,
          std::initializer_list<mutable_byte_span> outputs) noexcept;

}  // namespace askr::crypto
