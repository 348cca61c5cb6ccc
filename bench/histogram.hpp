// SPDX-License-Identifier: MIT
#pragma once

/// Latencies by the million in a few kilobytes: a histogram whose buckets grow with the value, as in HdrHistogram
/// (Tene). Values below 256 ns have a bucket each; above, every power of two has 128 of them, so a percentile is exact
/// to less than 1 %.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace askr::bench {

class histogram {
 public:
  void add(std::chrono::nanoseconds value) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    ++counts_[bucket_of(std::min(ns, value_max))];
    ++total_;
  }

  void merge(const histogram& other) noexcept {
    for (std::size_t at = 0; at < counts_.size(); ++at) counts_[at] += other.counts_[at];
    total_ += other.total_;
  }

  /// The buckets that hold anything, and how to bring them back: for another process.
  template <class F>
  void for_each_bucket(F call) const {
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      if (counts_[at] != 0) call(at, counts_[at]);
    }
  }
  void add_bucket(std::size_t bucket, std::uint64_t count) noexcept {
    if (bucket >= counts_.size()) return;
    counts_[bucket] += count;
    total_ += count;
  }

  std::uint64_t count() const noexcept { return total_; }

  /// The value in microseconds that `share` (0 to 1) of all values do not exceed; 0 if there is none.
  double percentile_us(double share) const noexcept {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      seen += counts_[at];
      if (seen > 0 && seen >= rank) return middle_of(at) / 1000;
    }
    return 0;
  }

  static constexpr std::size_t bucket_of(std::uint64_t ns) noexcept {
    if (ns < 2 * buckets_per_octave) return ns;
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - octave_bits - 1;
    return shift * buckets_per_octave + static_cast<std::size_t>(ns >> shift);
  }

  static constexpr double middle_of(std::size_t bucket) noexcept {
    if (bucket < 2 * buckets_per_octave) return static_cast<double>(bucket);
    const auto shift = bucket / buckets_per_octave - 1;
    const auto first = (bucket - shift * buckets_per_octave) << shift;
    return static_cast<double>(first) + static_cast<double>((std::uint64_t{1} << shift) - 1) / 2;
  }

 private:
  static constexpr unsigned octave_bits = 7;
  static constexpr std::size_t buckets_per_octave = 1 << octave_bits;
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << 40) - 1;  // 18 minutes

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(bucket_of(value_max) + 1);
  std::uint64_t total_ = 0;
};

static_assert(histogram::bucket_of(255) == 255 && histogram::bucket_of(256) == 256);
static_assert(histogram::bucket_of(257) == 256 && histogram::bucket_of(258) == 257);
static_assert(histogram::bucket_of(511) == 383 && histogram::bucket_of(512) == 384);
static_assert(histogram::middle_of(255) == 255 && histogram::middle_of(256) == 256.5);
static_assert(histogram::middle_of(384) == 513.5);

}  // namespace askr::bench
