// SPDX-License-Identifier: MIT
// Asio's one implementation file. All others see only its declarations (ASIO_SEPARATE_COMPILATION), which saves about a
// second in each; a program that links askr must not compile <asio/impl/src.hpp> a second time.

// First, because Asio 1.22 decides by what libstdc++ has defined so far whether its memory comes from
// std::aligned_alloc or from operator new, and this file must decide as all the others do: what one allocates, another
// frees.
#include <cstddef>

#include <asio/impl/src.hpp>
