// SPDX-License-Identifier: MIT
#pragma once

/// A command on its way into the dispatcher, from whichever side.

#include <askr/balance.hpp>
#include <askr/error.hpp>
#include <askr/payload.hpp>
#include <askr/principal.hpp>
#include <askr/time.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace askr {

/// Views: valid during the call.
struct command_request {
  std::string_view name;
  payload_view data;
  const principal* who = nullptr;
  std::string_view to = {};  ///< Node name, label or id; empty: any node.
  milliseconds remaining = std::chrono::seconds(10);
  std::uint8_t depth = 0;
  bool idempotent = false;
  bool stream = false;  ///< Its answer may come in parts.
  bool all = false;     ///< For every node that serves it.
  askr::balance balance = askr::balance::p2c;
  std::string_view key = {};  ///< Not empty: the same node for the same key.
};

/// True for failures that say something about the server, not about the command: another one may do better.
constexpr bool may_go_elsewhere(errc why) noexcept {
  return why == errc::peer_lost || why == errc::overloaded || why == errc::no_handler || why == errc::closed ||
         why == errc::duplicate_mid;
}

/// The server had no room for the command, or serves it no longer: no handler has seen it.
constexpr bool is_refusal(errc why, bool maybe_executed) noexcept {
  return !maybe_executed && (why == errc::overloaded || why == errc::no_handler);
}

}  // namespace askr
