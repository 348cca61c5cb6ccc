// SPDX-License-Identifier: MIT
#include "libaskr/src/plain_proof.hpp"

#include <algorithm>
#include <cstring>

namespace askr {
namespace {

// The finalizer of splitmix64 (Steele, Lea, Flood, 2014): every input bit changes every output bit.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

struct two_words {
  std::uint64_t a, b;
};

two_words digest_of(byte_span bytes, std::uint64_t salt) noexcept {
  two_words state{mix(salt ^ bytes.size()), mix(~salt)};
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const auto some = std::min<std::size_t>(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), some);
    state.a = mix(state.a ^ word);
    state.b = mix(state.b + word) ^ state.a;
    bytes = bytes.subspan(some);
  }
  return state;
}

mesh::record_signature signature_of(const mesh::owner_keys& keys, byte_span text) noexcept {
  std::uint64_t salt;
  std::memcpy(&salt, keys.sign.data(), sizeof salt);
  const auto words = digest_of(text, salt);
  mesh::record_signature out{};
  std::memcpy(out.data(), &words, sizeof words);
  return out;
}

}  // namespace

mesh::digest plain_proof::hash(byte_span bytes) const {
  const auto words = digest_of(bytes, 0);
  mesh::digest out;
  std::memcpy(out.data(), &words, sizeof words);
  return out;
}

node_id plain_proof::id_of(const mesh::owner_keys& keys) const {
  node_id id;
  std::copy_n(keys.noise.begin(), node_id::size, id.bytes.begin());
  return id;
}

bool plain_proof::verify(const mesh::owner_keys& keys, byte_span text, const mesh::record_signature& shown) const {
  return signature_of(keys, text) == shown;
}

plain_signer::plain_signer(const node_id& id) {
  std::copy(id.bytes.begin(), id.bytes.end(), keys_.noise.begin());
  std::copy(id.bytes.rbegin(), id.bytes.rend(), keys_.sign.begin());
}

mesh::record_signature plain_signer::sign(byte_span text) const { return signature_of(keys_, text); }

}  // namespace askr
