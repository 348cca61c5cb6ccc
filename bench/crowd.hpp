// SPDX-License-Identifier: MIT
#pragma once

/// Processes with a node each on one host, which find each other by beacons alone.

#include "bench/process.hpp"

#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace askr::bench {

class crowd {
 public:
  /// Whether its nodes go on to say what they see once they see all: that costs each a timer of 5 ms.
  enum class watch : std::uint8_t { for_ever, until_complete };

  crowd(std::size_t nodes, watch how);

  std::deque<child_process>& nodes() noexcept { return nodes_; }
  /// When this node saw so many, by the clock that all processes share.
  static time_point await_size(child_process& node, std::size_t wanted);

 private:
  std::deque<child_process> nodes_;
};

}  // namespace askr::bench
