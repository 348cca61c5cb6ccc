// SPDX-License-Identifier: MIT
#pragma once

/// A hash index over the numbered slots of some array: open addressing with linear probing, no tombstones, nothing
/// stored but slot numbers. The owner of the array knows each slot's hash.

#include <askr/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace askr {

class slot_index {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  /// Spreads numbers that count up over all bits (Fibonacci hashing).
  static constexpr std::uint64_t scatter(std::uint64_t number) noexcept { return (number * 0x9e3779b97f4a7c15U) >> 32; }

  /// The slot with that hash for which `is_it(slot)` holds, or none.
  template <class Predicate>
  std::uint32_t find(std::uint64_t hash, Predicate is_it) const noexcept {
    auto at = hash & mask();
    while (places_[at] != none && !is_it(places_[at])) at = (at + 1) & mask();
    return places_[at];
  }

  /// `hash_of(slot)` must give the hash of every slot in the index.
  template <class HashOf>
  void insert(std::uint32_t slot, HashOf hash_of) {
    if (2 * (count_ + 1) > places_.size()) grow(hash_of);
    place(slot, hash_of(slot));
    ++count_;
  }

  /// The slot must be there, and its hash unchanged.
  template <class HashOf>
  void erase(std::uint32_t slot, HashOf hash_of) noexcept {
    auto hole = hash_of(slot) & mask();
    while (places_[hole] != slot) {
      ASKR_ASSERT(places_[hole] != none);
      hole = (hole + 1) & mask();
    }
    places_[hole] = none;
    --count_;
    // Close the hole with whatever would no longer be found past it.
    for (auto at = (hole + 1) & mask(); places_[at] != none; at = (at + 1) & mask()) {
      const auto home = hash_of(places_[at]) & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      places_[hole] = std::exchange(places_[at], none);
      hole = at;
    }
  }

 private:
  std::size_t mask() const noexcept { return places_.size() - 1; }

  void place(std::uint32_t slot, std::uint64_t hash) noexcept {
    auto at = hash & mask();
    while (places_[at] != none) at = (at + 1) & mask();
    places_[at] = slot;
  }

  template <class HashOf>
  void grow(HashOf hash_of) {
    const auto old = std::exchange(places_, std::vector<std::uint32_t>(2 * places_.size(), none));
    for (const auto slot : old) {
      if (slot != none) place(slot, hash_of(slot));
    }
  }

  std::size_t count_ = 0;
  std::vector<std::uint32_t> places_ = std::vector<std::uint32_t>(64, none);
};

}  // namespace askr
