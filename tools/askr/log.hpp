// SPDX-License-Identifier: MIT
#pragma once

/// Log lines on stderr, with time and severity.

#include <askr/options.hpp>

namespace askr::cli {

/// Drops what is below `least`. Colours on a terminal only.
log_sink stderr_log(log_level least);

}  // namespace askr::cli
