// SPDX-License-Identifier: MIT
#pragma once

/// How a command finds one of several nodes that serve it.

#include <cstdint>

namespace askr {

enum class balance : std::uint8_t {
  p2c,          ///< The better of two drawn at random, by recent latency and commands in flight.
  round_robin,  ///< One after the other.
  sticky,       ///< The same node for the same key, as long as it is there (rendezvous hashing).
};

}  // namespace askr
