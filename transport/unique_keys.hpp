// SPDX-License-Identifier: MIT
#pragma once

/// Finds a key that stands twice in one map, with work bounded by n log n whatever the keys are.

#include <algorithm>
#include <cstddef>

namespace askr::transport {

/// True if two of the keys are equal. May reorder them.
template <class Key>
bool has_twins(Key* begin, Key* end) {
  constexpr std::ptrdiff_t few = 8;  // Up to here comparing each with each is cheaper than sorting.
  if (end - begin <= few) {
    for (auto* key = begin; key != end; ++key) {
      if (std::find(key + 1, end, *key) != end) return true;
    }
    return false;
  }
  std::sort(begin, end);
  return std::adjacent_find(begin, end) != end;
}

}  // namespace askr::transport
