// SPDX-License-Identifier: MIT
#pragma once

/// What a node says about its links. docs/protocol.md, "Signed node records".

#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace askr::mesh {

/// One link of the node that reports it.
struct link_report {
  incarnation peer_life = 0;
  std::uint8_t rtt_step = 0;  ///< The quantised round trip, as routes count it.

  bool operator==(const link_report&) const = default;
};

/// Strictly ascending by peer, never naming the reporter itself.
using link_list = std::vector<std::pair<node_id, link_report>>;
/// Null stands for none.
using link_reports = std::shared_ptr<const link_list>;

}  // namespace askr::mesh
