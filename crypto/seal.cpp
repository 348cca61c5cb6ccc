// SPDX-License-Identifier: MIT
#include "crypto/seal.hpp"

#include <sodium.h>

#include <array>
#include <cstring>

namespace askr::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_bytes + tag_bytes == seal_overhead_bytes);

constexpr std::size_t label_bytes = 2 * node_id::size + 3 * 8;
using encoded_label = std::array<std::uint8_t, label_bytes>;

std::uint8_t* put(std::uint8_t* at, byte_span bytes) noexcept {
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

std::uint8_t* put(std::uint8_t* at, std::uint64_t number) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(number >> shift);
  return at;
}

encoded_label encode(const seal_label& label) noexcept {
  encoded_label out;
  auto* at = put(out.data(), label.caller.span());
  at = put(at, label.caller_life);
  at = put(at, label.target.span());
  at = put(at, label.target_life);
  put(at, label.mid);
  return out;
}

// Keyed by the shared secret; the context keeps these keys apart from all that Noise makes of the same static keys.
secret<32> derived(const secret<32>& shared, seal_way way, const public_key& caller, const public_key& target) {
  secret<32> key;
  const std::array direction{static_cast<std::uint8_t>(way)};
  blake2b_keyed(key.mutable_span(), shared.span(), {as_bytes("askr-seal-1"), direction, caller, target});
  return key;
}

}  // namespace

std::size_t sealer::key_hash::operator()(const public_key& key) const noexcept {
  std::size_t head;
  std::memcpy(&head, key.data(), sizeof head);
  return head;
}

const sealer::pair_keys* sealer::keys_for(const public_key& peer_key) {
  if (const auto known = pairs_.find(peer_key); known != pairs_.end()) return &known->second;
  secret<32> shared;
  if (peers_max_ == 0 || !x25519(shared, self_.noise_secret(), peer_key)) return nullptr;
  if (pairs_.size() >= peers_max_) {
    pairs_.erase(order_.front());
    order_.pop_front();
  }
  const auto& own_key = self_.noise_key();
  pair_keys made{.own_to_target = derived(shared, seal_way::to_target, own_key, peer_key),
                 .own_to_caller = derived(shared, seal_way::to_caller, own_key, peer_key),
                 .peer_to_target = derived(shared, seal_way::to_target, peer_key, own_key),
                 .peer_to_caller = derived(shared, seal_way::to_caller, peer_key, own_key)};
  order_.push_back(peer_key);
  return &pairs_.emplace(peer_key, std::move(made)).first->second;
}

// Null, too, where this node is on the wrong end: what it sealed itself does not open when it is sent back.
const secret<32>* sealer::key_of(seal_way way, const seal_label& label, const public_key& peer_key, bool sealing) {
  const bool we_call = (way == seal_way::to_target) == sealing;
  if ((we_call ? label.caller : label.target) != self_.id()) return nullptr;
  const auto* pair = keys_for(peer_key);
  if (pair == nullptr) return nullptr;
  if (we_call) return sealing ? &pair->own_to_target : &pair->own_to_caller;
  return sealing ? &pair->peer_to_caller : &pair->peer_to_target;
}

result<void> sealer::seal(byte_buffer& out, seal_way way, const seal_label& label, const public_key& peer_key,
                          byte_span text, const entropy& random) {
  const auto* key = key_of(way, label, peer_key, true);
  if (key == nullptr) return error{errc::unauthenticated, "no seal with this peer"};
  const auto associated = encode(label);
  const auto before = out.size();
  out.resize(before + seal_overhead_bytes + text.size());
  auto* const nonce = out.data() + before;
  random.fill({nonce, nonce_bytes});
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_bytes, nullptr, text.data(), text.size(), associated.data(),
                                             associated.size(), nullptr, nonce, key->data());
  return {};
}

result<void> sealer::open(byte_buffer& out, seal_way way, const seal_label& label, const public_key& peer_key,
                          byte_span sealed) {
  const auto* key = key_of(way, label, peer_key, false);
  if (key == nullptr || sealed.size() < seal_overhead_bytes) return error{errc::unauthenticated, "not a seal"};
  const auto associated = encode(label);
  const auto box = sealed.subspan(nonce_bytes);
  const auto before = out.size();
  out.resize(before + box.size() - tag_bytes);
  const int forged =
      crypto_aead_xchacha20poly1305_ietf_decrypt(out.data() + before, nullptr, nullptr, box.data(), box.size(),
                                                 associated.data(), associated.size(), sealed.data(), key->data());
  if (forged == 0) return {};
  out.resize(before);
  return error{errc::unauthenticated, "a broken seal"};
}

}  // namespace askr::crypto
