// SPDX-License-Identifier: MIT
#include "libaskr/src/pending_commands.hpp"

#include <askr/assert.hpp>

#include <utility>

namespace askr {

std::size_t pending_commands::probe(std::uint64_t mid) const noexcept {
  const auto mask = index_.size() - 1;
  auto at = home_of(mid);
  while (index_[at] != empty && slots_[index_[at]].mid != mid) at = (at + 1) & mask;
  return at;
}

pending_command& pending_commands::add(pending_command command, time_point deadline) {
  if (2 * (count_ + 1) > index_.size()) grow();
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  const auto at = probe(command.mid);
  ASKR_ASSERT(index_[at] == empty);
  slots_[slot] = std::move(command);
  index_[at] = slot;
  wheel_.schedule(slot, deadline);
  ++count_;
  return slots_[slot];
}

pending_command* pending_commands::find(std::uint64_t mid) noexcept {
  const auto at = probe(mid);
  return index_[at] == empty ? nullptr : &slots_[index_[at]];
}

pending_command pending_commands::take(std::uint64_t mid) {
  auto hole = probe(mid);
  const auto slot = index_[hole];
  ASKR_ASSERT(slot != empty);
  wheel_.cancel(slot);
  auto taken = std::move(slots_[slot]);
  slots_[slot] = {};
  free_.push_back(slot);
  --count_;
  // Linear probing without tombstones: close the hole with whatever would no longer be found past it.
  const auto mask = index_.size() - 1;
  index_[hole] = empty;
  for (auto at = (hole + 1) & mask; index_[at] != empty; at = (at + 1) & mask) {
    const auto home = home_of(slots_[index_[at]].mid);
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = std::exchange(index_[at], empty);
    hole = at;
  }
  return taken;
}

const std::vector<std::uint64_t>& pending_commands::expire(time_point now) {
  expired_slots_.clear();
  expired_.clear();
  wheel_.expire(now, expired_slots_);
  for (const auto slot : expired_slots_) expired_.push_back(slots_[slot].mid);
  return expired_;
}

void pending_commands::grow() {
  index_.assign(2 * index_.size(), empty);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].mid != 0) index_[probe(slots_[slot].mid)] = slot;
  }
}

}  // namespace askr
