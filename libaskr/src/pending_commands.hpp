// SPDX-License-Identifier: MIT
#pragma once

/// Commands that were sent and have no outcome yet, found by mid in a few nanoseconds. Slots are reused, the index is
/// open addressing with linear probing over the scattered mid.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/timer_wheel.hpp"

#include <askr/time.hpp>

#include <cstdint>
#include <vector>

namespace askr {

struct pending_command {
  std::uint64_t mid = 0;
  caller from;             ///< Who waits for the outcome.
  link_id link = no_link;  ///< The link it left by, or no_link if a client of this node serves it.
  session_id server = no_session;
  time_point sent;
};

class pending_commands {
 public:
  explicit pending_commands(std::size_t commands_max) : commands_max_(commands_max) {}

  bool full() const noexcept { return count_ >= commands_max_; }
  std::size_t size() const noexcept { return count_; }

  /// `command.mid` must be new. Valid until the next add.
  pending_command& add(pending_command command, time_point deadline);
  /// Null if unknown.
  pending_command* find(std::uint64_t mid) noexcept;
  /// Takes it out; it must be there.
  pending_command take(std::uint64_t mid);

  /// Mids whose deadline has come; they stay until taken.
  const std::vector<std::uint64_t>& expire(time_point now);
  time_point next_timeout() const noexcept { return wheel_.next_timeout(); }

  /// The mids for which `wanted(const pending_command&)` holds.
  template <class Predicate>
  std::vector<std::uint64_t> mids_where(Predicate wanted) const {
    std::vector<std::uint64_t> mids;
    for (const auto& each : slots_) {
      if (each.mid != 0 && wanted(each)) mids.push_back(each.mid);
    }
    return mids;
  }

 private:
  static constexpr std::uint32_t empty = UINT32_MAX;

  /// Scattered, so that mids that count up make no long runs for take() to walk (Fibonacci hashing).
  std::size_t home_of(std::uint64_t mid) const noexcept {
    return static_cast<std::size_t>((mid * 0x9e3779b97f4a7c15U) >> 32) & (index_.size() - 1);
  }
  std::size_t probe(std::uint64_t mid) const noexcept;  ///< Where it is, or the empty place where it would be.
  void grow();

  std::size_t commands_max_;
  std::size_t count_ = 0;
  std::vector<pending_command> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> index_ = std::vector<std::uint32_t>(64, empty);
  timer_wheel wheel_;
  std::vector<timer_wheel::slot> expired_slots_;
  std::vector<std::uint64_t> expired_;
};

}  // namespace askr
