// SPDX-License-Identifier: MIT
// The WebSocket stream core under hostile octets. The first octet chooses role, deflate and how the rest is cut; the
// same octets fed whole and in pieces must be answered alike, and nothing may be handed out after a Close frame was
// sent.

#include <askr/assert.hpp>
#include <askr/random.hpp>

#include "transport/websocket/stream.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace askr;
using namespace askr::websocket;

const entropy random_source;
const time_point start = time_point(seconds(1000));

struct outcome {
  byte_buffer messages;
  byte_buffer written;
  close_code code = 0;
};

stream_options small_limits() {
  stream_options options;
  options.limits.message_bytes_max = 4096;
  options.limits.fragments_max = 16;
  options.compress_bytes_min = 64;
  return options;
}

outcome run(byte_span octets, role receiver, bool deflate, std::size_t cut) {
  static deflate_context context;
  const bool deflating = deflate && receiver == role::server;
  stream under_test(receiver, small_limits(), random_source, start,
                    deflating ? std::optional(deflate_parameters{}) : std::nullopt, deflating ? &context : nullptr);
  outcome seen;
  for (std::size_t at = 0; at < octets.size(); at += cut) {
    byte_buffer piece;
    append(piece, octets.subspan(at, std::min(cut, octets.size() - at)));
    under_test.on_bytes(start, piece);
    while (const auto message = under_test.next()) {
      ASKR_ASSERT(under_test.state() == stream_state::open);
      ASKR_ASSERT(message->data.size() <= 4096);
      append(seen.messages, message->data);
      message->text ? under_test.send_text(message->data) : under_test.send_binary(message->data);
    }
  }
  while (under_test.output_bytes() != 0) {
    const byte_span next = under_test.output();
    append(seen.written, next);
    under_test.consume(next.size());
  }
  seen.code = under_test.cause().code;
  under_test.on_timeout(start + seconds(10));
  under_test.on_end(start + seconds(20));
  ASKR_ASSERT(under_test.cause().code != 0);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const role receiver = (data[0] & 1) != 0 ? role::client : role::server;
  const bool deflate = (data[0] & 2) != 0;
  const std::size_t cut = 1 + (data[0] >> 2) % 17;
  const byte_span octets(data + 1, size - 1);
  if (octets.empty()) return 0;
  const outcome whole = run(octets, receiver, deflate, octets.size());
  const outcome pieces = run(octets, receiver, deflate, cut);
  ASKR_ASSERT(whole.code == pieces.code);
  ASKR_ASSERT(whole.messages == pieces.messages);
  ASKR_ASSERT(whole.written.size() == pieces.written.size());
  return 0;
}
