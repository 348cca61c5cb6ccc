// SPDX-License-Identifier: MIT
#pragma once

/// A closed loop of requests: so many are under way at any time, and each outcome starts the next. It knows when the
/// warm-up ends and when to stop, checks what comes back, and keeps the books; how a request travels is its owner's
/// business. Both systems are measured by this very code, clock calls included.

#include "bench/histogram.hpp"

#include <askr/bytes.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace askr::bench {

struct load_options {
  std::size_t payload_bytes = 128;
  std::size_t in_flight = 1;
  std::chrono::nanoseconds warm_up = 100ms;  ///< Not counted.
  std::chrono::nanoseconds length = 1s;      ///< What is counted.
  std::vector<pid_t> others = {};            ///< Processes whose CPU time is counted besides our own.
};

/// What one round came to.
struct round_result {
  histogram latency;
  std::uint64_t errors = 0;  ///< Outcomes that were errors, or not the bytes sent.
  std::uint64_t lost = 0;    ///< Requests without an outcome.
  double seconds = 0;
  double cpu_us = 0;  ///< User + system, both processes.
};

class load {
 public:
  explicit load(const load_options& options);

  /// Starts all the clocks; then start_request() for each number below in_flight.
  void start(time_point now) noexcept;

  /// The bytes to send as request number `which`; valid until its next call.
  byte_span start_request(std::size_t which, time_point now) noexcept;
  /// `reply` is what came back, empty for an error. True: start that number again. False: the round is over for it.
  bool finish_request(std::size_t which, time_point now, byte_span reply) noexcept;

  /// No request is under way and none will be.
  bool done() const noexcept { return under_way_ == 0; }
  /// How long to wait for that at most, from start() on.
  std::chrono::nanoseconds patience() const noexcept { return options_.warm_up + options_.length + 12s; }
  /// After the end; what is still under way is lost.
  round_result result() const;

 private:
  struct request {
    byte_buffer payload;
    time_point sent;
    bool under_way = false;
  };
  struct reading {
    time_point at;
    std::chrono::nanoseconds cpu;
  };

  reading read_meters(time_point now) const noexcept;

  load_options options_;
  std::vector<request> requests_;
  std::size_t under_way_ = 0;
  std::uint64_t last_ = 0;  ///< Counts requests; part of each payload, so that a mixed-up reply shows.
  time_point warm_;
  time_point end_;
  reading first_{};  ///< At the first outcome after the warm-up.
  reading final_{};  ///< At the first outcome after the end.
  bool measuring_ = false;
  bool ended_ = false;
  histogram latency_;
  std::uint64_t errors_ = 0;
};

}  // namespace askr::bench
