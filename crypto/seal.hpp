// SPDX-License-Identifier: MIT
#pragma once

/// Commands that cross a relay, sealed end to end between the caller's node and the serving node: the relay sees
/// headers, and cannot read, alter, swap or redirect what is inside. That it opens also proves who sealed it: only the
/// two nodes of a pair can make the pair's keys, from their static keys. Not here: what is sent twice opens twice (the
/// caller's window of mids notices), and who steals a static key later can read what he recorded. docs/protocol.md,
/// "Sealed payloads".

#include "crypto/identity.hpp"
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/random.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace askr::crypto {

/// What a sealed text grows by: a random nonce of 24 bytes and a tag of 16.
inline constexpr std::size_t seal_overhead_bytes = 40;

/// Which way it goes: from the caller (command, cancel), or back to it (reply, part). Each has a key of its own.
enum class seal_way : std::uint8_t { to_target = 1, to_caller = 2 };

/// In clear in the message's header, and bound to what is sealed: a text opens only under the label it was sealed
/// under.
struct seal_label {
  node_id caller;
  incarnation caller_life = 0;
  node_id target;
  incarnation target_life = 0;
  std::uint64_t mid = 0;
};

/// This node's seals. The keys of a pair are made once, for 40 us, and kept for the latest pairs. Not thread-safe.
class sealer {
 public:
  /// `self` must outlive this.
  explicit sealer(const identity& self, std::size_t peers_max = 1'024) : self_(self), peers_max_(peers_max) {}

  /// Appends nonce || ciphertext || tag. `peer_key` is the other end's Noise key, as its record or handshake proved it.
  /// Fails with errc::unauthenticated for a peer key that makes no secret, or if the label puts this node on the other
  /// end.
  result<void> seal(byte_buffer& out, seal_way way, const seal_label& label, const public_key& peer_key, byte_span text,
                    const entropy& random);
  /// Appends the text. Fails with errc::unauthenticated if a byte of text or label is not what was sealed, or another
  /// node sealed it; nothing is appended then.
  result<void> open(byte_buffer& out, seal_way way, const seal_label& label, const public_key& peer_key,
                    byte_span sealed);

  /// Pairs whose keys are kept.
  std::size_t peers() const noexcept { return pairs_.size(); }

 private:
  struct key_hash {
    std::size_t operator()(const public_key& key) const noexcept;
  };
  /// Either end may be the caller.
  struct pair_keys {
    secret<32> own_to_target;   ///< We call: what we seal,
    secret<32> own_to_caller;   ///< and what we open.
    secret<32> peer_to_target;  ///< The peer calls: what we open,
    secret<32> peer_to_caller;  ///< and what we seal.
  };

  const pair_keys* keys_for(const public_key& peer_key);
  const secret<32>* key_of(seal_way way, const seal_label& label, const public_key& peer_key, bool sealing);

  const identity& self_;
  std::size_t peers_max_;
  std::unordered_map<public_key, pair_keys, key_hash> pairs_;
  std::deque<public_key> order_;  ///< Oldest first.
};

}  // namespace askr::crypto
