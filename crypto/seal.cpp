// SPDX-License-Identifier: MIT
#include "crypto/seal.hpp"

#include <algorithm>
#include <cstring>

namespace askr::crypto {
namespace {

constexpr std::size_t counter_bytes = 8;
constexpr std::uint64_t texts_per_key = 1 << 20;  // Far below what either cipher allows; a new key costs 1 us.

constexpr std::size_t label_bytes = 2 * node_id::size + 3 * 8;

std::uint8_t* put(std::uint8_t* at, byte_span bytes) noexcept { return std::copy(bytes.begin(), bytes.end(), at); }

std::uint8_t* put(std::uint8_t* at, std::uint64_t number) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(number >> shift);
  return at;
}

std::uint64_t number_at(const std::uint8_t* at) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < counter_bytes; ++i) number = number << 8 | at[i];
  return number;
}

std::array<std::uint8_t, label_bytes> encode(const seal_label& label) noexcept {
  std::array<std::uint8_t, label_bytes> out;
  auto* at = put(out.data(), label.source.span());
  at = put(at, label.source_life);
  at = put(at, label.target.span());
  at = put(at, label.target_life);
  put(at, label.session);
  return out;
}

// Keyed by the shared secret; the context keeps these keys apart from all that Noise makes of the same static keys.
secret<32> pair_key(const secret<32>& shared, const public_key& source, const public_key& target) {
  secret<32> key;
  blake2b_keyed(key.mutable_span(), shared.span(), {as_bytes("askr-seal-2"), source, target});
  return key;
}

void set_session_key(aead& cipher, const secret<32>& pair_key, const seal_label& label, byte_span salt) {
  secret<32> key;
  blake2b_keyed(key.mutable_span(), pair_key.span(), {as_bytes("askr-seal-2 session"), encode(label), salt});
  cipher.set_key(static_cast<cipher_kind>(salt.front()), key);
}

bool is_cipher(std::uint8_t number) noexcept {
  return number == static_cast<std::uint8_t>(cipher_kind::aes_gcm) ||
         number == static_cast<std::uint8_t>(cipher_kind::chacha_poly);
}

}  // namespace

sealer::sealer(const identity& self, std::size_t peers_max, std::optional<cipher_kind> cipher)
    : self_(self),
      peers_max_(peers_max),
      cipher_(cipher.value_or(aes_in_hardware() ? cipher_kind::aes_gcm : cipher_kind::chacha_poly)) {}

std::size_t sealer::key_hash::operator()(const public_key& key) const noexcept {
  std::size_t head;
  std::memcpy(&head, key.data(), sizeof head);
  return head;
}

sealer::pair* sealer::pair_with(const public_key& peer_key) {
  if (const auto known = pairs_.find(peer_key); known != pairs_.end()) return &known->second;
  secret<32> shared;
  if (peers_max_ == 0 || !x25519(shared, self_.noise_secret(), peer_key)) return nullptr;
  if (pairs_.size() >= peers_max_) {
    pairs_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(peer_key);
  auto& made = pairs_[peer_key];
  made.to_peer = pair_key(shared, self_.noise_key(), peer_key);
  made.to_self = pair_key(shared, peer_key, self_.noise_key());
  return &made;
}

result<void> sealer::seal(byte_buffer& out, const seal_label& label, const public_key& target_key, byte_span text,
                          const entropy& random) {
  auto* with = label.source == self_.id() ? pair_with(target_key) : nullptr;
  if (with == nullptr) return error{errc::unauthenticated, "no seal with this peer"};
  auto& key = with->sealing;
  if (key.counter % texts_per_key == 0 || key.label != label) {
    random.fill(key.drawn);  // So a counter that starts anew never meets the key it had before.
    key.drawn.front() = static_cast<std::uint8_t>(cipher_);
    key.label = label;
    key.counter = 0;
    set_session_key(key.cipher, with->to_peer, label, key.drawn);
  }
  const auto before = out.size();
  resize_in_one_piece(out, before + seal_overhead_bytes + text.size());
  auto* at = put(out.data() + before, key.drawn);
  at = put(at, key.counter);
  key.cipher.seal(key.counter++, {}, text, at);
  return {};
}

result<void> sealer::open(byte_buffer& out, const seal_label& label, const public_key& source_key, byte_span sealed) {
  const bool ours = label.target == self_.id() && sealed.size() >= seal_overhead_bytes && is_cipher(sealed.front());
  auto* with = ours ? pair_with(source_key) : nullptr;
  if (with == nullptr) return error{errc::unauthenticated, "not a seal"};
  salt drawn;
  std::copy_n(sealed.begin(), salt_bytes, drawn.begin());
  const auto counter = number_at(sealed.data() + salt_bytes);
  const auto box = sealed.subspan(salt_bytes + counter_bytes);
  const auto before = out.size();
  out.resize(before + box.size() - tag_bytes);

  auto& key = with->opening;
  if (key.label == label && key.drawn == drawn) {
    if (key.cipher.open(counter, {}, box, out.data() + before)) return {};
  } else {
    session_key next;
    next.label = label;
    next.drawn = drawn;
    set_session_key(next.cipher, with->to_self, label, drawn);
    const bool opened = next.cipher.open(counter, {}, box, out.data() + before);
    if (opened) key = std::move(next);  // Proven: nobody else makes this node forget the key in use.
    if (opened) return {};
  }
  out.resize(before);
  return error{errc::unauthenticated, "a broken seal"};
}

}  // namespace askr::crypto
