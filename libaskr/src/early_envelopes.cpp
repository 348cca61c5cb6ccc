// SPDX-License-Identifier: MIT
#include "libaskr/src/early_envelopes.hpp"

#include <algorithm>

namespace askr {
namespace {

std::size_t weight(const byte_buffer& sealed) { return sealed.size() + sizeof(early_envelopes::envelope); }

}  // namespace

bool early_envelopes::hold(time_point now, link_id from, const transport::routed_message& message) {
  envelope held{.from = from, .due = now + kept, .message = message, .sealed = {}};
  append(held.sealed, message.sealed);
  if (held_.size() >= envelopes_max || bytes_ + weight(held.sealed) > bytes_max) return false;
  bytes_ += weight(held.sealed);
  held_.push_back(std::move(held));
  return true;
}

bool early_envelopes::has_of(const node_id& source) const noexcept {
  return std::any_of(held_.begin(), held_.end(), [&](const auto& each) { return each.message.source == source; });
}

early_envelopes::envelope early_envelopes::take(std::deque<envelope>::iterator which) {
  auto taken = std::move(*which);
  held_.erase(which);
  bytes_ -= weight(taken.sealed);
  taken.message.sealed = taken.sealed;
  return taken;
}

}  // namespace askr
