// SPDX-License-Identifier: MIT
#pragma once

/// What crosses relays, sealed end to end between two nodes: a relay sees headers, and cannot read, alter, swap or
/// redirect what is inside. That it opens also proves who sealed it: only the two nodes of a pair can make the pair's
/// keys, from their static keys. Not here: what is sent twice opens twice (the numbers inside a session notice), and
/// who steals a static key later can read what he recorded. docs/protocol.md, "Relayed messages"; docs/adr/0007.

#include "crypto/aead.hpp"
#include "crypto/identity.hpp"
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace askr::crypto {

/// What a sealed text grows by: cipher and salt of its key (16), counter (8) and tag (16).
inline constexpr std::size_t seal_overhead_bytes = 40;

/// In clear in the envelope's header: a text opens only under the label it was sealed under.
struct seal_label {
  node_id source;
  incarnation source_life = 0;
  node_id target;
  incarnation target_life = 0;
  std::uint64_t session = 0;  ///< Of the source.
  bool operator==(const seal_label&) const = default;
};

/// This node's seals. The keys of a pair of nodes are made once, for 40 us, and kept for the latest pairs; those of its
/// latest session each way, for 1 us, from them and a random salt. Not thread-safe.
class sealer {
 public:
  /// `self` must outlive this. `cipher`: what it seals with; none: what is fastest on this CPU. It opens both.
  explicit sealer(const identity& self, std::size_t peers_max = 1'024, std::optional<cipher_kind> cipher = {});

  /// Appends the sealed text. `target_key` is the other end's Noise key, as its record or handshake proved it. Fails
  /// with errc::unauthenticated for a key that makes no secret, or if this node is not the label's source.
  result<void> seal(byte_buffer& out, const seal_label& label, const public_key& target_key, byte_span text,
                    const entropy& random);
  /// Appends the text. Fails with errc::unauthenticated if a byte of text or label is not what was sealed, or another
  /// node sealed it; nothing is appended then.
  result<void> open(byte_buffer& out, const seal_label& label, const public_key& source_key, byte_span sealed);

  /// Pairs whose keys are kept.
  std::size_t peers() const noexcept { return pairs_.size(); }

 private:
  static constexpr std::size_t salt_bytes = 16;
  using salt = std::array<std::uint8_t, salt_bytes>;  ///< Its first byte is the cipher_kind.

  struct key_hash {
    std::size_t operator()(const public_key& key) const noexcept;
  };
  /// One key, for one session and salt.
  struct session_key {
    seal_label label;
    salt drawn{};
    aead cipher;
    std::uint64_t counter = 0;  ///< Of the next text that is sealed; 0: no key yet.
  };
  struct pair {
    secret<32> to_peer, to_self;
    session_key sealing, opening;
  };

  pair* pair_with(const public_key& peer_key);

  const identity& self_;
  std::size_t peers_max_;
  cipher_kind cipher_;
  std::unordered_map<public_key, pair, key_hash> pairs_;
  std::deque<public_key> order_;  ///< Oldest first.
};

}  // namespace askr::crypto
