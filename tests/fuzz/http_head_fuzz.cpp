// SPDX-License-Identifier: MIT
// HTTP heads and the WebSocket handshake under hostile octets. The first octet chooses how the rest is cut; whole and
// in pieces the outcome and the octets taken must be the same.

#include <askr/assert.hpp>

#include "transport/http.hpp"
#include "transport/websocket/handshake.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace askr;

template <class Parser>
std::size_t feed(Parser& parser, byte_span octets, std::size_t cut) {
  std::size_t taken = 0;
  while (taken < octets.size() && !parser.complete() && !parser.failed())
    taken += parser.on_bytes(octets.subspan(taken, std::min(cut, octets.size() - taken)));
  return taken;
}

template <class Parser>
Parser check(byte_span octets, std::size_t cut) {
  Parser whole;
  Parser pieces;
  const std::size_t taken = feed(whole, octets, octets.size());
  const std::size_t in_pieces = feed(pieces, octets, cut);
  ASKR_ASSERT(whole.complete() == pieces.complete());
  ASKR_ASSERT(whole.failed() == pieces.failed());
  ASKR_ASSERT(!whole.complete() || taken == in_pieces);
  ASKR_ASSERT(taken <= http::head_options{}.head_bytes_max);
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const byte_span octets(data + 1, size - 1);
  const auto request = check<http::head_parser>(octets, 1 + data[0] % 31);
  if (request.complete()) {
    websocket::handshake_options options;
    options.subprotocols = {"askr.v1.json"};
    options.deflate = true;
    (void)websocket::check_request(request.head(), options);
  }
  const auto response = check<http::response_parser>(octets, 1 + data[0] % 31);
  if (response.complete()) {
    const websocket::client_handshake client{"localhost", "/", {"askr.v1.json"}, "dGhlIHNhbXBsZSBub25jZQ=="};
    (void)websocket::check_response(response.head(), client);
  }
  return 0;
}
