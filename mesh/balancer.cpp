// SPDX-License-Identifier: MIT
#include "mesh/balancer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace askr::mesh {
namespace {

constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
// At most half are ejected, so so many draws fail once in 65,536 times.
constexpr int draws_max = 16;
constexpr double success_weight = 1.0 / 16;
constexpr std::uint32_t answers_min = 16;
constexpr double typical_weight = 1.0 / 64;
constexpr double small_age = 1.0 / 128;  // Cut off: 8e-8.

double in_us(duration span) { return std::chrono::duration<double, std::micro>(span).count(); }

// The finaliser of splitmix64 (Vigna, 2015): every bit of the input moves every bit of the output.
std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

// Source: FNV-1a, 64 bit (Fowler, Noll, Vo); mixed, because its high bits are weak for short keys.
std::uint64_t hash_key(std::string_view key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char each : key) hash = (hash ^ each) * 0x100000001b3ULL;
  return mix(hash);
}

std::uint64_t rendezvous_weight(std::uint64_t key_hash, const node_id& server) noexcept {
  std::uint64_t head = 0, tail = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    head = head << 8 | server.bytes[i];
    tail = tail << 8 | server.bytes[i + 8];
  }
  return mix(mix(key_hash ^ head) ^ tail);
}

std::optional<std::size_t> balancer::pick(time_point now, std::span<const candidate> among, balance how,
                                          std::string_view key, rng& random) {
  if (among.empty()) return std::nullopt;
  if (among.size() == 1) return 0;
  switch (how) {
    case balance::round_robin:
      return pick_round_robin(now, among);
    case balance::sticky:
      return pick_sticky(now, among, key);
    case balance::p2c:
      break;
  }
  return pick_p2c(now, among, random);
}

std::size_t balancer::pick_p2c(time_point now, std::span<const candidate> among, rng& random) {
  const auto one = draw(now, among, nobody, random);
  const auto other = draw(now, among, one, random);
  if (one == other) return one;
  // A server on its ramp takes part as often as its share says; against another such one it always does.
  const bool one_takes_part = takes_part(now, among[one].id, random);
  const bool other_takes_part = takes_part(now, among[other].id, random);
  if (one_takes_part != other_takes_part) return one_takes_part ? one : other;
  return load(now, among[other]) < load(now, among[one]) ? other : one;
}

std::size_t balancer::draw(time_point now, std::span<const candidate> among, std::size_t not_this, rng& random) const {
  const auto bound = not_this == nobody ? among.size() : among.size() - 1;
  std::size_t at = 0;
  for (int i = 0; i < draws_max; ++i) {
    at = static_cast<std::size_t>(random.below(bound));
    if (not_this != nobody && at >= not_this) ++at;
    if (!is_ejected(now, among[at].id)) return at;
  }
  // Few are left, or none: look at all, from where chance has led.
  for (std::size_t i = 0; i < among.size(); ++i) {
    const auto next = (at + i) % among.size();
    if (next != not_this && !is_ejected(now, among[next].id)) return next;
  }
  return not_this == nobody ? at : not_this;
}

bool balancer::takes_part(time_point now, const node_id& server, rng& random) {
  const auto* row = find_or_add(now, server);
  if (row == nullptr) return true;
  const auto age = now - row->ramp_began;
  if (age >= options_.ramp) return true;
  return random.unit() < std::max(options_.ramp_share_min, in_us(age) / in_us(options_.ramp));
}

std::size_t balancer::pick_round_robin(time_point now, std::span<const candidate> among) {
  const auto begin = turn_++ % among.size();
  for (std::size_t i = 0; i < among.size(); ++i) {
    const auto at = (begin + i) % among.size();
    if (is_ejected(now, among[at].id)) continue;
    turn_ += i;
    return at;
  }
  return begin;
}

std::size_t balancer::pick_sticky(time_point now, std::span<const candidate> among, std::string_view key) const {
  const auto hash = hash_key(key);
  struct rank {
    bool well;
    std::uint64_t weight;
  };
  const auto rank_of = [&](const candidate& each) {
    return rank{!is_ejected(now, each.id), rendezvous_weight(hash, each.id)};
  };
  std::size_t best = 0;
  auto highest = rank_of(among[0]);
  for (std::size_t at = 1; at < among.size(); ++at) {
    const auto rival = rank_of(among[at]);
    const bool wins = rival.well != highest.well       ? rival.well
                      : rival.weight != highest.weight ? rival.weight > highest.weight
                                                       : among[at].id < among[best].id;
    if (!wins) continue;
    best = at;
    highest = rival;
  }
  return best;
}

balancer::row* balancer::find(const node_id& server) {
  if (last_ != nullptr && last_id_ == server) return last_;
  const auto known = rows_.find(server);
  if (known == rows_.end()) return nullptr;
  last_id_ = server;
  return last_ = &known->second;
}

// Null if the table is full of servers at work.
balancer::row* balancer::find_or_add(time_point now, const node_id& server) {
  if (auto* known = find(server)) return known;
  if (rows_.size() >= options_.servers_max) forget_idle();
  if (rows_.size() >= options_.servers_max) return nullptr;
  auto& added = rows_[server];
  added.ramp_began = now;
  added.measured = now;
  return &added;
}

void balancer::forget_idle() {
  last_ = nullptr;
  std::erase_if(rows_, [](const auto& each) { return each.second.in_flight == 0; });
}

double balancer::faded(time_point now, const row& which) const {
  const auto age = in_us(now - which.measured) / in_us(options_.decay);
  // Under load answers come often; then two terms of the series are as good as exp, at a tenth of the price.
  return age < small_age ? 1 - age * (1 - age / 2) : std::exp(-age);
}

double balancer::latency_us(time_point now, const row& which) const {
  return which.latency_us == 0 ? typical_us_ : which.latency_us * faded(now, which);
}

double balancer::load(time_point now, const candidate& which) const {
  const auto known = rows_.find(which.id);
  const auto distance = in_us(options_.hop_cost) * which.hops;
  if (known == rows_.end()) return typical_us_ + distance;
  return (latency_us(now, known->second) + distance) * (known->second.in_flight + 1);
}

void balancer::on_sent(time_point now, const node_id& server) {
  if (auto* row = find_or_add(now, server)) ++row->in_flight;
}

void balancer::on_canceled(const node_id& server) {
  auto* row = find(server);
  if (row != nullptr && row->in_flight > 0) --row->in_flight;
}

void balancer::on_lost(const node_id& server) {
  rows_.erase(server);
  last_ = nullptr;
}

void balancer::on_reply(time_point now, const node_id& server, duration latency, bool ok) {
  auto* known = find(server);
  if (known == nullptr) return;
  auto& row = *known;
  if (row.in_flight > 0) --row.in_flight;

  const auto sample = std::max(1.0, in_us(latency));
  const auto weight = faded(now, row);
  const auto kept = row.latency_us * weight;
  if (sample > kept) {
    row.latency_us = sample;  // A peak counts at once.
  } else if (ok) {
    row.latency_us = kept + sample * (1 - weight);
  } else {
    row.latency_us = kept;  // A quick refusal is no reason to send more.
  }
  row.measured = now;
  if (ok) typical_us_ += (sample - typical_us_) * typical_weight;
  row.failures = ok ? 0 : row.failures + 1;
  row.success += ((ok ? 1 : 0) - row.success) * success_weight;
  ++row.answers;
  judge(now, row);
}

void balancer::judge(time_point now, row& which) {
  if (which.ejected_until > now) return;  // Answers to what was sent before.
  const bool unlucky = which.failures >= options_.failures_max;
  const bool unreliable = which.answers >= answers_min && which.success < options_.success_min;
  const bool forgiven = which.ejections > 0 && now - which.ejected_until >= options_.eject_max;
  if (!unlucky && !unreliable) {
    if (forgiven) which.ejections = 0;
    return;
  }
  if (!may_eject(now)) return;
  const auto times = forgiven ? 0 : which.ejections;
  const auto span = std::min(options_.eject_max, options_.eject_min * (1 << std::min<std::uint32_t>(times, 16)));
  which.ejections = times + 1;
  which.ejected_until = now + span;
  which.ramp_began = which.ejected_until;
  which.failures = 0;
  which.success = 1;
  which.answers = 0;
}

bool balancer::may_eject(time_point now) const {
  const auto ejected =
      std::count_if(rows_.begin(), rows_.end(), [now](const auto& each) { return each.second.ejected_until > now; });
  return (static_cast<std::size_t>(ejected) + 1) * 2 <= rows_.size();
}

bool balancer::is_ejected(time_point now, const node_id& server) const {
  const auto known = rows_.find(server);
  return known != rows_.end() && known->second.ejected_until > now;
}

std::uint32_t balancer::in_flight(const node_id& server) const {
  const auto known = rows_.find(server);
  return known == rows_.end() ? 0 : known->second.in_flight;
}

}  // namespace askr::mesh
