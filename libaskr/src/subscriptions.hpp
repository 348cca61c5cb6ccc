// SPDX-License-Identifier: MIT
#pragma once

/// Who wants which topic: local listeners, client sessions and other nodes in one index. Exact names are looked up,
/// patterns are matched one by one.

#include "libaskr/src/caller.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

struct subscriber {
  enum class kind : std::uint8_t { listener, session, node };
  kind what = kind::listener;
  std::uint64_t id = 0;

  auto operator<=>(const subscriber&) const = default;
  bool is_local() const noexcept { return what != kind::node; }
};

/// Whether any of them is on this node.
bool has_local(const std::vector<subscriber>& matched) noexcept;

class subscriptions {
 public:
  /// False if it was there already.
  bool add(std::string_view pattern, subscriber who);
  /// False if it was not there.
  bool remove(std::string_view pattern, subscriber who);

  /// Appends each subscriber once, however many of its patterns match.
  void match(std::string_view topic, std::vector<subscriber>& out) const;
  /// Whether one of its patterns matches.
  bool matches(std::string_view topic, subscriber who) const;
  /// Whether a listener or session has this very pattern.
  bool has_local(std::string_view pattern) const;
  /// The patterns this node itself wants for its listeners and sessions, sorted: its interest.
  std::vector<std::string> interest() const;
  std::size_t size() const noexcept { return count_; }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using rows = std::unordered_map<std::string, std::vector<subscriber>, text_hash, std::equal_to<>>;

  rows& rows_for(std::string_view pattern);

  rows exact_;
  rows patterns_;
  std::size_t count_ = 0;
};

}  // namespace askr
