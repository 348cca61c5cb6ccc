// SPDX-License-Identifier: MIT
#pragma once

/// How the bytes of a payload are to be read. The numbers are part of the peer wire.

#include <cstdint>

namespace askr {

enum class encoding : std::uint8_t {
  msgpack = 0,  ///< One msgpack object; no bytes at all stand for nil.
  json = 1,     ///< One JSON text in UTF-8.
  raw = 2,      ///< Bytes that only sender and receiver understand.
};

}  // namespace askr
