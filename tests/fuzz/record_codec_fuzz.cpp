// SPDX-License-Identifier: MIT
// A sealer and an opener with hostile bytes between them: whatever happens on the way, what is opened is what was
// sealed, in order. The input is a list of operations: seal, flip, cut off, inject, deliver.
#include "transport/record_codec.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <deque>

namespace {

using namespace askr;
using namespace askr::transport;

crypto::cipher_state keyed(crypto::cipher_kind kind) {
  crypto::cipher_state state(kind);
  state.initialize_key(crypto::secret<32>(byte_buffer(32, 5)));
  state.set_nonce(records_per_key - 2);  // So that a few records cross a change of keys.
  return state;
}

class record_game {
 public:
  explicit record_game(crypto::cipher_kind kind) : sealer_(keyed(kind)), opener_(keyed(kind)) {}

  void play(byte_span input) {
    while (input.size() >= 3 && !failed_) {
      const std::uint8_t operation = input[0];
      const std::size_t number = static_cast<std::size_t>(input[1]) << 8 | input[2];
      input = input.subspan(3);
      const auto bytes = input.first(std::min(input.size(), number));
      switch (operation % 5) {
        case 0:
          seal(bytes);
          break;
        case 1:
          flip(number);
          break;
        case 2:
          wire_.resize(wire_.size() - std::min(wire_.size(), number));
          break;
        case 3:
          append(wire_, bytes);
          break;
        default:
          deliver(number);
      }
      if (operation % 5 == 0 || operation % 5 == 3) input = input.subspan(bytes.size());
    }
  }

 private:
  void seal(byte_span plaintext) {
    if (plaintext.empty() || plaintext.size() > record_plaintext_bytes_max) return;
    ASKR_ASSERT(sealer_.seal(plaintext, wire_));
    sealed_.emplace_back(plaintext.begin(), plaintext.end());
  }
  void flip(std::size_t at) {
    if (!wire_.empty()) wire_[at % wire_.size()] ^= static_cast<std::uint8_t>(1 << at % 8);
  }
  void deliver(std::size_t bytes) {
    const auto moved = static_cast<std::ptrdiff_t>(std::min(bytes, wire_.size()));
    received_.insert(received_.end(), wire_.begin(), wire_.begin() + moved);
    wire_.erase(wire_.begin(), wire_.begin() + moved);
    mutable_byte_span rest(received_);
    while (open_next(rest)) {
    }
    received_.erase(received_.begin(), received_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }
  bool open_next(mutable_byte_span& rest) {
    const auto got = opener_.open(rest);
    failed_ = got.what == record_opener::status::failed;
    if (got.what != record_opener::status::opened) return false;
    ASKR_ASSERT(!sealed_.empty() && std::ranges::equal(got.plaintext, sealed_.front()));
    sealed_.pop_front();
    rest = rest.subspan(got.consumed);
    return true;
  }

  record_sealer sealer_;
  record_opener opener_;
  std::deque<byte_buffer> sealed_;
  byte_buffer wire_, received_;
  bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  record_game game(data[0] % 2 == 0 ? crypto::cipher_kind::aes_gcm : crypto::cipher_kind::chacha_poly);
  game.play(byte_span(data, size).subspan(1));
  return 0;
}
