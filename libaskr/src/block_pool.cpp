// SPDX-License-Identifier: MIT
#include <askr/detail/block_pool.hpp>

#include <array>
#include <cstdint>
#include <new>
#include <utility>

namespace askr::detail {
namespace {

// A sanitizer shall see each block come and go.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

constexpr std::size_t step_bytes = 64;  ///< Sizes are rounded up to these.
constexpr std::size_t size_classes = pooled_bytes_max / step_bytes;

struct free_block {
  free_block* next;
};

/// Of one thread. Nothing runs at its end, so that buffers may still return when all else of the thread is gone.
struct pool {
  std::array<free_block*, size_classes> free;
  std::size_t bytes;
  enum class phase : std::uint8_t { fresh, open, closed } at;
};

constinit thread_local pool mine{};

/// Empties the thread's pool for ever.
struct pool_closer {
  ~pool_closer() {
    mine.at = pool::phase::closed;
    for (auto*& each : mine.free) {
      while (each != nullptr) ::operator delete(std::exchange(each, each->next));
    }
  }
};

void open_pool() {
  thread_local pool_closer closer;
  (void)closer;
  mine.at = pool::phase::open;
}

constexpr std::size_t class_of(std::size_t bytes) noexcept { return bytes == 0 ? 0 : (bytes - 1) / step_bytes; }

constexpr std::size_t bytes_of(std::size_t size_class) noexcept { return (size_class + 1) * step_bytes; }

}  // namespace

void* take_block(std::size_t bytes) {
  if (!pooled || bytes > pooled_bytes_max) return ::operator new(bytes);
  const auto size_class = class_of(bytes);
  auto*& first = mine.free[size_class];
  if (first == nullptr) return ::operator new(bytes_of(size_class));
  mine.bytes -= bytes_of(size_class);
  return std::exchange(first, first->next);
}

void give_block(void* block, std::size_t bytes) noexcept {
  const auto size_class = class_of(bytes);
  if (!pooled || bytes > pooled_bytes_max || mine.bytes + bytes_of(size_class) > pool_bytes_max) {
    return ::operator delete(block);
  }
  if (mine.at != pool::phase::open) {
    if (mine.at == pool::phase::closed) return ::operator delete(block);
    open_pool();
  }
  auto*& first = mine.free[size_class];
  first = ::new (block) free_block{first};
  mine.bytes += bytes_of(size_class);
}

}  // namespace askr::detail
