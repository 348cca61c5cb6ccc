// SPDX-License-Identifier: MIT
#pragma once

/// A load of requests: so many slots, each with one request under way or none. In a closed loop each outcome starts the
/// next; at a fixed rate requests are due at times that do not depend on outcomes, and their latency counts from then,
/// so that a system that stands still is charged with all it delayed. It knows when the warm-up ends and when to stop,
/// checks what comes back, and keeps the books; how a request travels is its owner's business. All systems are measured
/// by this very code, clock calls included.

#include "bench/histogram.hpp"

#include <askr/bytes.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace askr::bench {

struct load_options {
  std::size_t payload_bytes = 128;
  std::size_t in_flight = 1;
  std::chrono::nanoseconds warm_up = 100ms;  ///< Not counted.
  std::chrono::nanoseconds length = 1s;      ///< What is counted.
  double rate = 0;                           ///< Requests due per second; 0: a closed loop.
  /// Beside those, so many of so many bytes, whose latency is not recorded; the round ends when so many bytes are
  /// there.
  std::size_t bulk_in_flight = 0;
  std::size_t bulk_payload_bytes = 0;
  std::uint64_t bulk_bytes = 0;
  bool text = false;               ///< Payloads of printable ASCII, for JSON.
  std::vector<pid_t> others = {};  ///< Processes whose CPU time is counted besides our own.

  std::size_t slots() const noexcept { return in_flight + bulk_in_flight; }
  /// How long a round lasts at most, from start() on.
  std::chrono::nanoseconds patience() const noexcept { return warm_up + length + 12s; }
};

/// What one round came to.
struct round_result {
  histogram latency;
  std::uint64_t errors = 0;  ///< Outcomes that were errors, or not the bytes sent.
  std::uint64_t lost = 0;    ///< Requests without an outcome.
  std::uint64_t bulk_bytes = 0;
  double seconds = 0;
  double cpu_us = 0;  ///< User + system, all processes.
};

/// What a rival's adapter is told and says: one line each, without the newline.
std::string to_line(const load_options& options);
load_options load_options_from(const std::string& line);
std::string to_line(const round_result& round);
round_result round_from(const std::string& line);

class load {
 public:
  /// Payloads of text say in hexadecimal digits, where, from which slot they are.
  static constexpr std::size_t slot_at = 8;
  static constexpr std::size_t slot_digits = 8;
  static std::size_t slot_in(byte_span payload) noexcept;

  explicit load(const load_options& options);

  /// Starts all the clocks; then start_due().
  void start(time_point now) noexcept;

  /// Calls request(slot, bytes) for each that is due: at first, and whenever the time of next_due() has come.
  template <class F>
  void start_due(time_point now, F request) {
    while (!idle_.empty() && next_due() <= now) {
      const auto which = idle_.back();
      idle_.pop_back();
      request(which, start_request(which, now));
    }
  }
  /// time_point::max() if there is nothing to wait for.
  time_point next_due() const noexcept;

  /// The bytes to send from that slot; valid until its next call.
  byte_span start_request(std::size_t which, time_point now) noexcept;
  /// `reply` is what came back, empty for an error. True: start that slot again, now.
  bool finish_request(std::size_t which, time_point now, byte_span reply) noexcept;

  /// No request is under way and none will be.
  bool done() const noexcept { return under_way_ == 0 && (ended_ || idle_.empty()); }
  std::chrono::nanoseconds patience() const noexcept { return options_.patience(); }
  /// After the end; what is still under way is lost.
  round_result result() const;

  /// The whole round: `turn(now)` starts what is due and takes in what has come, until all is answered or nobody waits
  /// any longer.
  template <class Turn>
  round_result run(Turn turn) {
    const auto started = clock::now();
    start(started);
    const auto until = started + patience();
    for (auto now = started; !done() && now < until; now = clock::now()) turn(now);
    return result();
  }

 private:
  struct slot {
    byte_buffer payload;
    time_point sent;
    bool under_way = false;
  };
  struct reading {
    time_point at;
    std::chrono::nanoseconds cpu;
  };

  void fill(std::size_t which);
  void number(slot& which) noexcept;
  bool is_bulk(std::size_t which) const noexcept { return which >= options_.in_flight; }
  void record(std::size_t which, time_point now) noexcept;
  reading read_meters(time_point now) const noexcept;

  load_options options_;
  std::vector<slot> slots_;
  std::vector<std::size_t> idle_;  ///< Slots that wait for their time.
  std::size_t under_way_ = 0;
  std::uint64_t last_ = 0;               ///< Counts requests; part of each payload, so that a mixed-up reply shows.
  std::chrono::nanoseconds interval_{};  ///< At a fixed rate, between two requests.
  time_point due_;                       ///< When the next one is due.
  time_point warm_;
  time_point end_;
  reading first_{};  ///< At the first outcome after the warm-up.
  reading final_{};  ///< At the first outcome after the end.
  bool measuring_ = false;
  bool ended_ = false;
  histogram latency_;
  std::uint64_t bulk_bytes_ = 0;
  std::uint64_t errors_ = 0;
};

}  // namespace askr::bench
