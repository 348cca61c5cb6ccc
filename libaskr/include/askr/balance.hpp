// SPDX-License-Identifier: MIT
#pragma once

/// How a command finds one of several nodes that serve it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace askr {

enum class balance : std::uint8_t {
  p2c,          ///< The better of two drawn at random, by recent latency and commands in flight.
  round_robin,  ///< One after the other.
  sticky,       ///< The same node for the same key, as long as it is there (rendezvous hashing).
};

inline constexpr std::array<std::string_view, 3> balance_names{"p2c", "round_robin", "sticky"};

/// As it is written on the client wire and for the CLI.
constexpr std::string_view to_string(balance how) noexcept { return balance_names[static_cast<std::size_t>(how)]; }
constexpr std::optional<balance> balance_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < balance_names.size(); ++i) {
    if (balance_names[i] == name) return static_cast<balance>(i);
  }
  return std::nullopt;
}

}  // namespace askr
