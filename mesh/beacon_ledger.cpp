// SPDX-License-Identifier: MIT
#include "mesh/beacon_ledger.hpp"

namespace askr::mesh {

bool beacon_ledger::may_follow(time_point now, const std::string& from, bool from_this_host) {
  return (from_this_host || this->from(now, from).news.take(now)) && followed_.take(now);
}

beacon_ledger::source& beacon_ledger::from(time_point now, const std::string& address) {
  if (sources_.size() >= sources_max && !sources_.contains(address)) sources_.erase(sources_.begin());
  auto& row = sources_[address];
  row.last = now;
  return row;
}

void beacon_ledger::set_clock(const node_id& id, std::int64_t ahead_ms) {
  if (clocks_.size() >= clocks_max && !clocks_.contains(id)) clocks_.erase(clocks_.begin());
  clocks_[id] = ahead_ms;
}

}  // namespace askr::mesh
