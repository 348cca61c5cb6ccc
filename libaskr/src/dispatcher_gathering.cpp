// SPDX-License-Identifier: MIT
// Commands that ask all nodes that serve them.
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/peer_table.hpp"

#include <algorithm>

namespace askr {
namespace {

// Every question has the deadline of the whole; by then the last of them is answered.
constexpr duration gather_grace = seconds(1);

}  // namespace

std::vector<gathers::asked_node> dispatcher::servers_of(command_row& row) {
  std::vector<gathers::asked_node> all;
  const auto add = [&](const node_id& id) {
    const auto* record = directory_.find(id);
    if (record != nullptr) all.push_back({id, record->name});
  };
  if (row.builtin) {
    for (const auto& record : directory_.records()) all.push_back({record->id, record->name});
  } else {
    if (row.is_served_here()) add(self_);
    for (const auto& each : table_.servers(row)) add(each.id);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

void dispatcher::submit_to_all(time_point now, const command_request& request, caller from) {
  if (!request.to.empty() || request.stream) {
    return refuse(from, {errc::unsupported, "to all, to one and in parts exclude each other"});
  }
  auto* row = table_.find(request.name);
  auto asked = row != nullptr ? servers_of(*row) : std::vector<gathers::asked_node>{};
  if (asked.empty()) return refuse(from, no_handler(request.name));
  if (pending_.full() || gathers_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  std::vector<node_id> targets;
  for (const auto& each : asked) targets.push_back(each.id);
  const auto mid = ++last_mid_;
  const auto gather = gathers_.begin(mid, std::move(asked));
  pending_.add({.mid = mid,
                .from = std::move(from),
                .sent = now,
                .deadline = now + request.remaining + gather_grace,
                .gather = gather});
  auto question = request;
  for (std::size_t i = 0; i < targets.size() && gathers_.has(gather); ++i) {
    const auto name = targets[i].to_string();
    question.to = name;  // Nobody answers for another.
    submit_to(now, question, targets[i], {.what = caller::kind::gather, .id = gather, .ticket = i + 1});
  }
}

void dispatcher::on_gathered(gather_id which) {
  auto ended = take(gathers_.mid(which));
  const auto answers = gathers_.take(which);
  finish(ended.from, answers.view());
}

void dispatcher::give_up_gather(time_point now, gather_id which, const error& why) {
  gathers_.erase(which);
  while (const auto mid = pending_.first_asked_by(caller::kind::gather, which)) give_up(now, mid, why);
}

}  // namespace askr
