// SPDX-License-Identifier: MIT
#pragma once

/// Where byte buffers take their memory from: blocks that the same thread gave back a moment ago, so that payloads that
/// come and go cost no visit to the heap. Thread-safe; a block may be given back by another thread than took it.

#include <cstddef>

namespace askr::detail {

/// Blocks of more bytes come from the heap and return there.
inline constexpr std::size_t pooled_bytes_max = 4096;
/// What a thread keeps at most. It returns to the heap when the thread ends.
inline constexpr std::size_t pool_bytes_max = 256 << 10;

/// Throws std::bad_alloc. Aligned as by operator new.
void* take_block(std::size_t bytes);
/// `bytes` as it was taken.
void give_block(void* block, std::size_t bytes) noexcept;

}  // namespace askr::detail
