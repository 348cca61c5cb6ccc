// SPDX-License-Identifier: MIT
#include "libaskr/src/plain_proof.hpp"

#include <algorithm>
#include <array>
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

namespace {

// As long as what a real seal adds.
std::array<std::uint8_t, crypto::seal_overhead_bytes> mark_of(const crypto::seal_label& label, byte_span text) {
  std::uint64_t salt = label.session ^ mix(label.source_life) ^ mix(~label.target_life);
  for (const auto& id : {label.source, label.target}) {
    std::uint64_t word;
    std::memcpy(&word, id.bytes.data(), sizeof word);
    salt = mix(salt ^ word);
  }
  const auto words = digest_of(text, salt);
  std::array<std::uint8_t, crypto::seal_overhead_bytes> mark{};
  std::memcpy(mark.data(), &words, sizeof words);
  return mark;
}

}  // namespace

result<void> plain_seal::seal(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key&,
                              byte_span text) {
  append(out, mark_of(label, text));
  append(out, text);
  return {};
}

result<void> plain_seal::open(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key&,
                              byte_span sealed) {
  if (sealed.size() < crypto::seal_overhead_bytes) return error{errc::unauthenticated, "not a seal"};
  const auto text = sealed.subspan(crypto::seal_overhead_bytes);
  const auto mark = mark_of(label, text);
  if (!std::equal(mark.begin(), mark.end(), sealed.begin())) return error{errc::unauthenticated, "a broken seal"};
  append(out, text);
  return {};
}

}  // namespace askr
