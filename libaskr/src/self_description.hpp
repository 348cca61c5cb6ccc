// SPDX-License-Identifier: MIT
#pragma once

/// Who this node is, from its start to its end.

#include <askr/node_id.hpp>
#include <askr/version.hpp>

#include <string>

namespace askr {

struct self_description {
  node_id id;
  incarnation life = 0;  ///< Wall time of the start in milliseconds.
  std::string name;      ///< The full one: "askr-agent-x1Y2z3".
  std::string app_version{version};
};

}  // namespace askr
