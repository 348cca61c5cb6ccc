// SPDX-License-Identifier: MIT
#include "crypto/hash.hpp"

#include <sodium.h>

namespace askr::crypto {
namespace {

// One running hash of any kind.
class hasher {
 public:
  explicit hasher(hash_kind kind) noexcept : kind_(kind) {
    switch (kind_) {
      case hash_kind::sha256:
        crypto_hash_sha256_init(&state_.sha256);
        break;
      case hash_kind::sha512:
        crypto_hash_sha512_init(&state_.sha512);
        break;
      case hash_kind::blake2b:
        crypto_generichash_init(&state_.blake2b, nullptr, 0, 64);
        break;
    }
  }
  hasher(const hasher&) = delete;
  hasher& operator=(const hasher&) = delete;
  ~hasher() { sodium_memzero(&state_, sizeof state_); }

  void update(byte_span part) noexcept {
    switch (kind_) {
      case hash_kind::sha256:
        crypto_hash_sha256_update(&state_.sha256, part.data(), part.size());
        break;
      case hash_kind::sha512:
        crypto_hash_sha512_update(&state_.sha512, part.data(), part.size());
        break;
      case hash_kind::blake2b:
        crypto_generichash_update(&state_.blake2b, part.data(), part.size());
        break;
    }
  }

  void finish(mutable_byte_span out) noexcept {
    ASKR_ASSERT(out.size() == hash_bytes(kind_));
    switch (kind_) {
      case hash_kind::sha256:
        crypto_hash_sha256_final(&state_.sha256, out.data());
        break;
      case hash_kind::sha512:
        crypto_hash_sha512_final(&state_.sha512, out.data());
        break;
      case hash_kind::blake2b:
        crypto_generichash_final(&state_.blake2b, out.data(), out.size());
        break;
    }
  }

 private:
  hash_kind kind_;
  union {
    crypto_hash_sha256_state sha256;
    crypto_hash_sha512_state sha512;
    crypto_generichash_state blake2b;
  } state_;
};

// The key, padded to a block and xored with the pad byte.
void update_with_padded_key(hasher& running, hash_kind kind, byte_span key, std::uint8_t pad) noexcept {
  secret<128> block;
  std::copy(key.begin(), key.end(), block.data());
  const auto padded = block.mutable_span().first(hash_block_bytes(kind));
  for (auto& byte : padded) byte ^= pad;
  running.update(padded);
}

}  // namespace

void hash(hash_kind kind, mutable_byte_span out, std::initializer_list<byte_span> parts) noexcept {
  hasher running(kind);
  for (const auto part : parts) running.update(part);
  running.finish(out);
}

void hmac(hash_kind kind, mutable_byte_span out, byte_span key, std::initializer_list<byte_span> parts) noexcept {
  ASKR_ASSERT(key.size() <= hash_block_bytes(kind));
  secret<hash_bytes_max> inner;
  const auto inner_hash = inner.mutable_span().first(hash_bytes(kind));
  hasher running(kind);
  update_with_padded_key(running, kind, key, 0x36);
  for (const auto part : parts) running.update(part);
  running.finish(inner_hash);
  hasher outer(kind);
  update_with_padded_key(outer, kind, key, 0x5c);
  outer.update(inner_hash);
  outer.finish(out);
}

void hkdf(hash_kind kind, byte_span chaining_key, byte_span input,
          std::initializer_list<mutable_byte_span> outputs) noexcept {
  secret<hash_bytes_max> temporary;
  const auto key = temporary.mutable_span().first(hash_bytes(kind));
  hmac(kind, key, chaining_key, {input});
  byte_span previous;
  std::uint8_t number = 0;
  for (const auto output : outputs) {
    ++number;
    hmac(kind, output, key, {previous, byte_span(&number, 1)});
    previous = output;
  }
}

}  // namespace askr::crypto
