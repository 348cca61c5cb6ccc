// SPDX-License-Identifier: MIT
#pragma once

/// What a handler is handed: a name, a payload, who asked, and until when an answer is of use.

#include <askr/balance.hpp>
#include <askr/payload.hpp>
#include <askr/principal.hpp>
#include <askr/time.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

namespace askr {

namespace detail {
class part_sink;
}

/// For an ordinary handler the views are valid during the call only. A coroutine or blocking handler is given a command
/// that owns what it refers to (`keeper`), for as long as the command, or a copy of it, lives.
struct command {
  std::string_view name;
  payload_view data;
  const principal* asked_by = nullptr;  ///< Never null in a handler.
  time_point deadline;                  ///< Nobody waits for the answer after this.
  std::uint8_t depth = 0;               ///< How many commands led to this one.
  std::stop_token stop = {};            ///< Blocking and coroutine handlers: requested when nobody waits any more. On
                                        ///< the node's thread, so std::stop_callback may cancel timers there.
  std::shared_ptr<const void> keeper = {};
  std::shared_ptr<detail::part_sink> parts = {};  ///< Of a handler that answers in parts: <askr/stream.hpp>.

  /// Throws failure(errc::bad_payload) if the payload is not a T; the caller then gets `bad_payload`.
  template <class T>
  T as() const {
    return data.as<T>();
  }
  const principal& who() const noexcept { return *asked_by; }
  /// Nobody waits for the answer any more: the caller gave up or went away, or the deadline has passed.
  bool canceled() const noexcept { return stop.stop_requested(); }
};

/// The number by which a command that was sent can be given up.
using command_id = std::uint64_t;

/// How to send a command. Members not named keep their defaults.
struct send_options {
  std::string_view to = {};                    ///< Node name, label or id; empty: any node that serves the command.
  milliseconds timeout = seconds(10);          ///< Until the outcome `timed_out`; at most 5 min.
  bool idempotent = false;                     ///< May safely run more than once.
  askr::balance balance = askr::balance::p2c;  ///< Among several nodes that serve it. One that serves it itself asks
                                               ///< nobody else, unless a key is given.
  std::string_view key = {};                   ///< For balance::sticky, which it implies: the same key, the same node.
};

inline constexpr milliseconds send_timeout_max = std::chrono::minutes(5);

}  // namespace askr
