// SPDX-License-Identifier: MIT
#include "libaskr/src/source_buckets.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t sources_max = 1024;
constexpr std::size_t ipv6_network_bytes = 7;

}  // namespace

connection_source connection_source::of_ipv4(const std::array<std::uint8_t, 4>& address, bool local) noexcept {
  connection_source made{.local = local};
  made.network[0] = 4;
  std::copy(address.begin(), address.end(), made.network.begin() + 1);
  return made;
}

connection_source connection_source::of_ipv6(const std::array<std::uint8_t, 16>& address, bool local) noexcept {
  connection_source made{.local = local};
  made.network[0] = 6;
  std::copy_n(address.begin(), ipv6_network_bytes, made.network.begin() + 1);
  return made;
}

bool source_buckets::has(time_point now, const connection_source& from) {
  const auto found = rows_.find(from);
  return found == rows_.end() ? burst_ >= 1 : found->second.bucket.has(now);
}

bool source_buckets::take(time_point now, const connection_source& from) {
  if (rows_.size() >= sources_max && !rows_.contains(from)) forget_old(now);
  auto& there = rows_.try_emplace(from, row{{per_second_, burst_}, now}).first->second;
  there.last = now;
  return there.bucket.take(now);
}

void source_buckets::forget_old(time_point now) {
  const auto refill = std::chrono::ceil<duration>(std::chrono::duration<double>(burst_ / std::max(1.0, per_second_)));
  std::erase_if(rows_, [&](const auto& each) { return each.second.last + refill <= now; });
  if (rows_.size() < sources_max) return;
  rows_.erase(std::min_element(rows_.begin(), rows_.end(),
                               [](const auto& one, const auto& other) { return one.second.last < other.second.last; }));
}

}  // namespace askr
