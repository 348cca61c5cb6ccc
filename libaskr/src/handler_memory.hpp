// SPDX-License-Identifier: MIT
#pragma once

/// Memory for an asynchronous handler that is started again and again, and waits once at a time: Asio keeps two blocks
/// per thread for all its handlers, and whatever finds them taken goes to the heap.

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace askr {

/// Must outlive what was started with it; so the handler shares ownership of whoever has it. Not thread-safe.
class handler_memory {
 public:
  handler_memory() = default;
  handler_memory(const handler_memory&) = delete;
  handler_memory& operator=(const handler_memory&) = delete;

  void* take(std::size_t bytes) {
    if (taken_ || bytes > storage_.size()) return ::operator new(bytes);
    taken_ = true;
    return storage_.data();
  }
  void give(void* at) noexcept {
    if (at != storage_.data()) return ::operator delete(at);
    taken_ = false;
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 256> storage_;
  bool taken_ = false;
};

template <class T>
class handler_allocator {
 public:
  static_assert(alignof(T) <= alignof(std::max_align_t));
  using value_type = T;

  explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory) {}
  template <class U>
  handler_allocator(const handler_allocator<U>& other) noexcept : memory_(other.memory_) {}  // NOLINT: they convert

  T* allocate(std::size_t count) { return static_cast<T*>(memory_->take(count * sizeof(T))); }
  void deallocate(T* at, std::size_t) noexcept { memory_->give(at); }
  bool operator==(const handler_allocator&) const noexcept = default;

 private:
  template <class U>
  friend class handler_allocator;

  handler_memory* memory_;
};

/// `call`, to be kept in `memory` while it waits.
template <class F>
class remembered_handler {
 public:
  using allocator_type = handler_allocator<std::byte>;

  remembered_handler(handler_memory& memory, F call) : memory_(&memory), call_(std::move(call)) {}

  allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }
  template <class... Args>
  void operator()(Args&&... args) {
    call_(std::forward<Args>(args)...);
  }

 private:
  handler_memory* memory_;
  F call_;
};

}  // namespace askr
