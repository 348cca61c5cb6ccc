// SPDX-License-Identifier: MIT
#pragma once

/// Time as askr's cores see it: a parameter. Nothing below the shell reads a clock.

#include <chrono>
#include <cstdint>

namespace askr {

using namespace std::chrono_literals;

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Wall time in milliseconds since 1970-01-01 UTC: incarnations and stamps, never timeouts.
using wall_ms = std::uint64_t;

}  // namespace askr
