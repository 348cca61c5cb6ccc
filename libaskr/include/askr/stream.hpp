// SPDX-License-Identifier: MIT
#pragma once

/// Answers in parts. A handler that takes a stream sends parts through it before it returns the final outcome; each
/// part waits while the caller has no room for it, so a fast producer is held.
///
///     node.on("count", askr::blocking([](const askr::command& asked, askr::stream& out) {
///       for (int i = 0; i < asked.as<int>() && out.send(i); ++i) {}
///     }));
///     node.stream("count", payload::from(3), {}, [](payload_view part) { ... }, [](result<payload> outcome) { ... });
///
/// Such a handler is a blocking one, or a coroutine (<askr/coroutine.hpp>, send_part). Asked without `stream`, it
/// answers `unsupported`.

#include <askr/detail/unique_function.hpp>
#include <askr/payload.hpp>

#include <memory>
#include <utility>

namespace askr {

namespace detail {

/// Where a handler's parts go. Thread-safe.
class part_sink {
 public:
  virtual ~part_sink() = default;
  /// Waits for room. False: nobody waits for the answer any more.
  virtual bool push(payload part) = 0;
  /// The same without waiting: `done` is called on the node's thread.
  virtual void push_with(payload part, unique_function<void(bool)> done) = 0;
};

}  // namespace detail

/// A handle: copies lead to the same caller. Thread-safe.
class stream {
 public:
  explicit stream(std::shared_ptr<detail::part_sink> to) : to_(std::move(to)) {}

  /// Sends one part, and waits while the caller has no room for more: not on the node's own thread. False: nobody waits
  /// for the answer any more, so stop.
  bool send(payload part) { return to_->push(std::move(part)); }
  template <class T>
  bool send(const T& part) {
    return send(payload::from(part));
  }
  /// The same without waiting; `done(went_out)` is called on the node's thread when there is room for the next.
  void send_with(payload part, detail::unique_function<void(bool)> done) {
    to_->push_with(std::move(part), std::move(done));
  }

 private:
  std::shared_ptr<detail::part_sink> to_;
};

}  // namespace askr
