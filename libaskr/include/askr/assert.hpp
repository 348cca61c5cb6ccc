// SPDX-License-Identifier: MIT
#pragma once

/// ASKR_ASSERT catches the programmer's errors, in release builds too. What the world does wrong is a result<T>.

namespace askr::detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define ASKR_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::askr::detail::assertion_failed(#expression, __FILE__, __LINE__))
