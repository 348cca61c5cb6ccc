// SPDX-License-Identifier: MIT
#include "libaskr/src/stranger_gate.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t failing_sources_max = 1024;
constexpr std::size_t ipv6_network_bytes = 7;

double rate(std::size_t per_second) { return static_cast<double>(per_second); }

}  // namespace

stranger_gate::source stranger_gate::source::of_ipv4(const std::array<std::uint8_t, 4>& address, bool local) noexcept {
  source made{.local = local};
  made.network[0] = 4;
  std::copy(address.begin(), address.end(), made.network.begin() + 1);
  return made;
}

stranger_gate::source stranger_gate::source::of_ipv6(const std::array<std::uint8_t, 16>& address, bool local) noexcept {
  source made{.local = local};
  made.network[0] = 6;
  std::copy_n(address.begin(), ipv6_network_bytes, made.network.begin() + 1);
  return made;
}

stranger_gate::stranger_gate(const node_limits& limits)
    : limits_(limits), answers_(rate(limits.handshakes_per_second), rate(limits.handshakes_burst)) {}

stranger_gate::admission stranger_gate::admit(time_point now, const source& from) {
  if (!from.local) {
    const auto known = places_.find(from);
    if (known != places_.end() && known->second.taken >= limits_.strangers_per_address_max) return {};
    if (has_failed_too_often(now, from)) return {};
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
  if (failed && !from.local) note_failure(now, from);
}

void stranger_gate::forget(ticket which, const source& from) {
  strangers_.erase(which);
  auto& there = places_[from];
  there.evictable.erase(which);
  if (--there.taken == 0) places_.erase(from);
}

bool stranger_gate::has_failed_too_often(time_point now, const source& from) {
  const auto found = failures_.find(from);
  return found != failures_.end() && !found->second.allowed.has(now);
}

void stranger_gate::note_failure(time_point now, const source& from) {
  if (failures_.size() >= failing_sources_max && !failures_.contains(from)) forget_old_failures(now);
  auto& there =
      failures_.try_emplace(from, failures{{rate(limits_.failures_per_second), rate(limits_.failures_burst)}, now})
          .first->second;
  there.allowed.take(now);
  there.last = now;
}

// Whose bucket is full again has nothing to remember; if nobody's is, the one that failed first goes.
void stranger_gate::forget_old_failures(time_point now) {
  const duration refill = std::chrono::ceil<duration>(
      std::chrono::duration<double>(rate(limits_.failures_burst) / std::max(1.0, rate(limits_.failures_per_second))));
  std::erase_if(failures_, [&](const auto& each) { return each.second.last + refill <= now; });
  if (failures_.size() < failing_sources_max) return;
  failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& one, const auto& other) {
    return one.second.last < other.second.last;
  }));
}

}  // namespace askr
