// SPDX-License-Identifier: MIT
#include "crypto/noise_state.hpp"

#include <algorithm>

namespace askr::crypto {
namespace {

// Room for one output of HKDF, cut to what the hash gives.
struct hkdf_output {
  explicit hkdf_output(hash_kind kind) noexcept : bytes(hash_bytes(kind)) {}
  mutable_byte_span span() noexcept { return room.mutable_span().first(bytes); }
  /// A key is the first 32 bytes of it, also of a 64-byte hash.
  secret<32> key() const { return secret<32>(room.span().first(32)); }

  std::size_t bytes;
  secret<hash_bytes_max> room;
};

}  // namespace

symmetric_state::symmetric_state(std::string_view protocol_name, cipher_kind cipher, hash_kind hash) noexcept
    : cipher_kind_(cipher), hash_kind_(hash), cipher_(cipher) {
  if (protocol_name.size() <= hash_bytes(hash)) {
    std::copy(protocol_name.begin(), protocol_name.end(), hash_.begin());
  } else {
    crypto::hash(hash, mutable_byte_span(hash_).first(hash_bytes(hash)), {as_bytes(protocol_name)});
  }
  chaining_key_ = secret<hash_bytes_max>(byte_span(hash_));
}

void symmetric_state::mix_key(byte_span input) noexcept {
  hkdf_output next(hash_kind_), key(hash_kind_);
  hkdf(hash_kind_, chaining_key(), input, {next.span(), key.span()});
  chaining_key_ = std::move(next.room);
  cipher_.initialize_key(key.key());
}

void symmetric_state::mix_hash(byte_span data) noexcept {
  const auto current = mutable_byte_span(hash_).first(hash_bytes(hash_kind_));
  hash(hash_kind_, current, {current, data});
}

void symmetric_state::mix_key_and_hash(byte_span input) noexcept {
  hkdf_output next(hash_kind_), mixed(hash_kind_), key(hash_kind_);
  hkdf(hash_kind_, chaining_key(), input, {next.span(), mixed.span(), key.span()});
  chaining_key_ = std::move(next.room);
  mix_hash(mixed.span());
  cipher_.initialize_key(key.key());
}

bool symmetric_state::encrypt_and_hash(byte_span plaintext, byte_buffer& out) {
  const std::size_t before = out.size();
  out.resize(before + plaintext.size() + overhead_bytes());
  if (!cipher_.encrypt_with_ad(handshake_hash(), plaintext, out.data() + before)) return out.resize(before), false;
  mix_hash(byte_span(out).subspan(before));
  return true;
}

bool symmetric_state::decrypt_and_hash(byte_span ciphertext, byte_buffer& out) {
  if (ciphertext.size() < overhead_bytes()) return false;
  const std::size_t before = out.size();
  out.resize(before + ciphertext.size() - overhead_bytes());
  if (!cipher_.decrypt_with_ad(handshake_hash(), ciphertext, out.data() + before)) return out.resize(before), false;
  mix_hash(ciphertext);
  return true;
}

std::pair<cipher_state, cipher_state> symmetric_state::split() const noexcept {
  hkdf_output first(hash_kind_), second(hash_kind_);
  hkdf(hash_kind_, chaining_key(), {}, {first.span(), second.span()});
  std::pair<cipher_state, cipher_state> ciphers{cipher_state(cipher_kind_), cipher_state(cipher_kind_)};
  ciphers.first.initialize_key(first.key());
  ciphers.second.initialize_key(second.key());
  return ciphers;
}

}  // namespace askr::crypto
