// SPDX-License-Identifier: MIT
#pragma once

/// Where peers see this node, as far as it is worth telling others: a node behind a wildcard knows the addresses of its
/// interfaces, but not those that a translator or its host gives it. One peer's word counts only within the node's own
/// networks; elsewhere it takes two. (docs/protocol.md, "Ping and bye")

#include <askr/endpoint.hpp>
#include <askr/node_id.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace askr::mesh {

/// What the other end of a link says.
struct observation {
  node_id by;
  std::string endpoint;
  bool dialed = false;  ///< By us: then its port is that of this one connection.
};

/// What this node knows of its own addresses.
struct own_networks {
  std::uint16_t port = 0;
  bool ipv4 = true, ipv6 = true;                        ///< Families it listens on.
  std::function<bool(std::string_view)> is_own;         ///< An address of an interface.
  std::function<bool(std::string_view)> is_in_network;  ///< Of a network that an interface is in.
};

class observed_endpoints {
 public:
  explicit observed_endpoints(std::size_t announced_max) : announced_max_(announced_max) {}

  /// All that the peers say now. True if announced() has changed. What was announced stays, though nobody says it any
  /// more, until there is no room for something better.
  bool update(std::span<const observation> all, const own_networks& own);
  /// The node's interfaces are others: what was seen through the old ones counts no more. True if there was any.
  bool forget();
  const std::vector<std::string>& announced() const noexcept { return announced_; }

 private:
  std::size_t announced_max_;
  std::vector<std::string> announced_;  ///< In the order in which they were found.
};

}  // namespace askr::mesh
