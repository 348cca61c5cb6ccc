// SPDX-License-Identifier: MIT
// Stands before glibc's functions, which it calls by the names that glibc keeps for that.
#include "tests/hot_path/allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* at, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace {

std::atomic<std::uint64_t> calls = 0;

void count() noexcept { calls.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  count();
  return __libc_malloc(bytes);
}

void* calloc(std::size_t many, std::size_t bytes) noexcept {
  count();
  return __libc_calloc(many, bytes);
}

void* realloc(void* at, std::size_t bytes) noexcept {
  count();
  return __libc_realloc(at, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** at, std::size_t alignment, std::size_t bytes) noexcept {
  count();
  *at = __libc_memalign(alignment, bytes);
  return *at == nullptr ? ENOMEM : 0;
}

}  // extern "C"

std::uint64_t askr::test::allocations() noexcept { return calls.load(std::memory_order_relaxed); }
