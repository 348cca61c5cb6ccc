// SPDX-License-Identifier: MIT
#pragma once

/// Runs a program with text on its stdin and collects what it writes, within limits of time and size.

#include <askr/error.hpp>
#include <askr/time.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace askr::cli {

struct program_limits {
  std::size_t output_bytes_max = 1 << 20;   ///< More than this on stdout is too_large.
  std::size_t errors_bytes_max = 64 << 10;  ///< The rest of stderr is dropped.
};

struct program_outcome {
  int status = 0;  ///< As a shell says it: 128 + the signal if one ended it.
  std::string output;
  std::string errors;
};

/// Thread-safe. At `deadline`, or when `stop` becomes true, the program and its children are killed. Fails with
/// handler_failed (cannot be started), timed_out, canceled, too_large.
result<program_outcome> run_program(const std::vector<std::string>& words, const std::string& input,
                                    time_point deadline, const std::atomic<bool>& stop,
                                    const program_limits& limits = {});

}  // namespace askr::cli
