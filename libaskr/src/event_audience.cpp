// SPDX-License-Identifier: MIT
#include "libaskr/src/event_audience.hpp"

#include "libaskr/src/session_table.hpp"

#include <utility>

namespace askr {

event_audience::event_audience(const node_limits& limits, subscriptions& table, session_table& sessions,
                               event_replays& replays, counters& counts)
    : limits_(limits), table_(table), sessions_(sessions), replays_(replays), counts_(counts) {}

bool event_audience::add_listener(std::uint64_t id, std::string_view pattern, detail::listener listener,
                                  gap_listener on_gap) {
  if (listeners_.size() >= limits_.listeners_max) return false;
  auto row = std::make_shared<listener_row>();
  row->pattern = pattern;
  row->call = std::move(listener);
  row->on_gap = std::move(on_gap);
  listeners_.emplace(id, std::move(row));
  table_.add(pattern, {subscriber::kind::listener, id});
  return true;
}

void event_audience::remove_listener(std::uint64_t id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  table_.remove(found->second->pattern, {subscriber::kind::listener, id});
  listeners_.erase(found);
}

void event_audience::deliver(const std::vector<subscriber>& matched, const event& what) {
  const auto number = sessions_.begin_event();
  for (const auto& each : matched) {
    if (!each.is_local() || (!replays_.empty() && replays_.hold(each, what))) continue;
    deliver_numbered(each, what, number);
  }
  sessions_.end_event();
}

void event_audience::deliver_to(const subscriber& who, const event& what) {
  deliver_numbered(who, what, sessions_.begin_event());
  sessions_.end_event();
}

void event_audience::deliver_numbered(const subscriber& who, const event& what, std::uint64_t number) {
  bool taken = true;
  if (who.what == subscriber::kind::listener) {
    call(who.id, [&](listener_row& row) { row.call(what); });
  } else {
    taken = sessions_.send_event(who.id, what, number);
  }
  ++(taken ? counts_.events_delivered : counts_.events_dropped);
}

void event_audience::report(const std::vector<subscriber>& matched, const event_gap& what) {
  ++counts_.event_gaps;
  for (const auto& each : matched) {
    if (!each.is_local() || (!replays_.empty() && replays_.hold(each, what))) continue;
    report_to(each, what);
  }
}

void event_audience::report_to(const subscriber& who, const event_gap& what) {
  if (who.what == subscriber::kind::session) return sessions_.send_gap(who.id, what);
  call(who.id, [&](listener_row& row) {
    if (row.on_gap) row.on_gap(what);
  });
}

template <class Call>
void event_audience::call(std::uint64_t listener, Call how) {
  const auto found = listeners_.find(listener);
  if (found == listeners_.end()) return;
  const auto row = found->second;  // The listener may remove itself.
  try {
    how(*row);
  } catch (...) {
    ++counts_.handlers_failed;
  }
}

}  // namespace askr
