// SPDX-License-Identifier: MIT
#pragma once

/// A node's own map of keys and payloads, bounded in keys and bytes. Other nodes and clients read it by STATE_REQUEST
/// and set it by STATE_SET, if they may.

#include <askr/error.hpp>
#include <askr/options.hpp>
#include <askr/payload.hpp>

#include <map>
#include <string>
#include <string_view>

namespace askr {

class connected_state {
 public:
  explicit connected_state(const node_limits& limits) : limits_(limits) {}

  /// Fails with too_large (key or total bytes) or overloaded (number of keys).
  result<void> set(std::string_view key, payload value);
  /// Null if absent.
  const payload* find(std::string_view key) const noexcept;
  const std::map<std::string, payload, std::less<>>& entries() const noexcept { return entries_; }

 private:
  const node_limits& limits_;
  std::map<std::string, payload, std::less<>> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace askr
