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

bool credential_guard::may_try(time_point now, std::string_view address) {
  const auto found = places_.find(group_of(address));
  return found == places_.end() ? options_.sessions.refusals_per_minute > 0 : left(now, *found->second) >= 1;
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
