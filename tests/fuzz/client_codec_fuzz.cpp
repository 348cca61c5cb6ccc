// SPDX-License-Identifier: MIT
// The first byte chooses the encoding. Whatever decodes can be encoded, and decodes to the same again.
#include "transport/client_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using askr::transport::client_encoding;

void require(bool holds) {
  if (!holds) std::abort();
}

askr::transport::client_codec writer;

/// Empty if the payload has no form in JSON: msgpack knows keys that are not strings.
askr::byte_buffer encoded(const askr::transport::client_message& message, client_encoding how) {
  askr::byte_buffer out;
  const auto done = writer.encode(message, how, out);
  require(done.ok() != out.empty());
  require(done.ok() || (how == client_encoding::json && done.code() == askr::errc::bad_payload));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static askr::transport::client_codec codec;
  const auto how = data[0] % 2 == 0 ? client_encoding::msgpack : client_encoding::json;
  const auto message = codec.decode({data + 1, size - 1}, how);
  if (!message) {
    require(!message.error().detail.empty());
    return 0;
  }
  static askr::transport::client_codec second;
  for (const auto each : {client_encoding::msgpack, client_encoding::json}) {
    const auto written = encoded(*message, each);
    if (written.empty()) continue;
    const auto again = second.decode(written, each);
    require(again.ok());
    require(again->what == message->what && again->mid == message->mid && again->name == message->name);
    require(encoded(*again, each) == written);
  }
  return 0;
}
