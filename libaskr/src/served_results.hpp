// SPDX-License-Identifier: MIT
#pragma once

/// What idempotent commands of peers came to, for a while: one that is sent a second time, because its first answer was
/// lost with a link, gets that answer and is not run again. One that is still at work is found, too.

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/payload.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace askr {

/// A peer's command, in all its lives and ours.
struct served_key {
  node_id caller;
  incarnation life = 0;
  std::uint64_t mid = 0;

  bool operator==(const served_key&) const = default;
};

class served_results {
 public:
  struct entry {
    served_key key;
    std::uint64_t serving = 0;               ///< While at work: its number in the table of pending commands.
    std::optional<result<payload>> outcome;  ///< Afterwards.
  };

  served_results(duration kept_for, std::size_t bytes_max) : kept_for_(kept_for), bytes_max_(bytes_max) {}

  /// Null if nothing is known of it. Valid until the next call.
  entry* find(time_point now, const served_key& key);
  /// It begins: `key` must be new. Stays where it is until finish() or erase().
  entry& begin(const served_key& key);
  void finish(time_point now, entry& which, const result<payload_view>& outcome);
  void erase(entry& which) { entries_.erase(served_key(which.key)); }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct key_hash {
    std::size_t operator()(const served_key& key) const noexcept {
      return std::hash<node_id>{}(key.caller) ^ static_cast<std::size_t>(key.mid * 0x9e3779b97f4a7c15U);
    }
  };
  struct finished {
    time_point when;
    served_key key;
    std::size_t bytes;
  };

  void forget(time_point now);

  duration kept_for_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<served_key, entry, key_hash> entries_;
  std::deque<finished> finished_;  ///< Oldest first.
};

}  // namespace askr
