// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <sodium/utils.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

namespace askr::crypto {
namespace {

constexpr std::size_t chunk_bytes = 16 << 10;  // Locked, and so resident, whether it is used or not.
constexpr std::size_t least_bytes = 64;
constexpr std::size_t most_bytes = 4096;

/// Free pieces by size: 64, 128, 256 ... bytes. Chunks are never given back.
class locked_memory {
 public:
  std::uint8_t* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto& free = free_[place_of(bytes)];
    if (free.empty()) refill(free, least_bytes << place_of(bytes));
    auto* piece = free.back();
    free.pop_back();
    return piece;
  }

  void give(std::uint8_t* piece, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    free_[place_of(bytes)].push_back(piece);  // It has had room for it before.
  }

 private:
  static std::size_t place_of(std::size_t bytes) noexcept {
    ASKR_ASSERT(bytes > 0 && bytes <= most_bytes);
    return static_cast<std::size_t>(std::bit_width((std::max(bytes, least_bytes) - 1) / least_bytes));
  }

  void refill(std::vector<std::uint8_t*>& free, std::size_t piece_bytes) {
    pieces_[&free - free_.data()] += chunk_bytes / piece_bytes;
    free.reserve(pieces_[&free - free_.data()]);
    auto* const chunk = mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED) throw std::bad_alloc();
    // Where the user may lock no more memory it is swapped like any other: better than not to run.
    (void)mlock(chunk, chunk_bytes);
    (void)madvise(chunk, chunk_bytes, MADV_DONTDUMP);
    auto* const first = static_cast<std::uint8_t*>(chunk);
    for (auto* piece = first + chunk_bytes; piece > first; piece -= piece_bytes) free.push_back(piece - piece_bytes);
  }

  static constexpr std::size_t sizes_count = 7;
  static_assert(least_bytes << (sizes_count - 1) == most_bytes);

  std::mutex mutex_;
  std::array<std::vector<std::uint8_t*>, sizes_count> free_;
  std::array<std::size_t, sizes_count> pieces_{};
};

// Never destroyed: secrets of static lifetime go after it would.
locked_memory& memory() {
  static auto* const made = new locked_memory;
  return *made;
}

}  // namespace

void wipe(mutable_byte_span bytes) noexcept { sodium_memzero(bytes.data(), bytes.size()); }

namespace detail {

std::uint8_t* take_locked(std::size_t bytes) { return memory().take(bytes); }

void give_locked(std::uint8_t* piece, std::size_t bytes) noexcept {
  wipe({piece, bytes});
  memory().give(piece, bytes);
}

}  // namespace detail
}  // namespace askr::crypto
