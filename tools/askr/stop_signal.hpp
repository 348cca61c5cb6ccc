// SPDX-License-Identifier: MIT
#pragma once

/// SIGINT and SIGTERM as something to wait for, so that a program can end in order.

namespace askr::cli {

/// Made before the first thread: threads inherit that these signals wait.
class stop_signal {
 public:
  stop_signal();
  /// Returns when one of them has come. A second one kills the program as usual.
  void wait();
};

}  // namespace askr::cli
