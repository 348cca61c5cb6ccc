// SPDX-License-Identifier: MIT
#pragma once

/// Who is asking. The node that admitted the asker sets it; nothing of it is ever taken from a payload.

#include <askr/node_id.hpp>
#include <askr/permissions.hpp>
#include <askr/time.hpp>

#include <string>
#include <vector>

namespace askr {

struct principal {
  enum class kind : std::uint8_t {
    node,    ///< A node's own code.
    client,  ///< A WebSocket client of node `entry`.
  };

  kind what = kind::client;
  std::string name;                ///< "local", a token's name, or a node's name.
  std::vector<std::string> roles;  ///< As the authenticator gave them.
  node_id entry;                   ///< The node that vouches for it.
  wall_ms expires = 0;             ///< When its link or session ends, at the latest; 0: never.
  permissions rights;              ///< Evaluated at the entry node, and again where the command is served.
};

}  // namespace askr
