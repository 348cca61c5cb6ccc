// SPDX-License-Identifier: MIT
#include "crypto/identity.hpp"

#include <algorithm>
#include <utility>

namespace askr::crypto {
namespace {

secret<32> derived(std::string_view context, const secret<32>& seed) {
  secret<32> out;
  derive_key(out.mutable_span(), context, seed);
  return out;
}

}  // namespace

node_id node_id_of(const public_key& noise_key, const public_key& sign_key) noexcept {
  std::array<std::uint8_t, 64> hash;
  blake2b(hash, {as_bytes("askr-id"), noise_key, sign_key});
  node_id id;
  std::copy_n(hash.begin(), node_id::size, id.bytes.begin());
  return id;
}

identity identity::generate(const entropy& random) {
  secret<32> seed;
  random.fill(seed.mutable_span());
  return identity(std::move(seed));
}

identity identity::from_seed(secret<32> seed) { return identity(std::move(seed)); }

identity::identity(secret<32> seed)
    : seed_(std::move(seed)),
      noise_secret_(derived("askrnois", seed_)),
      noise_key_(x25519_public(noise_secret_)),
      sign_keys_(sign_keys_from_seed(derived("askrsign", seed_))),
      id_(node_id_of(noise_key_, sign_keys_.shown)) {}

}  // namespace askr::crypto
