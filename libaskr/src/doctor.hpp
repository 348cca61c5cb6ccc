// SPDX-License-Identifier: MIT
#pragma once

/// Why this node sees whom it sees: what askr.doctor answers. The facts come from discovery, dialer and links; what
/// they mean is said in plain words, the gravest first.

#include "libaskr/src/discovery.hpp"
#include "libaskr/src/node_core.hpp"

#include <askr/value.hpp>

namespace askr {

/// {"name", "listening", "findings": [{"grave", "text"}], "interfaces", "candidates", "links", "sources", "clocks"}.
value diagnose(time_point now, const node_options& options, const discovery& found, node_core& core);

}  // namespace askr
