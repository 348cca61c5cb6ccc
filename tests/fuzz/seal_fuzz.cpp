// SPDX-License-Identifier: MIT
// Sealed envelopes between two nodes, and a relay that cuts, flips, swaps, repeats and invents: only what one has
// sealed opens at the other, under its own label and whole; nothing else leaves a byte behind.
#include "crypto/seal.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace askr;
using namespace askr::crypto;

constexpr std::size_t pieces_max = 32;

identity fixed_identity(std::uint8_t fill) { return identity::from_seed(secret<32>(byte_buffer(32, fill))); }

struct sealed_piece {
  seal_label label;
  byte_buffer text, sealed;
};

class relay_game {
 public:
  void play(byte_span input) {
    for (; input.size() >= 3; input = input.subspan(3)) {
      switch (input[0] % 4) {
        case 0:
          seal(input[1], input[2]);
          break;
        case 1:
          invent(input);
          break;
        default:
          deliver(input[0] >> 2, input[1], input[2]);
      }
    }
  }

 private:
  static seal_label label_of(std::uint8_t choice) {
    return {ann().id(), choice % 4u, bob().id(), choice / 4u % 4u, choice / 16u};
  }
  static const identity& ann() {
    static const auto made = fixed_identity(1);
    return made;
  }
  static const identity& bob() {
    static const auto made = fixed_identity(2);
    return made;
  }

  void seal(std::uint8_t choice, std::uint8_t bytes) {
    if (pieces_.size() >= pieces_max) return;
    auto& made = pieces_.emplace_back(sealed_piece{label_of(choice), byte_buffer(bytes * 8u, bytes), {}});
    ASKR_ASSERT(sealing_.seal(made.sealed, made.label, bob().noise_key(), made.text, random_).ok());
    ASKR_ASSERT(made.sealed.size() == made.text.size() + seal_overhead_bytes);
  }

  void deliver(std::size_t which, std::uint8_t how, std::uint8_t where) {
    if (pieces_.empty()) return;
    const auto& piece = pieces_[which % pieces_.size()];
    auto sealed = piece.sealed;
    auto label = piece.label;
    if (how % 4 == 1) sealed[where * sealed.size() / 256] ^= static_cast<std::uint8_t>(1 + how / 4);
    if (how % 4 == 2) sealed.resize(sealed.size() * where / 256);
    if (how % 4 == 3) label = label_of(where);
    const bool whole = sealed == piece.sealed && label == piece.label;
    byte_buffer out(3, 7);
    const bool opened = opening_.open(out, label, ann().noise_key(), sealed).ok();
    ASKR_ASSERT(opened == whole);
    ASKR_ASSERT(out.size() == (whole ? 3 + piece.text.size() : 3u));
    ASKR_ASSERT(std::ranges::equal(byte_span(out).subspan(3), byte_span(piece.text).first(out.size() - 3)));
  }

  void invent(byte_span input) {
    byte_buffer out;
    public_key key;
    key.fill(input[1]);  // Of low order, too.
    ASKR_ASSERT(!opening_.open(out, label_of(input[2]), key, input).ok());
    ASKR_ASSERT(out.empty());
  }

  entropy random_;
  sealer sealing_{ann(), 2}, opening_{bob(), 2};
  std::vector<sealed_piece> pieces_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay_game game;
  game.play({data, size});
  return 0;
}
