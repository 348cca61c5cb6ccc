// SPDX-License-Identifier: MIT
// The input as a frame from a peer, and as a payload that has to come back as it was.
#include "transport/compression.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace askr;
  using namespace askr::transport;
  static compressor packer;
  static decompressor opener;
  constexpr std::size_t content_bytes_max = 1 << 20;

  const byte_span input(data, size);
  const auto content = opener.decompress(input, content_bytes_max);
  if (content && content->size() > content_bytes_max) std::abort();

  const auto frame = packer.compress(input);
  if (!frame) return 0;
  if (frame->size() > size - size / 8) std::abort();
  const auto again = opener.decompress(*frame, size);
  if (!again || !std::equal(input.begin(), input.end(), again->begin(), again->end())) std::abort();
  return 0;
}
