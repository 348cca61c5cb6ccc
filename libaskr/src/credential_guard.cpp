// SPDX-License-Identifier: MIT
#include "libaskr/src/credential_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace askr {
namespace {

constexpr std::size_t network_bytes = 8;  // Who has one IPv6 address has all of its /64.

std::string group_of(std::string_view address) {
  std::string text(address.substr(0, address.find('%')));
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return {reinterpret_cast<const char*>(bytes.data()), network_bytes};
}

}  // namespace

double credential_guard::left(time_point now, const row& which) const noexcept {
  const auto most = static_cast<double>(options_.sessions.refusals_per_minute);
  const auto passed = std::chrono::duration<double, std::ratio<60>>(now - which.counted).count();
  return std::min(most, which.left + passed * most);
}

double credential_guard::left(time_point now, const std::string& group) const {
  const auto found = places_.find(group);
  if (found == places_.end()) return static_cast<double>(options_.sessions.refusals_per_minute);
  return left(now, *found->second);
}

bool credential_guard::may_try(time_point now, std::string_view address) { return left(now, group_of(address)) >= 1; }

bool credential_guard::begin(time_point now, std::string_view address, session_id who) {
  const auto group = group_of(address);
  auto& there = queues_[group];
  if (there.under_way > 0 && left(now, group) < static_cast<double>(there.under_way + 1)) {
    there.waiting.push_back(who);
    return false;
  }
  ++there.under_way;
  return true;
}

void credential_guard::end(std::string_view address) {
  const auto found = queues_.find(group_of(address));
  if (found == queues_.end() || found->second.under_way == 0) return;
  if (--found->second.under_way == 0 && found->second.waiting.empty()) queues_.erase(found);
}

std::optional<session_id> credential_guard::next(time_point now, std::string_view address) {
  const auto found = queues_.find(group_of(address));
  if (found == queues_.end() || found->second.waiting.empty()) return std::nullopt;
  auto& there = found->second;
  const auto tries = left(now, found->first);
  if (tries >= 1) {
    if (tries < static_cast<double>(there.under_way + 1)) return std::nullopt;
    ++there.under_way;
  }
  const auto who = there.waiting.front();
  there.waiting.pop_front();
  if (there.under_way == 0 && there.waiting.empty()) queues_.erase(found);
  return who;
}

void credential_guard::forget(std::string_view address, session_id who) {
  const auto found = queues_.find(group_of(address));
  if (found != queues_.end()) std::erase(found->second.waiting, who);
}

void credential_guard::on_refused(time_point now, std::string_view address) {
  if (options_.limits.refused_addresses_max == 0) return;
  const auto group = group_of(address);
  const auto found = places_.find(group);
  if (found != places_.end()) {
    rows_.splice(rows_.begin(), rows_, found->second);
  } else {
    if (rows_.size() >= options_.limits.refused_addresses_max) {
      places_.erase(rows_.back().group);
      rows_.pop_back();
    }
    rows_.push_front({group, static_cast<double>(options_.sessions.refusals_per_minute), now});
    places_[group] = rows_.begin();
  }
  auto& which = rows_.front();
  which.left = std::max(0.0, left(now, which) - 1);
  which.counted = now;
}

}  // namespace askr
