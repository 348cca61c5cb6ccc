// SPDX-License-Identifier: MIT
#pragma once

/// The list of certificates and nodes that an authority takes back: a text, signed by it, with a number that grows, so
/// that an older list cannot take a newer one's place. Format: docs/protocol.md, "Revocations".

#include "crypto/primitives.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace askr::crypto {

struct revocation_list {
  std::uint64_t number = 0;
  std::set<std::uint64_t> serials;
  std::set<node_id> nodes;

  bool covers(const node_id& node, std::uint64_t serial) const {
    return nodes.contains(node) || serials.contains(serial);
  }
  bool operator==(const revocation_list&) const = default;
};

std::string sign_revocations(const revocation_list& list, std::string_view workspace, const sign_key_pair& authority);
/// Fails with errc::bad_key_file, naming the line, for anything but a whole list; with errc::unauthenticated unless one
/// of these has signed it for this workspace.
result<revocation_list> verified_revocations(std::string_view text, std::string_view workspace,
                                             std::span<const public_key> authorities);

}  // namespace askr::crypto
