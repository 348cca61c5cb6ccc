// SPDX-License-Identifier: MIT
#pragma once

/// Counts what this program takes from the heap, by whatever library and in whatever language.

#include <cstdint>

namespace askr::test {

/// Calls of malloc, calloc, realloc and their aligned relatives so far, of all threads.
std::uint64_t allocations() noexcept;

}  // namespace askr::test
