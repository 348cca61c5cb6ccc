// SPDX-License-Identifier: MIT
#pragma once

/// A queue for shortest paths, whose keys never fall below the one that was taken last: a value lies in the bucket of
/// the highest bit in which its key differs from that one, and moves to a lower one each time it does not anymore.
/// Costs of links take few values, so hardly any value moves more than once or twice.
// Source: Ahuja, Mehlhorn, Orlin and Tarjan, Faster Algorithms for the Shortest Path Problem (1990), section 2.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace askr::mesh {

template <class Value>
class radix_heap {
 public:
  using entry = std::pair<std::uint64_t, Value>;

  bool empty() const noexcept { return filled_ == 0; }
  /// `key`: below 2^63, and not below that of the last pop().
  void push(std::uint64_t key, Value value) {
    const auto at = bucket_of(key);
    buckets_[at].emplace_back(key, value);
    filled_ |= std::uint64_t{1} << at;
  }
  /// One of those with the least key. It must not be empty.
  entry pop() {
    const auto lowest = static_cast<std::size_t>(std::countr_zero(filled_));
    if (lowest > 0) spread(lowest);
    auto& least = buckets_[0];
    const auto taken = least.back();
    least.pop_back();
    if (least.empty()) filled_ &= ~std::uint64_t{1};
    return taken;
  }
  void clear() noexcept {
    for (auto& each : buckets_) each.clear();
    filled_ = 0;
    last_ = 0;
  }

 private:
  std::size_t bucket_of(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>(std::bit_width(key ^ last_));
  }
  /// The least key of a bucket becomes the last; all its values go to lower buckets, one of them to the first.
  void spread(std::size_t which) {
    auto& from = buckets_[which];
    last_ = std::min_element(from.begin(), from.end(), [](const entry& a, const entry& b) {
              return a.first < b.first;
            })->first;
    for (const auto& [key, value] : from) push(key, value);
    from.clear();
    filled_ &= ~(std::uint64_t{1} << which);
  }

  std::array<std::vector<entry>, 64> buckets_;
  std::uint64_t filled_ = 0;  ///< A bit per bucket.
  std::uint64_t last_ = 0;
};

}  // namespace askr::mesh
