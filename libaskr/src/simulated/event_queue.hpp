// SPDX-License-Identifier: MIT
#pragma once

/// What is going to happen, by virtual time; what happens at the same time happens in the order it was planned in, so a
/// run can be repeated. A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): time never goes back, so an entry lies in
/// the bucket of the highest bit in which its time differs from the last one taken, and moves down a few times in all.

#include <askr/assert.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace askr::simulated {

/// Microseconds since the simulated world began.
using tick = std::uint64_t;
inline constexpr tick never = std::numeric_limits<tick>::max();

enum class happening : std::uint32_t {
  turn,      ///< Of a host that was given work,
  timer,     ///< whose core has something due,
  wake,      ///< or whose loop goes on.
  arrival,   ///< Over one direction of a wire.
  writable,  ///< A direction has room again.
  dial,      ///< The next step of one.
  beacon,
  call,  ///< Something that the owner planned.
};

struct occurrence {
  tick when = 0;
  std::uint32_t subject = 0;  ///< A host, a direction, a dial, ...
  happening what = happening::turn;
};

class event_queue {
 public:
  /// Not before the time of what was taken last.
  void push(const occurrence& what) {
    ASKR_ASSERT(what.when >= last_);
    put(what);
    ++size_;
    if (what.when < next_) next_ = what.when;
  }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// The time of the next one; `never` if there is none.
  tick next_time() const noexcept { return next_; }

  occurrence pop() {
    if (front_ == buckets_[0].size()) refill();
    const auto taken = buckets_[0][front_++];
    --size_;
    if (front_ == buckets_[0].size()) next_ = size_ == 0 ? never : find_next();
    return taken;
  }

 private:
  static std::size_t bucket_of(tick when, tick last) noexcept {
    return static_cast<std::size_t>(std::numeric_limits<tick>::digits - std::countl_zero(when ^ last));
  }

  void put(const occurrence& what) {
    const auto bucket = bucket_of(what.when, last_);
    buckets_[bucket].push_back(what);
    if (bucket > 0) filled_ |= std::uint64_t{1} << (bucket - 1);
  }

  tick find_next() const noexcept {
    tick least = never;
    for (const auto& each : buckets_[static_cast<std::size_t>(std::countr_zero(filled_)) + 1]) {
      if (each.when < least) least = each.when;
    }
    return least;
  }

  void refill() {
    ASKR_ASSERT(size_ > 0);
    buckets_[0].clear();
    front_ = 0;
    const auto lowest = static_cast<std::size_t>(std::countr_zero(filled_)) + 1;
    filled_ &= filled_ - 1;
    last_ = next_;
    moving_.swap(buckets_[lowest]);
    for (const auto& each : moving_) put(each);
    moving_.clear();
    moving_.swap(buckets_[lowest]);  // Nothing went back there: keeps its memory.
  }

  std::array<std::vector<occurrence>, std::numeric_limits<tick>::digits + 1> buckets_;
  std::vector<occurrence> moving_;
  std::uint64_t filled_ = 0;  ///< Bit i: bucket i + 1 is not empty.
  std::size_t front_ = 0;     ///< What of bucket 0, all of one time, is taken already.
  std::size_t size_ = 0;
  tick last_ = 0;
  tick next_ = never;
};

}  // namespace askr::simulated
