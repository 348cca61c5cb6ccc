// SPDX-License-Identifier: MIT
#pragma once

/// Doubles that are integers: some encoders write large integers as floats, so readers of integers take them.

#include <cmath>
#include <limits>
#include <optional>

namespace askr::detail {

/// The double as an Integer, or nothing if it has a fraction or lies outside the range.
template <class Integer>
std::optional<Integer> exact_integer(double number) noexcept {
  // 2^63 or 2^64: the first double above the range; the maximum itself is not a double.
  constexpr double above = static_cast<double>(std::numeric_limits<Integer>::max());
  constexpr double lowest = static_cast<double>(std::numeric_limits<Integer>::min());
  if (!(number >= lowest && number < above) || number != std::trunc(number)) return std::nullopt;
  return static_cast<Integer>(number);
}

}  // namespace askr::detail
