// SPDX-License-Identifier: MIT
#include "libaskr/src/connected_state.hpp"

namespace askr {

result<void> connected_state::set(std::string_view key, payload value) {
  if (key.empty() || key.size() > limits_.state_key_bytes_max) {
    return error{errc::too_large, "a state key has 1 to " + std::to_string(limits_.state_key_bytes_max) + " bytes"};
  }
  const auto found = entries_.find(key);
  const auto before = found == entries_.end() ? 0 : key.size() + found->second.bytes().size();
  const auto after = bytes_ - before + key.size() + value.bytes().size();
  if (after > limits_.state_bytes_max) return error{errc::too_large, "the connected state is full (bytes)"};
  if (found == entries_.end() && entries_.size() >= limits_.state_keys_max) {
    return error{errc::overloaded, "the connected state is full (keys)"};
  }
  entries_.insert_or_assign(std::string(key), std::move(value));
  bytes_ = after;
  return {};
}

const payload* connected_state::find(std::string_view key) const noexcept {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace askr
