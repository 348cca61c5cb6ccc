// SPDX-License-Identifier: MIT
// The handshake's state machine: two pairs of nodes that know the secret, and an attacker who holds everything that any
// of them has said and gives it to whom he likes: in any state, twice, out of turn, cut off, to the wrong pair. Only
// two ends that heard each other's handshake, whole and in order, come to trust each other, and a responder says
// nothing to whoever has not shown a first message.
#include "transport/link.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

namespace askr::transport {
namespace {

constexpr std::size_t ends_count = 4;  // Initiators 0 and 2, responders 1 and 3.
constexpr std::size_t first_bytes = 58;
constexpr std::size_t pieces_max = 64;

bool starts_with(byte_span text, byte_span start) {
  return text.size() >= start.size() && std::equal(start.begin(), start.end(), text.begin());
}

crypto::identity fixed_identity(std::uint8_t fill) {
  return crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, fill)));
}

class handshake_game {
 public:
  handshake_game() {
    for (std::size_t i = 0; i < ends_count; ++i) {
      const bool initiator = i % 2 == 0;
      ends_.push_back(
          end(link({}, initiator ? role::initiator : role::responder,
                   {initiator ? self_ : peer_, keys_, {.name = "n"}, crypto::cipher_kind::aes_gcm}, random_, {})));
      collect(ends_.back());
    }
  }

  void play(byte_span input) {
    for (; input.size() >= 3; input = input.subspan(3)) {
      auto& to = ends_[input[0] % ends_count];
      const std::size_t operation = input[0] / ends_count % 8, number = input[1], cut = input[2];
      switch (operation) {
        case 5:
          to.core.admit();
          break;
        case 6:
          seal(to, number);
          break;
        case 7:
          to.core.on_timeout(time_point{} + seconds(number * 60));
          break;
        default:
          deliver(to, number, cut);
      }
      collect(to);
      check();
    }
  }

 private:
  struct end {
    explicit end(link with) : core(std::move(with)) {}
    link core;
    byte_buffer said;   // Of the handshake: before anything was sealed.
    byte_buffer heard;  // Until it trusted somebody.
    std::deque<byte_buffer> sealed;
    std::size_t taken = 0;
    end* trusted = nullptr;
  };

  // Everything said lies in the attacker's hands; an initiator's first bytes as preface and message.
  void collect(end& from) {
    const byte_buffer bytes(from.core.output().begin(), from.core.output().end());
    from.core.consume(bytes.size());
    if (bytes.empty()) return;
    if (from.core.state() != link_state::established) append(from.said, bytes);
    const auto head = from.core.side() == role::initiator && from.said.size() == bytes.size() ? preface_bytes : 0;
    for (const auto piece : {byte_span(bytes).first(head), byte_span(bytes).subspan(head)}) {
      if (!piece.empty() && pieces_.size() < pieces_max) pieces_.emplace_back(piece.begin(), piece.end());
    }
  }

  void deliver(end& to, std::size_t which, std::size_t cut) {
    auto piece = pieces_[which % pieces_.size()];
    if (cut % 4 == 1) piece.resize(piece.size() * cut / 256);
    if (cut % 4 == 2) piece[cut % piece.size()] ^= 1;
    if (cut % 4 == 3) append(piece, byte_buffer(piece));
    piece.resize(std::min(piece.size(), to.core.wanted_bytes()));
    if (to.trusted == nullptr) append(to.heard, piece);
    to.core.on_bytes(time_point{} + 1s, piece);
    byte_span body;
    while (to.core.next_message(body)) take(to, body);
  }

  void take(end& at, byte_span body) {
    ASKR_ASSERT(at.trusted != nullptr && at.taken < at.trusted->sealed.size());
    ASKR_ASSERT(std::ranges::equal(body, at.trusted->sealed[at.taken++]));
  }

  void seal(end& from, std::size_t number) {
    byte_buffer body(1 + number, static_cast<std::uint8_t>(number));
    byte_buffer framed{static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
    append(framed, body);
    if (from.core.seal(framed)) from.sealed.push_back(std::move(body));
  }

  void check() {
    for (auto& each : ends_) {
      const bool trusts =
          each.core.state() == link_state::authenticating || each.core.state() == link_state::established;
      if (trusts && each.trusted == nullptr) each.trusted = &partner_of(each);
      if (each.core.side() == role::responder && !each.said.empty()) ASKR_ASSERT(heard_a_first_message(each));
    }
  }

  bool heard_a_first_message(const end& responder) const {
    return std::ranges::any_of(ends_, [&](const auto& each) {
      return each.core.side() == role::initiator &&
             starts_with(responder.heard, byte_span(each.said).first(first_bytes));
    });
  }

  /// Whose whole handshake it has heard, and who has heard its own.
  end& partner_of(const end& of) {
    const bool initiator = of.core.side() == role::initiator;  // Its third message cannot have been heard yet.
    const auto own = initiator ? byte_span(of.said).first(first_bytes) : byte_span(of.said);
    const auto found = std::ranges::find_if(ends_, [&](const auto& each) {
      return each.core.side() != of.core.side() && !each.said.empty() && starts_with(of.heard, each.said) &&
             starts_with(each.heard, own);
    });
    ASKR_ASSERT(found != ends_.end());
    return *found;
  }

  const entropy random_{};
  // Made once: they cost more than all the rest of a game.
  static inline const crypto::identity self_ = fixed_identity(1), peer_ = fixed_identity(2);
  static inline const auto keys_ =
      std::make_shared<const crypto::keyring>(crypto::workspace_keys::derive(as_bytes("secret"), "fuzz"));
  std::vector<end> ends_;
  std::vector<byte_buffer> pieces_;
};

}  // namespace
}  // namespace askr::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  askr::transport::handshake_game game;
  game.play({data, size});
  return 0;
}
