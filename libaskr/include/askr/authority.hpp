// SPDX-License-Identifier: MIT
#pragma once

/// What a workspace's authority does, away from the nodes: sign certificates of membership for them, and take these
/// back. Nodes judge each other by them with authenticator `workspace_authority` (<askr/authenticators.hpp>).

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/permissions.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace askr {

/// What a certificate says. All of it fits into 256 bytes, or admit_node() fails.
struct admission {
  std::string node;  ///< Its id, or its public key.
  std::string workspace = "global";
  std::string name = {};                ///< What other nodes call it, at most 48 characters. Empty: its own name.
  std::vector<std::string> roles = {};  ///< At most 8 of 32 characters.
  std::vector<std::pair<verb, std::string>> rights = {};  ///< At most 32. Empty: those of a member.
  wall_ms not_before = 0;
  wall_ms not_after = 0;
};

struct admitted_node {
  node_id node;
  std::uint64_t serial = 0;  ///< Of its certificate: to revoke it by.
};

/// Signs a certificate with the authority's key and writes it to a file, in place of an older one. Fails with
/// bad_key_file, bad_options or io_failed.
result<admitted_node> admit_node(const std::string& authority_file, const admission& what,
                                 const std::string& certificate_file);

/// Adds nodes (ids or public keys) and certificates (serials) to a signed list of revocations, which is made if there
/// is none; returns how many it has then. `now` numbers the list. Fails with bad_key_file, bad_options or io_failed.
result<std::size_t> revoke(const std::string& authority_file, const std::string& workspace,
                           const std::string& revocations_file, const std::vector<std::string>& nodes,
                           const std::vector<std::uint64_t>& serials, wall_ms now);

}  // namespace askr
