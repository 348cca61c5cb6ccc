// SPDX-License-Identifier: MIT
#pragma once

/// Which of the other nodes know what this one listens to, and who here waits for them: "ready on N of N". Every change
/// of the interest is a generation; a node says by its digest which one it has applied. No I/O, no clock.

#include <askr/listen_options.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr {

class event_readiness {
 public:
  using completion = detail::unique_function<void(const listen_ready&)>;

  event_readiness();

  /// The interest is no longer what set_interest() was last told.
  void note_change() noexcept { changed_ = true; }
  /// At the end of the turn: the interest as it stands, sorted.
  void set_interest(const std::vector<std::string>& topics);
  void on_applied(const node_id& node, std::uint64_t digest);
  void on_node_gone(const node_id& node);

  /// What a node must have applied to know all that is listened to now.
  std::uint64_t needed() const noexcept { return changed_ ? generation_ + 1 : generation_; }
  bool has_applied(const node_id& node, std::uint64_t generation) const noexcept { return applied(node) >= generation; }
  /// The generation that a node has applied; 0: none that is known.
  std::uint64_t applied(const node_id& node) const noexcept;

  /// `nodes`: all that are known now, without this one. `done` comes out of take_done().
  void wait(time_point now, milliseconds timeout, std::vector<node_id> nodes, completion done);
  bool has_waiters() const noexcept { return !waiters_.empty(); }
  /// For those that find everything ready already.
  void end_turn() { finish_ready(); }
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return next_timeout_; }
  std::vector<std::pair<completion, listen_ready>> take_done() { return std::exchange(done_, {}); }

 private:
  struct waiter {
    std::uint64_t needed = 0;
    time_point due;
    std::size_t of = 1;
    std::vector<node_id> waiting;
    completion done;
  };

  std::uint64_t generation_of(std::uint64_t digest) const noexcept;
  void finish_ready();
  void finish(waiter& which);

  std::uint64_t generation_ = 1;
  bool changed_ = false;
  std::deque<std::uint64_t> digests_;  ///< Of the last generations, the present one at the back.
  std::unordered_map<node_id, std::uint64_t> applied_;
  std::vector<waiter> waiters_;
  std::vector<std::pair<completion, listen_ready>> done_;
  time_point next_timeout_ = time_point::max();
};

}  // namespace askr
