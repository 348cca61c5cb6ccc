// SPDX-License-Identifier: MIT
#pragma once

/// What came over all links of a world, by kind of message: where a mesh's bytes go. A long message counts as its
/// chunks.

#include "transport/wire_messages.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace askr::simulated {

struct traffic {
  struct share {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  ///< With the length before each message, without what sealing adds.
  };
  std::array<share, 64> by_kind{};

  /// `record` is messages behind lengths of two bytes.
  void add(byte_span record) noexcept;
  std::uint64_t messages() const noexcept;
  /// "ping 812 B/s 30.1/s, ..." per node, largest first; what is below one byte is left out.
  static std::string difference(const traffic& before, const traffic& after, double node_seconds);
};

}  // namespace askr::simulated
