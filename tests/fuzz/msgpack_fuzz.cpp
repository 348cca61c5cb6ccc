// SPDX-License-Identifier: MIT
// Differential: check_msgpack and msgpack-c take exactly the same bytes, within the same depth. No other reader of the
// same bytes reads beyond them, and what could be printed as JSON comes back from it, printed the same.
#include "transport/json.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_reader.hpp"

#include <askr/payload.hpp>
#include <askr/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool library_takes(askr::byte_span bytes) {
  try {
    msgpack::zone zone;
    std::size_t offset = 0;
    bool referenced = false;
    const auto all = bytes.size();
    msgpack::unpack(zone, reinterpret_cast<const char*>(bytes.data()), all, offset, referenced, nullptr, nullptr,
                    msgpack::unpack_limit(all, all, all, all, all, askr::transport::msgpack_limits{}.depth_max));
    return offset == all;
  } catch (const msgpack::unpack_error&) {
    return false;
  }
}

void walk(askr::byte_span bytes) {
  askr::transport::msgpack_reader reader(bytes);
  while (!reader.at_end()) {
    const auto before = reader.rest().size();
    const bool read = reader.read_uint() || reader.read_int() || reader.read_bool() || reader.read_str() ||
                      reader.read_bin() || reader.read_ext() || reader.read_array_header() ||
                      reader.read_map_header() || reader.read_double() || reader.read_nil();
    require(read == (reader.rest().size() < before));
    if (!read) break;
  }
}

// A text may have keys that were different as msgpack (1 and "1"): then it is refused, and must be.
void print_again(const askr::byte_buffer& text) {
  static askr::transport::json_transcoder transcoder;
  askr::transport::json_limits limits;
  limits.bytes_max = text.size();
  askr::byte_buffer packed, again;
  if (!transcoder.to_msgpack(text, packed, limits)) return;
  require(askr::transport::msgpack_to_json(packed, again).ok());
  require(again == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const askr::byte_span bytes(data, size);
  walk(bytes);

  askr::transport::msgpack_limits loose;
  loose.timestamps_only = loose.unique_keys = loose.utf8 = false;
  loose.content_bytes_max = loose.ext_bytes_max = loose.elements_max = size;
  const auto checked = askr::transport::check_msgpack(bytes, loose);
  require(checked.ok() == library_takes(bytes));
  if (checked.ok()) require(askr::transport::msgpack_reader(bytes).read_object().size() == size);

  const bool strict = askr::transport::check_msgpack(bytes).ok();
  require(!strict || checked.ok());
  const auto read = askr::payload_view(bytes).try_as<askr::value>();
  if (read.ok()) {
    const auto packed = askr::payload::from(*read);  // Compared as bytes: NaN is not equal to itself.
    const auto again = askr::payload::from(packed.as<askr::value>());
    require(askr::as_text(packed.bytes()) == askr::as_text(again.bytes()));
  }
  askr::byte_buffer text;
  const auto printed = askr::transport::msgpack_to_json(bytes, text);
  require(text.empty() != printed.ok());
  if (printed) print_again(text);
  return 0;
}
