// SPDX-License-Identifier: MIT
#pragma once

/// Between a handler that answers in parts, on whatever thread, and the dispatcher, on the node's. The handler puts
/// parts in while there is credit, and waits when there is none; the dispatcher takes them out and adds credit as the
/// caller makes room.

#include <askr/stream.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace askr {

/// Bytes of parts, with part_cost() for each, that may be under way without a word from the caller.
inline constexpr std::int64_t stream_credit = 256 << 10;
constexpr std::int64_t part_cost(std::size_t payload_bytes) noexcept {
  return static_cast<std::int64_t>(payload_bytes) + 64;
}

class stream_feed final : public detail::part_sink {
 public:
  /// Called on any thread when there are parts to take. False: it could not be passed on, and is to be called again.
  using wake_function = detail::unique_function<bool()>;

  /// Before the handler starts. Without `may_wait` nothing blocks (a simulation has one thread): parts pile up instead.
  void open(wake_function wake, bool may_wait = true);

  // The handler's side.
  bool push(payload part) override;
  void push_with(payload part, detail::unique_function<void(bool)> done) override;

  // The dispatcher's side.
  /// True if a part may pass by the queue, since nothing waits there and there is credit; which it then costs.
  bool pass_by(std::size_t payload_bytes);
  /// The next part that there is credit for.
  std::optional<payload> take();
  bool is_empty() const;
  void add_credit(std::int64_t bytes);
  /// Coroutines that wait for room go on if there is some.
  void release_waiting();
  /// Nobody listens any more: handlers that wait are told.
  void close();

 private:
  void put(payload part);

  mutable std::mutex mutex_;
  std::condition_variable room_;
  wake_function wake_;
  bool may_wait_ = true;
  bool closed_ = false;
  bool woken_ = false;
  std::int64_t credit_ = stream_credit;  ///< What the caller has room for; below zero by less than one part.
  std::int64_t queued_ = 0;              ///< Cost of `parts_`.
  std::deque<payload> parts_;
  std::deque<detail::unique_function<void(bool)>> waiting_;  ///< For room, without holding a thread.
};

}  // namespace askr
