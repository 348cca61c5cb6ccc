// SPDX-License-Identifier: MIT
#pragma once

/// A workspace's keys while its secret is exchanged: up to three, the newest first. With the newest a node dials and
/// beacons; it understands all of them. (docs/protocol.md, "Exchanging the secret")

#include "crypto/workspace_keys.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace askr::crypto {

class keyring {
 public:
  static constexpr std::size_t secrets_max = 3;

  /// At least one, at most secrets_max, the newest first.
  explicit keyring(std::vector<workspace_keys> keys) : keys_(std::move(keys)) {
    ASKR_ASSERT(!keys_.empty() && keys_.size() <= secrets_max);
  }
  explicit keyring(workspace_keys only) { keys_.push_back(std::move(only)); }

  const workspace_keys& newest() const noexcept { return keys_.front(); }
  std::span<const workspace_keys> all() const noexcept { return keys_; }
  bool has(const workspace_hash& hash) const noexcept {
    return std::any_of(keys_.begin(), keys_.end(), [&](const auto& each) { return each.hash == hash; });
  }

 private:
  std::vector<workspace_keys> keys_;
};

}  // namespace askr::crypto
