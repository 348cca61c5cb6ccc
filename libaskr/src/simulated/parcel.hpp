// SPDX-License-Identifier: MIT
#pragma once

/// What is on its way over one direction of a wire: records, the greeting that comes before them, and the end. A
/// simulation of thousands of nodes has hundreds of thousands under way, most of them pings, so they come from a pool.

#include <askr/bytes.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace askr::simulated {

struct parcel {
  enum class kind : std::uint8_t {
    greeting,  ///< The last message of the handshake: the receiver's link comes up.
    record,
    end,  ///< The connection is closed.
  };

  parcel* next = nullptr;
  std::uint32_t bytes = 0;
  kind what = kind::record;
  std::uint8_t size_class = 0;

  std::uint8_t* data() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
  byte_span content() noexcept { return {data(), bytes}; }
};

class parcel_pool {
 public:
  parcel* make(parcel::kind what, byte_span content) {
    const auto bytes = sizeof(parcel) + content.size();
    const auto size_class = static_cast<std::size_t>(std::bit_width((bytes - 1) >> smallest_bits));
    auto& free = free_[size_class];
    if (free == nullptr) grow(size_class);
    auto* made = std::exchange(free, free->next);
    made->next = nullptr;
    made->bytes = static_cast<std::uint32_t>(content.size());
    made->what = what;
    if (!content.empty()) std::memcpy(made->data(), content.data(), content.size());
    return made;
  }

  void give_back(parcel* which) noexcept {
    which->next = free_[which->size_class];
    free_[which->size_class] = which;
  }

 private:
  static constexpr std::size_t smallest_bits = 6;  // 64 bytes,
  static constexpr std::size_t classes = 12;       // doubling to 128 KiB: a record is smaller.
  static constexpr std::size_t slab_bytes = 256 << 10;

  void grow(std::size_t size_class) {
    const auto each = std::size_t{1} << (smallest_bits + size_class);
    auto& slab = slabs_.emplace_back(std::make_unique<std::byte[]>(slab_bytes));
    for (std::size_t at = 0; at + each <= slab_bytes; at += each) {
      auto* made = new (slab.get() + at) parcel;
      made->size_class = static_cast<std::uint8_t>(size_class);
      made->next = free_[size_class];
      free_[size_class] = made;
    }
  }

  std::array<parcel*, classes> free_{};
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
};

/// First in, first out.
class parcel_line {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  std::uint32_t size() const noexcept { return size_; }
  void push(parcel* last) noexcept {
    (first_ == nullptr ? first_ : last_->next) = last;
    last_ = last;
    ++size_;
  }
  parcel* pop() noexcept {
    auto* taken = first_;
    first_ = taken->next;
    --size_;
    return taken;
  }

 private:
  parcel* first_ = nullptr;
  parcel* last_ = nullptr;
  std::uint32_t size_ = 0;
};

}  // namespace askr::simulated
