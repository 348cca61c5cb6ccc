// SPDX-License-Identifier: MIT
// Whatever text becomes msgpack is clean msgpack, and comes back through JSON as the same msgpack.
#include "transport/json.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static askr::transport::json_transcoder transcoder;  // Kept, so that one text can spoil the next.
  askr::byte_buffer packed;
  const auto done = transcoder.to_msgpack({data, size}, packed);
  require(done.ok() != packed.empty());
  if (!done) return 0;
  require(askr::transport::check_msgpack(packed).ok());

  askr::byte_buffer text;
  require(askr::transport::msgpack_to_json(packed, text).ok());
  askr::byte_buffer again;
  askr::transport::json_limits limits;
  limits.bytes_max = text.size();
  require(transcoder.to_msgpack(text, again, limits).ok());
  require(again == packed);
  return 0;
}
