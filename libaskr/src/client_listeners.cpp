// SPDX-License-Identifier: MIT
#include "libaskr/src/client_listeners.hpp"

namespace askr {

bool client_listeners::add(std::uint64_t id, std::string pattern, detail::listener listener) {
  table_.add(pattern, {subscriber::kind::listener, id});
  rows_.emplace(id, row{pattern, std::move(listener)});
  return ++patterns_[std::move(pattern)] == 1;
}

std::optional<std::string> client_listeners::remove(std::uint64_t id) {
  const auto found = rows_.find(id);
  if (found == rows_.end()) return std::nullopt;
  auto pattern = std::move(found->second.pattern);
  table_.remove(pattern, {subscriber::kind::listener, id});
  rows_.erase(found);
  const auto count = patterns_.find(pattern);
  if (--count->second > 0) return std::nullopt;
  patterns_.erase(count);
  return pattern;
}

bool client_listeners::hear(const event& heard) {
  matched_.clear();
  table_.match(heard.topic, matched_);
  bool heard_by_all = true;
  for (const auto& each : matched_) {
    try {
      rows_.at(each.id).call(heard);
    } catch (...) {
      heard_by_all = false;
    }
  }
  return heard_by_all;
}

}  // namespace askr
