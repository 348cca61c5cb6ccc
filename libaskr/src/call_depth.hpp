// SPDX-License-Identifier: MIT
#pragma once

/// How many commands led to what this thread is doing: set around blocking handlers and around each step of coroutine
/// handlers, so that what they send counts as deeper. (Ordinary handlers: dispatcher::call_depth().)

#include <cstdint>

namespace askr {

/// 0 outside of such handlers.
std::uint8_t thread_call_depth() noexcept;

class call_depth_scope {
 public:
  explicit call_depth_scope(std::uint8_t depth) noexcept;
  ~call_depth_scope();
  call_depth_scope(const call_depth_scope&) = delete;
  call_depth_scope& operator=(const call_depth_scope&) = delete;

 private:
  std::uint8_t before_;
};

}  // namespace askr
