// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace askr::bench {

/// Puts this process, and the children it will have, into a network of their own whose loopback carries so much and no
/// more (a token bucket, tc-tbf(8)). Before the first thread starts. Returns why not, or nothing.
std::string narrow_loopback(double mbit);

}  // namespace askr::bench
