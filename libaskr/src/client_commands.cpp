// SPDX-License-Identifier: MIT
#include "libaskr/src/client_commands.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <vector>

namespace askr {

void client_commands::add(std::uint64_t mid, time_point deadline, completion done, command_id number,
                          std::shared_ptr<part_receiver> parts) {
  const bool added = rows_.emplace(mid, row{deadline, false, std::move(done), number, std::move(parts)}).second;
  if (number != 0) mids_[number] = mid;
  ASKR_ASSERT(added);
  deadlines_.emplace(deadline, mid);
}

milliseconds client_commands::remaining(time_point now, std::uint64_t mid) const noexcept {
  const auto found = rows_.find(mid);
  if (found == rows_.end()) return milliseconds(0);
  return std::max(std::chrono::ceil<milliseconds>(found->second.deadline - now), milliseconds(0));
}

void client_commands::mark_sent(std::uint64_t mid) {
  const auto found = rows_.find(mid);
  if (found == rows_.end()) return;
  deadlines_.erase({found->second.due(), mid});
  found->second.sent = true;
  deadlines_.emplace(found->second.due(), mid);
}

std::uint64_t client_commands::find(command_id number) const {
  const auto found = mids_.find(number);
  return found == mids_.end() ? 0 : found->second;
}

bool client_commands::was_sent(std::uint64_t mid) const {
  const auto found = rows_.find(mid);
  return found != rows_.end() && found->second.sent;
}

bool client_commands::on_part(std::uint64_t mid, payload_view part) {
  const auto found = rows_.find(mid);
  if (found == rows_.end() || !found->second.parts) return false;
  const auto receiver = found->second.parts;  // It may give the command up.
  (*receiver)(part);
  return true;
}

bool client_commands::on_outcome(std::uint64_t mid, result<payload> outcome) {
  const auto found = rows_.find(mid);
  if (found == rows_.end()) return false;
  deadlines_.erase({found->second.due(), mid});
  if (found->second.number != 0) mids_.erase(found->second.number);
  auto done = std::move(found->second.done);
  rows_.erase(found);
  done(std::move(outcome));
  return true;
}

void client_commands::on_connection_lost(const error& why) {
  std::vector<std::uint64_t> lost;
  for (const auto& [mid, row] : rows_) {
    if (row.sent) lost.push_back(mid);
  }
  for (const auto mid : lost) on_outcome(mid, why);
}

void client_commands::close(const error& why) {
  while (!rows_.empty()) on_outcome(rows_.begin()->first, why);
}

void client_commands::on_timeout(time_point now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto mid = deadlines_.begin()->second;
    const bool sent = rows_.at(mid).sent;
    on_outcome(mid,
               error{errc::timed_out, sent ? "no outcome before the deadline" : "no connection before the deadline"});
  }
}

}  // namespace askr
