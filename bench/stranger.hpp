// SPDX-License-Identifier: MIT
#pragma once

/// What strangers, and members gone mad, cost a node: the parts of `askr-bench stranger`.

#include "bench/arguments.hpp"

#include <askr/time.hpp>

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace askr::bench {

/// A number and what was promised of it.
struct finding {
  std::string what;
  double value = 0;
  std::string unit;
  double bound = 0;
  bool at_least = false;  ///< Else at most.
  bool hard = false;      ///< A promise that no machine is too slow for: missed, the program fails.
  std::string remark = {};

  bool met() const noexcept { return at_least ? value >= bound : value <= bound; }
};
using findings = std::vector<finding>;

struct stranger_settings {
  std::chrono::nanoseconds length{};
  std::size_t rounds = 1;
  std::size_t idle = 0, dripping = 0;
  std::size_t beacons_per_second = 0;
};

findings measure_handshakes(const stranger_settings& settings);
findings measure_forged_messages(const stranger_settings& settings);
findings measure_crowd(const stranger_settings& settings);
findings measure_beacons(const stranger_settings& settings);
findings measure_bombs(const stranger_settings& settings);
/// Runs `askr-bench rpc` and `askr-bench-plain rpc`, by turns.
findings measure_plain_links(const stranger_settings& settings);

/// A member of /proc/PID/status in KiB: "VmRSS:", or "VmHWM:" for the most there was.
double status_kib(pid_t process, const std::string& member);

int run_stranger(arguments& given);
int run_stranger_node(arguments& given);
int run_stranger_crowd(arguments& given);

}  // namespace askr::bench
