// SPDX-License-Identifier: MIT
#include "mesh/host_address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace askr::mesh {
namespace {

using ipv6_bytes = std::array<std::uint8_t, 16>;

std::optional<ipv6_bytes> ipv6(std::string_view host) {
  ipv6_bytes bytes{};
  const std::string text(host.substr(0, host.find('%')));
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

std::optional<std::array<std::uint8_t, 4>> ipv4(std::string_view host) {
  std::array<std::uint8_t, 4> bytes{};
  if (inet_pton(AF_INET, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

}  // namespace

bool is_ip_address(std::string_view host) { return ipv4(host) || ipv6(host); }

bool is_loopback_address(std::string_view host) {
  if (const auto bytes = ipv4(host)) return (*bytes)[0] == 127;
  const auto bytes = ipv6(host);
  return bytes && *bytes == ipv6_bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

bool is_wildcard_address(std::string_view host) {
  if (const auto bytes = ipv4(host)) return *bytes == std::array<std::uint8_t, 4>{};
  const auto bytes = ipv6(host);
  return bytes && *bytes == ipv6_bytes{};
}

bool is_link_local_address(std::string_view host) {
  const auto bytes = ipv6(host);
  return bytes && (*bytes)[0] == 0xfe && ((*bytes)[1] & 0xc0) == 0x80;
}

bool same_network(std::string_view one, std::string_view other, unsigned prefix) {
  const auto same = [&](const auto& left, const auto& right) {
    for (unsigned bit = 0; bit < prefix && bit < 8 * left.size(); ++bit) {
      const unsigned mask = 0x80u >> bit % 8;
      if ((left[bit / 8] & mask) != (right[bit / 8] & mask)) return false;
    }
    return true;
  };
  if (const auto left = ipv4(one), right = ipv4(other); left && right) return same(*left, *right);
  const auto left = ipv6(one);
  const auto right = ipv6(other);
  return left && right && same(*left, *right);
}

}  // namespace askr::mesh
