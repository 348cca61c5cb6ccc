// SPDX-License-Identifier: MIT
#pragma once

/// A measured system as the harness sees it: what sends requests and has them answered by a server in another process.

#include "bench/load.hpp"

namespace askr::bench {

class requester {
 public:
  virtual ~requester() = default;
  virtual round_result run(load_options options) = 0;
  /// The server's process and TCP port; 0: it has none of its own.
  virtual pid_t server() const { return 0; }
  virtual std::uint16_t port() const { return 0; }
};

}  // namespace askr::bench
