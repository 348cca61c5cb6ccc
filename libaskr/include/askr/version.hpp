// SPDX-License-Identifier: MIT
#pragma once

/// The one place where askr's version stands: CMake, the CLI and the node records read it here.

#define ASKR_VERSION "0.1.0"

namespace askr {
inline constexpr const char* version = ASKR_VERSION;
}
