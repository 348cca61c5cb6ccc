// SPDX-License-Identifier: MIT
// The only thing of a stranger that is parsed: what decodes is valid, fits a handshake message, and can be said again.
#include "transport/peer_hello.hpp"

#include <askr/assert.hpp>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace askr::transport;
  const auto said = decode_peer_hello({data, size});
  if (!said) return 0;
  ASKR_ASSERT(validate(*said).ok());
  const auto written = encode(*said);
  ASKR_ASSERT(written.size() <= peer_hello_bytes_max);
  const auto again = decode_peer_hello(written);
  ASKR_ASSERT(again && encode(*again) == written);
  return 0;
}
