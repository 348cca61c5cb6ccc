// SPDX-License-Identifier: MIT
#include "mesh/mid_window.hpp"

namespace askr::mesh {

mid_verdict mid_window::accept(std::uint64_t mid) noexcept {
  if (highest_ >= bits && mid <= highest_ - bits) return mid_verdict::too_old;
  const auto word = mid / 64;
  if (word > head_) advance(word);
  auto& place = seen_[word % words];
  const auto bit = std::uint64_t{1} << (mid % 64);
  if ((place & bit) != 0) return mid_verdict::duplicate;
  place |= bit;
  if (mid > highest_) highest_ = mid;
  return mid_verdict::fresh;
}

void mid_window::advance(std::uint64_t word) noexcept {
  if (word - head_ >= words) {
    seen_.fill(0);
  } else {
    for (auto each = head_ + 1; each <= word; ++each) seen_[each % words] = 0;
  }
  head_ = word;
}

mid_windows::caller_window* mid_windows::find_or_add(const node_id& caller) {
  if (last_ != nullptr && last_id_ == caller) return last_;
  auto found = callers_.find(caller);
  if (found == callers_.end()) {
    if (is_full()) return nullptr;
    found = callers_.try_emplace(caller).first;
  }
  last_id_ = caller;
  return last_ = &found->second;
}

mid_verdict mid_windows::accept(const node_id& caller, incarnation life, std::uint64_t mid) {
  auto* known = find_or_add(caller);
  if (known == nullptr || life < known->life) return mid_verdict::too_old;
  if (life > known->life) *known = {.life = life, .window = {}, .large = {}};
  return (mid & large_mid) != 0 ? known->large.accept(mid & ~large_mid) : known->window.accept(mid);
}

}  // namespace askr::mesh
