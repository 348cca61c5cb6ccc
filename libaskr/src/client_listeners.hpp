// SPDX-License-Identifier: MIT
#pragma once

/// What a client listens to: its listeners, and which patterns the node must therefore be subscribed to.

#include "libaskr/src/subscriptions.hpp"

#include <askr/handler.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class client_listeners {
 public:
  /// True if it is the first of this pattern.
  bool add(std::uint64_t id, std::string pattern, detail::listener listener);
  /// The pattern, if this was its last listener.
  std::optional<std::string> remove(std::uint64_t id);
  /// The patterns in use, sorted, with how many listen to each.
  const std::map<std::string, std::size_t, std::less<>>& patterns() const noexcept { return patterns_; }

  /// Calls each listener that matches once. False if one of them threw.
  bool hear(const event& heard);

 private:
  struct row {
    std::string pattern;
    detail::listener call;
  };

  std::unordered_map<std::uint64_t, row> rows_;
  std::map<std::string, std::size_t, std::less<>> patterns_;
  subscriptions table_;
  std::vector<subscriber> matched_;
};

}  // namespace askr
