// SPDX-License-Identifier: MIT
#pragma once

/// Questions about IP addresses as text ("192.168.1.5", "fe80::1%eth0"), as they stand in endpoints.

#include <string_view>

namespace askr::mesh {

/// False for DNS names, which have to be looked up first.
bool is_ip_address(std::string_view host);
/// 127.0.0.0/8 or ::1.
bool is_loopback_address(std::string_view host);
/// 0.0.0.0 or ::, which stand for all addresses of a host.
bool is_wildcard_address(std::string_view host);
/// An IPv6 address that means something on one link only (fe80::/10).
bool is_link_local_address(std::string_view host);

/// True if the first `prefix` bits of both are the same; false also for two families.
bool same_network(std::string_view one, std::string_view other, unsigned prefix);

}  // namespace askr::mesh
