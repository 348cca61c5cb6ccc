// SPDX-License-Identifier: MIT
#include "bench/load.hpp"

#include "bench/process.hpp"

#include <cstring>

namespace askr::bench {

load::load(const load_options& options) : options_(options), requests_(options.in_flight) {
  for (auto& each : requests_) {
    each.payload.resize(options.payload_bytes);
    for (std::size_t at = 0; at < each.payload.size(); ++at)
      each.payload[at] = static_cast<std::uint8_t>(at * 167 + 13);
  }
}

void load::start(time_point now) noexcept {
  warm_ = now + options_.warm_up;
  end_ = warm_ + options_.length;
}

byte_span load::start_request(std::size_t which, time_point now) noexcept {
  auto& next = requests_[which];
  ++last_;
  std::memcpy(next.payload.data(), &last_, std::min(sizeof last_, next.payload.size()));
  next.sent = now;
  next.under_way = true;
  ++under_way_;
  return next.payload;
}

bool load::finish_request(std::size_t which, time_point now, byte_span reply) noexcept {
  auto& finished = requests_[which];
  finished.under_way = false;
  --under_way_;
  const bool good =
      reply.size() == finished.payload.size() && std::memcmp(reply.data(), finished.payload.data(), reply.size()) == 0;
  if (!good) ++errors_;
  if (ended_) return false;
  if (now >= end_) {
    final_ = read_meters(now);
    ended_ = true;
    return false;
  }
  if (measuring_) {
    latency_.add(now - finished.sent);
  } else if (now >= warm_) {
    first_ = read_meters(now);
    measuring_ = true;
  }
  return good;  // A system that fails at once would otherwise be asked again for ever in one turn.
}

load::reading load::read_meters(time_point now) const noexcept {
  auto used = cpu_time(0);
  for (const auto other : options_.others) used += cpu_time(other);
  return {now, used};
}

round_result load::result() const {
  round_result sum{.latency = latency_, .errors = errors_, .lost = under_way_};
  if (!measuring_ || !ended_) return sum;
  sum.seconds = std::chrono::duration<double>(final_.at - first_.at).count();
  sum.cpu_us = std::chrono::duration<double, std::micro>(final_.cpu - first_.cpu).count();
  return sum;
}

}  // namespace askr::bench
