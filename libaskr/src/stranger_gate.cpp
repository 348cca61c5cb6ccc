// SPDX-License-Identifier: MIT
#include "libaskr/src/stranger_gate.hpp"

#include <algorithm>

namespace askr {
namespace {

double rate(std::size_t per_second) { return static_cast<double>(per_second); }

}  // namespace

stranger_gate::stranger_gate(const node_limits& limits, const tls_options& tls)
    : limits_(limits),
      failures_(limits.failures_per_second, limits.failures_burst),
      answers_(rate(limits.handshakes_per_second), rate(limits.handshakes_burst)),
      handshakes_(rate(tls.handshakes_per_second), rate(tls.handshakes_burst)),
      handshakes_from_(tls.handshakes_per_address_per_second, tls.handshakes_per_address_burst) {}

stranger_gate::admission stranger_gate::admit(time_point now, const source& from) {
  if (!from.local) {
    const auto known = places_.find(from);
    if (known != places_.end() && known->second.taken >= limits_.strangers_per_address_max) return {};
    if (!failures_.has(now, from)) return {};
  }
  admission made;
  if (strangers_.size() >= limits_.strangers_max) {
    made.evicted = evict();
    if (made.evicted == 0) return {};
  }
  made.admitted = ++last_;
  strangers_.emplace(made.admitted, from);
  auto& there = places_[from];
  ++there.taken;
  there.evictable.insert(made.admitted);
  return made;
}

stranger_gate::ticket stranger_gate::evict() {
  const auto most = std::max_element(places_.begin(), places_.end(), [](const auto& one, const auto& other) {
    return one.second.evictable.size() < other.second.evictable.size();
  });
  if (most == places_.end() || most->second.evictable.empty()) return 0;
  const auto oldest = *most->second.evictable.begin();
  forget(oldest, source(most->first));
  return oldest;
}

void stranger_gate::keep(ticket which) {
  const auto found = strangers_.find(which);
  if (found != strangers_.end()) places_[found->second].evictable.erase(which);
}

void stranger_gate::leave(time_point now, ticket which, bool failed) {
  const auto found = strangers_.find(which);
  if (found == strangers_.end()) return;
  const auto from = found->second;
  forget(which, from);
  if (failed && !from.local) failures_.take(now, from);
}

void stranger_gate::forget(ticket which, const source& from) {
  strangers_.erase(which);
  auto& there = places_[from];
  there.evictable.erase(which);
  if (--there.taken == 0) places_.erase(from);
}

// One source's share first: what it has used up does not count for all.
bool stranger_gate::may_shake_hands(time_point now, ticket which) {
  const auto found = strangers_.find(which);
  if (found == strangers_.end()) return false;
  if (!found->second.local && !handshakes_from_.take(now, found->second)) return false;
  return handshakes_.take(now);
}

}  // namespace askr
