// SPDX-License-Identifier: MIT
// A whole client session: HTTP head, upgrade, frames and client messages, in pieces of a size that the first byte
// chooses; the second byte says how fast its output is written. Every message that decodes is answered with itself, as
// a client's echo would be. The session must end in one of its states, and never hold more than its limits allow.
#include "transport/session.hpp"

#include <askr/assert.hpp>

#include <algorithm>

namespace {

using namespace askr;
using namespace askr::transport;

constexpr std::size_t message_bytes_max = 4'096;

session_options options_of_node() {
  session_options made;
  made.handshake.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
  made.handshake.deflate = true;
  made.stream.limits.message_bytes_max = message_bytes_max;
  made.about = "fuzzed\n";
  return made;
}

class session_game {
 public:
  session_game(std::size_t piece, std::size_t write) : piece_(piece), write_(write) {}

  void play(byte_span input) {
    while (!input.empty() && !under_test_.finished()) {
      byte_buffer piece(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(piece_, input.size())));
      input = input.subspan(piece.size());
      under_test_.on_bytes(now_, piece);
      while (const auto message = under_test_.next()) answer(*message);
      write();
      now_ += milliseconds(1);
    }
    under_test_.on_end(now_);
    while (!under_test_.output().empty()) write();
    for (int i = 0; i < 10 && !under_test_.finished(); ++i) {
      now_ = std::max(now_, std::min(under_test_.next_timeout(), now_ + seconds(100)));
      under_test_.on_timeout(now_);
    }
  }

 private:
  void answer(const websocket::message& heard) {
    ASKR_ASSERT(heard.data.size() <= message_bytes_max);
    const auto how = heard.text ? client_encoding::json : client_encoding::msgpack;
    const auto said = codec_.decode(heard.data, how);
    if (!said) {
      (void)under_test_.send(codec_, failure_message(codec_.last_mid(), said.error()));
      return;
    }
    const auto echoed = under_test_.send(codec_, *said);
    ASKR_ASSERT(echoed.ok() || echoed.code() != errc::bad_message);
  }

  void write() {
    const auto bytes = std::min(write_, under_test_.output().size());
    const auto before = under_test_.output_bytes();
    under_test_.consume(bytes);
    ASKR_ASSERT(under_test_.output_bytes() <= before);
  }

  std::size_t piece_;
  std::size_t write_;
  time_point now_ = time_point(seconds(1000));
  entropy random_;
  websocket::deflate_context deflate_;
  session_options options_ = options_of_node();
  client_codec codec_;
  session under_test_{options_, random_, deflate_, {"127.0.0.1", true, now_}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  session_game game(std::size_t{1} + data[0] * 4, std::size_t{1} + data[1] * 16);
  game.play({data + 2, size - 2});
  return 0;
}
