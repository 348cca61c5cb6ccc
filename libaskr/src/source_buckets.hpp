// SPDX-License-Identifier: MIT
#pragma once

/// Where connections come from, and a rate for each place. A bounded table: whose bucket is full again is forgotten,
/// and if nobody's is, whoever used its own longest ago.

#include "mesh/token_bucket.hpp"

#include <askr/time.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <map>

namespace askr {

/// Who counts as one: an IPv4 address, or 56 bits of an IPv6 one.
struct connection_source {
  std::array<std::uint8_t, 8> network{};  ///< Its first byte tells the families apart.
  bool local = false;                     ///< On this host: limits per source do not hold.

  static connection_source of_ipv4(const std::array<std::uint8_t, 4>& address, bool local) noexcept;
  static connection_source of_ipv6(const std::array<std::uint8_t, 16>& address, bool local) noexcept;
  auto operator<=>(const connection_source&) const = default;
};

class source_buckets {
 public:
  source_buckets(std::size_t per_second, std::size_t burst) noexcept
      : per_second_(static_cast<double>(per_second)), burst_(static_cast<double>(burst)) {}

  /// True if one more is within the rate of this source.
  bool has(time_point now, const connection_source& from);
  /// The same; then it counts.
  bool take(time_point now, const connection_source& from);
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct row {
    mesh::token_bucket bucket;
    time_point last{};
  };

  void forget_old(time_point now);

  double per_second_;
  double burst_;
  std::map<connection_source, row> rows_;
};

}  // namespace askr
