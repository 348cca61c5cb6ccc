// SPDX-License-Identifier: MIT
#pragma once

/// Where a command came from, and so where its outcome goes.

#include <askr/detail/unique_function.hpp>
#include <askr/payload.hpp>

#include <cstdint>
#include <memory>

namespace askr {

/// Numbers of this node's links and sessions, never reused within one life of the node.
using link_id = std::uint32_t;
using session_id = std::uint32_t;
inline constexpr link_id no_link = 0;
inline constexpr session_id no_session = 0;

/// Hears an answer part by part.
using part_receiver = detail::unique_function<void(payload_view)>;

struct caller {
  enum class kind : std::uint8_t {
    self,     ///< This node's own code: `done`.
    session,  ///< Client `id`, which knows the command as `ticket`.
    link,     ///< Peer `id`, which knows it by its mid `ticket`.
    gather,   ///< The command to all `id` of this node, whose node number `ticket` was asked.
  };

  kind what = kind::self;
  std::uint32_t id = 0;
  std::uint64_t ticket = 0;
  detail::unique_function<void(result<payload>)> done = {};
  bool in_parts = false;  ///< A peer, whose answer comes behind parts of it.
  std::shared_ptr<part_receiver> parts = {};  ///< Of this node's own code, if it takes an answer in parts.
};

}  // namespace askr
