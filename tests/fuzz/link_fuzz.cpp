// SPDX-License-Identifier: MIT
// Two links with hostile bytes between them. Whatever happens on the way: messages come out as they went in and in
// order, none before admission, and a responder says nothing unless the initiator's first bytes reached it unspoilt.
// The input is a list of operations; the keys of the sides are fixed, their ephemeral keys are not.
#include "transport/link.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <deque>

namespace askr::transport {
namespace {

constexpr std::size_t first_bytes = 58;  // Preface and first message.

crypto::identity fixed_identity(std::uint8_t fill) {
  return crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, fill)));
}

class link_game {
 public:
  explicit link_game(crypto::cipher_kind suite)
      : ends_{end(link({}, role::initiator, {self_, keys_, {.name = "a"}, suite}, random_, {})),
              end(link({}, role::responder, {peer_, keys_, {.name = "b"}, suite}, random_, {}))} {
    const auto first = ends_[0].core.output();
    first_.assign(first.begin(), first.end());
  }

  void play(byte_span input) {
    while (input.size() >= 2) {
      const std::size_t which = input[0] & 1, operation = input[0] >> 1 & 7, number = input[1];
      input = input.subspan(2);
      auto& side = ends_[which];
      switch (operation) {
        case 0:
        case 1:
          deliver(which, operation == 0 ? number : 65'536);
          break;
        case 2:
          inject(side, input, number);
          break;
        case 3:
          flip(side, number);
          break;
        case 4:
          side.core.admit();
          break;
        case 5:
          seal(side, number);
          break;
        case 6:
          side.core.on_timeout(time_point{} + milliseconds(number * 40));
          break;
        default:
          number < 64 ? side.core.refuse(errc::denied) : handshake();
      }
    }
  }

 private:
  struct end {
    explicit end(link with) : core(std::move(with)) {}
    link core;
    byte_buffer incoming;          // On its way to this end.
    std::deque<byte_buffer> sent;  // Sealed by this end, not yet seen by the other.
    byte_buffer head;              // The first bytes this end received.
  };

  void collect(std::size_t from) {
    auto& core = ends_[from].core;
    append(ends_[1 - from].incoming, core.output());
    core.consume(core.output().size());
  }

  void deliver(std::size_t to, std::size_t bytes) {
    collect(1 - to);
    auto& side = ends_[to];
    const auto wanted = std::min({bytes, side.incoming.size(), side.core.wanted_bytes()});
    const auto cut = side.incoming.begin() + static_cast<std::ptrdiff_t>(wanted);
    byte_buffer scratch(side.incoming.begin(), cut);
    side.incoming.erase(side.incoming.begin(), cut);
    append(side.head, byte_span(scratch).first(std::min(scratch.size(), first_bytes)));
    side.core.on_bytes(time_point{} + 1s, scratch);
    take_messages(to);
    check_silence();
  }

  void take_messages(std::size_t at) {
    byte_span body;
    auto& sent = ends_[1 - at].sent;
    while (ends_[at].core.next_message(body)) {
      ASKR_ASSERT(!sent.empty() && std::ranges::equal(body, sent.front()));
      sent.pop_front();
    }
  }

  void check_silence() const {
    const auto& responder = ends_[1];
    if (responder.core.output().empty()) return;
    ASKR_ASSERT(responder.head.size() >= first_bytes &&
                std::equal(first_.begin(), first_.end(), responder.head.begin()));
  }

  static void inject(end& side, byte_span& input, std::size_t number) {
    const auto bytes = input.first(std::min(number, input.size()));
    append(side.incoming, bytes);
    input = input.subspan(bytes.size());
  }
  static void flip(end& side, std::size_t at) {
    if (!side.incoming.empty()) side.incoming[at % side.incoming.size()] ^= static_cast<std::uint8_t>(1 << at % 8);
  }
  static void seal(end& side, std::size_t number) {
    byte_buffer body(1 + number * number / 2, static_cast<std::uint8_t>(number));
    byte_buffer framed{static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
    append(framed, body);
    if (side.core.seal(framed)) side.sent.push_back(std::move(body));
  }
  void handshake() {
    for (const std::size_t to : {1, 0, 1}) deliver(to, 65'536);
  }

  const entropy random_{};
  const crypto::identity self_ = fixed_identity(1), peer_ = fixed_identity(2);
  const std::shared_ptr<const crypto::keyring> keys_ =
      std::make_shared<const crypto::keyring>(crypto::workspace_keys::derive(as_bytes("secret"), "fuzz"));
  std::array<end, 2> ends_;
  byte_buffer first_;
};

}  // namespace
}  // namespace askr::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace askr;
  if (size == 0) return 0;
  transport::link_game game(data[0] % 2 == 0 ? crypto::cipher_kind::aes_gcm : crypto::cipher_kind::chacha_poly);
  game.play(byte_span(data, size).subspan(1));
  return 0;
}
