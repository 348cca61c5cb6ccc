// SPDX-License-Identifier: MIT
#pragma once

/// Appends JSON to a buffer: single values for the envelopes, and whole msgpack objects for the payloads in them.

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace askr::transport {

/// A quoted string; `"`, `\` and characters below U+0020 are escaped. The text must be UTF-8.
void write_json_string(byte_buffer& out, std::string_view text);
void write_json_int(byte_buffer& out, std::int64_t number);
void write_json_uint(byte_buffer& out, std::uint64_t number);
/// The shortest digits that read back as the same double, always with a point or an exponent: a float stays a float.
/// NaN and the infinities become null.
void write_json_double(byte_buffer& out, double number);
/// Bytes as a string in base64 (RFC 4648, section 4, with padding).
void write_json_base64(byte_buffer& out, byte_span bytes);

/// Appends the one msgpack object as JSON, at most 6 bytes per byte. Integers are written in full, also above 2^53,
/// where JavaScript rounds; bin becomes base64, a timestamp its milliseconds since 1970. No bytes at all become null.
/// Fails with errc::bad_payload (cut off, trailing bytes, a str that is not UTF-8, a key that is not a str, another
/// ext) or errc::too_large (deeper than depth_max, 64 at most); then `out` is as it was.
result<void> msgpack_to_json(byte_span msgpack, byte_buffer& out, std::size_t depth_max = 32);

}  // namespace askr::transport
