// SPDX-License-Identifier: MIT
#pragma once

/// Where a node listens: an IP address and a TCP port, as text on both wires ("127.0.0.1:8800", "[::1]:8800").

#include <askr/error.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace askr {

struct endpoint {
  std::string host;         ///< An IP address, or a DNS name where a seed is given.
  std::uint16_t port = 0;

  auto operator<=>(const endpoint&) const = default;
  std::string to_string() const;
  /// "host:port", "[v6]:port", ":port" (host empty) or "host" (port `port_default`). Fails with errc::bad_options.
  static result<endpoint> parse(std::string_view text, std::uint16_t port_default = 8800);
};

}  // namespace askr
