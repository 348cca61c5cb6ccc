// SPDX-License-Identifier: MIT
#pragma once

/// Byte sequences: views, and a growable buffer that does not zero what it is about to overwrite.

#include <askr/detail/block_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace askr {

using byte_span = std::span<const std::uint8_t>;
using mutable_byte_span = std::span<std::uint8_t>;

/// Leaves new elements uninitialised, so `resize` before a read or a seal costs no memset, and takes small blocks from
/// the thread's pool.
template <class T>
class buffer_allocator {
 public:
  static_assert(alignof(T) <= alignof(std::max_align_t));
  using value_type = T;
  using is_always_equal = std::true_type;

  buffer_allocator() = default;
  template <class U>
  buffer_allocator(const buffer_allocator<U>&) noexcept {}  // NOLINT: allocators convert

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(detail::take_block(count * sizeof(T)));
  }
  void deallocate(T* at, std::size_t count) noexcept { detail::give_block(at, count * sizeof(T)); }

  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }

  bool operator==(const buffer_allocator&) const noexcept { return true; }
};

/// An owned, growable byte sequence. `resize` leaves new bytes uninitialised: write them before reading them.
using byte_buffer = std::vector<std::uint8_t, buffer_allocator<std::uint8_t>>;

inline byte_span as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(byte_span bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// As resize, but a buffer that has to move does so by one memcpy: vector moves element by element for any allocator
/// but its own.
inline void resize_in_one_piece(byte_buffer& buffer, std::size_t bytes) {
  if (bytes > buffer.capacity()) {
    byte_buffer larger;
    larger.reserve(bytes < 2 * buffer.capacity() ? 2 * buffer.capacity() : bytes);
    larger.resize(buffer.size());
    if (!buffer.empty()) std::memcpy(larger.data(), buffer.data(), buffer.size());
    buffer.swap(larger);
  }
  buffer.resize(bytes);
}

/// One memcpy; vector::insert would go byte by byte because of the allocator.
inline void append(byte_buffer& to, byte_span bytes) {
  if (bytes.empty()) return;
  const auto before = to.size();
  resize_in_one_piece(to, before + bytes.size());
  std::memcpy(to.data() + before, bytes.data(), bytes.size());
}

}  // namespace askr
