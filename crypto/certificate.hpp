// SPDX-License-Identifier: MIT
#pragma once

/// Membership certificates: what a workspace's authority says about a node, signed with its Ed25519 key. A certificate
/// names the node by its id, which both of the node's keys follow into, so it is worth nothing to anybody else.
/// Format: docs/protocol.md, "Certificates".

#include "crypto/primitives.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/permissions.hpp>
#include <askr/time.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace askr::crypto {

inline constexpr std::size_t certificate_bytes_max = 256;  ///< It is a credential of the handshake.
inline constexpr std::size_t certificate_name_bytes_max = 48;
inline constexpr std::size_t certificate_role_bytes_max = 32;
inline constexpr std::size_t certificate_roles_max = 8;
inline constexpr std::size_t certificate_rights_max = 32;
inline constexpr std::size_t certificate_pattern_bytes_max = 96;

struct certificate {
  /// One thing that the node may do.
  struct right {
    verb what = verb::send;
    std::string pattern;
    bool operator==(const right&) const = default;
  };
  using authority_mark = std::array<std::uint8_t, 8>;  ///< The first bytes of the authority's public key.

  authority_mark authority{};
  node_id subject;
  std::uint64_t serial = 0;
  wall_ms not_before = 0;
  wall_ms not_after = 0;
  std::string name;  ///< Empty: the node's own.
  std::vector<std::string> roles;
  std::optional<std::vector<right>> rights;  ///< Nothing: those of a member.

  permissions granted() const;
  bool operator==(const certificate&) const = default;
};

/// Fails with errc::bad_options: a text that is too long or not plain, times in the wrong order, or more than 256
/// bytes.
result<byte_buffer> sign_certificate(certificate what, std::string_view workspace, const sign_key_pair& authority);
/// What it says, whoever signed it. Fails with errc::bad_message for anything but one whole certificate.
result<certificate> decode_certificate(byte_span bytes);
/// The same, signed for this workspace by one of these. Fails also with errc::unauthenticated.
result<certificate> verified_certificate(byte_span bytes, std::string_view workspace,
                                         std::span<const public_key> authorities);
/// Whether it lets this node in at this time. Fails with errc::unauthenticated, and says both clocks.
result<void> admits(const certificate& shown, const node_id& by, wall_ms now);

/// "2026-11-29T18:00:00Z".
std::string utc_text(wall_ms when);

}  // namespace askr::crypto
