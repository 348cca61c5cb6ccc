// SPDX-License-Identifier: MIT
#pragma once

/// Who may do what at this node: every command, whether a client of it asks, a peer, a peer's client, or the node's own
/// code, and what clients emit, hear and serve. A client is judged twice: where it is connected, and where its command
/// is served. (docs/protocol.md, "Rights") What peers emit, hear and serve of their own is left out where they are
/// heard: event_door, event_interest, full_view.

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/options.hpp>
#include <askr/principal.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace askr {

class authoriser {
 public:
  authoriser(const node_id& self, const std::vector<role_rule>& rules) : self_(self), rules_(rules) {}

  /// Fails with errc::denied, saying who may not do what, and by which rule.
  result<void> check(const principal& who, verb what, std::string_view name) const;

 private:
  /// What is to be shown of the rules of its roles if none of them allows it; empty if one does, or there is none.
  std::string refusing_roles(const principal& who, verb what, std::string_view name) const;

  node_id self_;
  const std::vector<role_rule>& rules_;
};

}  // namespace askr
