// SPDX-License-Identifier: MIT
#pragma once

/// JSON text -> msgpack, by a simdjson DOM whose tape is rewritten in one walk. JSON exists only at the edge: a
/// session's text frames are turned into msgpack here, and everything behind it, the envelope's decoder included, reads
/// msgpack. The way back is <transport/json_writer.hpp>. What becomes what: docs/protocol.md, "JSON and msgpack".

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <memory>

namespace askr::transport {

struct json_limits {
  std::size_t bytes_max = 1 << 20;    ///< The whole text.
  std::size_t depth_max = 32;         ///< Nested arrays and objects; 64 at most.
  std::size_t elements_max = 65'536;  ///< All elements of all arrays plus all members of all objects.
  std::size_t number_chars_max = 64;  ///< Digits, sign, point and exponent of one number.
};

/// Holds one parser and its buffers, so that a steady stream of texts costs no allocation. Not thread-safe.
class json_transcoder {
 public:
  json_transcoder();
  ~json_transcoder();
  json_transcoder(json_transcoder&&) noexcept;
  json_transcoder& operator=(json_transcoder&&) noexcept;

  /// Appends the one msgpack object that the text stands for. Integers are exact in [-2^63, 2^64), other numbers are
  /// float 64. Fails with errc::bad_message (not JSON, not UTF-8, a byte order mark, a number out of range, a key twice
  /// in an object, anything after the value) or errc::too_large (a limit); then `out` is as it was.
  result<void> to_msgpack(byte_span text, byte_buffer& out, const json_limits& limits = {});

 private:
  class parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace askr::transport
