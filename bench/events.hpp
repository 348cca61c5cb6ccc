// SPDX-License-Identifier: MIT
#pragma once

/// Events from one process to several: a closed loop. So many events at most are emitted and not heard by the slowest
/// subscriber; each subscriber is a process of its own and keeps its books in memory shared with the emitter, so that
/// nothing but events crosses the measured system.

#include "bench/arguments.hpp"
#include "bench/process.hpp"

#include <askr/bytes.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace askr::bench {

struct event_options {
  std::size_t payload_bytes = 128;
  std::size_t subscribers = 1;
  std::uint64_t in_flight = 2048;
  pinning where = pinning::none;
};

struct event_round {
  std::uint64_t deliveries = 0;
  double seconds = 0;
  double cpu_us = 0;
};

struct event_totals {
  std::uint64_t emitted = 0;
  std::uint64_t lost = 0;  ///< Not heard in turn, summed over the subscribers.
};

class event_system {
 public:
  virtual ~event_system() = default;
  virtual event_round run(std::chrono::nanoseconds length) = 0;
  /// Waits until all that was emitted was heard, or nothing comes any more.
  virtual event_totals finish() = 0;
};

/// What the subscribers have heard, in shared memory, and a bell they ring for an emitter that waits.
class event_board {
 public:
  static constexpr std::uint64_t rings_every = 256;  ///< Events.

  explicit event_board(std::size_t subscribers);
  ~event_board();
  event_board(const event_board&) = delete;
  event_board& operator=(const event_board&) = delete;

  /// For the command line of a subscriber.
  std::vector<std::string> arguments_of(std::size_t subscriber) const;

  bool all_ready() const noexcept;
  std::uint64_t heard() const noexcept;    ///< By all together.
  std::uint64_t slowest() const noexcept;  ///< The last number that all have heard or missed.
  std::uint64_t lost(std::uint64_t emitted) const noexcept;
  int bell() const noexcept { return bell_; }
  /// False: nobody rang for so long.
  bool wait(milliseconds longest) noexcept;

 private:
  friend class event_counter;
  struct alignas(64) row {
    std::atomic<std::uint64_t> ready, last, lost;
  };

  std::size_t count_;
  int memory_ = -1;
  int bell_ = -1;
  row* rows_ = nullptr;
};

/// A subscriber's side of it.
class event_counter {
 public:
  /// Takes the arguments of event_board::arguments_of().
  explicit event_counter(arguments& given);

  /// Of each event, whose payload begins with its number; 0 is a probe, sent until all are ready.
  void on_event(byte_span payload) noexcept;

 private:
  event_board::row* row_ = nullptr;
  int bell_ = -1;
  std::uint64_t last_ = 0;
  std::uint64_t lost_ = 0;
};

/// Numbers in payloads.
void put_number(mutable_byte_span payload, std::uint64_t number) noexcept;

/// A system whose emitter blocks or takes all it is given: emits from the calling thread.
class event_source {
 public:
  virtual ~event_source() = default;
  virtual void emit(byte_span payload) = 0;
  virtual void flush() {}  ///< After some events, when others have to wait.
};

/// Starts the subscribers, `role` of this program with `extra` arguments and `line` on stdin, then emits by turns.
class emitting_system : public event_system {
 public:
  emitting_system(const event_options& options, event_source& to)
      : options_(options), to_(to), board_(options.subscribers) {}

  void start_subscribers(const std::string& role, const std::vector<std::string>& extra, const std::string& line);
  /// Processes whose CPU counts besides ours and the subscribers'.
  void add_process(pid_t other) { others_.push_back(other); }
  /// Emits probes until every subscriber has heard one.
  void wait_until_ready();

  event_round run(std::chrono::nanoseconds length) override;
  event_totals finish() override;

 private:
  struct reading {
    std::uint64_t heard = 0;
    time_point at;
    std::chrono::nanoseconds cpu;
  };

  reading read() const;
  void emit_some();
  void emit(std::uint64_t number);

  event_options options_;
  event_source& to_;
  event_board board_;
  std::vector<std::unique_ptr<child_process>> children_;
  std::vector<pid_t> others_;
  byte_buffer payload_;
  std::uint64_t emitted_ = 0;
  std::uint64_t given_up_ = 0;  ///< Those up to here are not waited for any more.
};

}  // namespace askr::bench
