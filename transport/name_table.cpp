// SPDX-License-Identifier: MIT
#include "transport/name_table.hpp"

#include <functional>
#include <utility>

namespace askr::transport {
namespace {

constexpr std::size_t slots_at_first = 64;

std::uint32_t short_hash(std::string_view text) noexcept {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
}

}  // namespace

interned_name sent_names::intern(std::string_view text) {
  if (slots_.empty()) slots_.resize(slots_at_first);
  const auto hash = short_hash(text);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].id != no_name_id; at = (at + 1) & mask) {
    const auto id = slots_[at].id;
    if (slots_[at].hash == hash && names_[id] == text) return {interned_name::form::number, id, text};
  }
  if (names_.size() >= names_max) return {interned_name::form::text, no_name_id, text};
  const auto id = static_cast<std::uint32_t>(names_.size());
  names_.emplace_back(text);
  slots_[at] = {hash, id};
  if (names_.size() * 2 > slots_.size()) grow();
  return {interned_name::form::definition, id, text};
}

void sent_names::grow() {
  const auto old = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  for (const auto& each : old) {
    if (each.id == no_name_id) continue;
    std::size_t at = each.hash & mask;
    while (slots_[at].id != no_name_id) at = (at + 1) & mask;
    slots_[at] = each;
  }
}

bool received_names::define(std::uint64_t id, std::string_view text) {
  if (id != names_.size() || names_.size() >= names_max || !is_name(text)) return false;
  names_.push_back(std::make_unique<const std::string>(text));
  return true;
}

}  // namespace askr::transport
