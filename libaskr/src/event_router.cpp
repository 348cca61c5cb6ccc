// SPDX-License-Identifier: MIT
#include "libaskr/src/event_router.hpp"

#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/session_table.hpp"

namespace askr {

event_router::event_router(const node_limits& limits, const self_description& self, peer_table& peers,
                           session_table& sessions, counters& counts)
    : limits_(limits), self_(self), peers_(peers), sessions_(sessions), counts_(counts) {}

result<void> event_router::emit(const principal& who, std::string_view topic, payload_view data) {
  if (!who.rights.may(verb::emit, topic)) return error{errc::denied, who.name + " may not emit " + std::string(topic)};
  ++counts_.events_emitted;
  matched_.clear();
  subscriptions_.match(topic, matched_);
  auto sequence = sequences_.find(topic);
  if (sequence == sequences_.end()) {
    if (matched_.empty()) return {};  // Nobody has ever listened: there is nothing to number.
    if (sequences_.size() >= limits_.topics_max) return error{errc::overloaded, "too many topics"};
    sequence = sequences_.emplace(std::string(topic), 0).first;
  }
  const event what{.topic = topic,
                   .data = data,
                   .origin = self_.id,
                   .origin_name = self_.name,
                   .epoch = self_.life,
                   .sequence = ++sequence->second};
  auto matched = std::exchange(matched_, {});  // A listener may emit.
  for (const auto& each : matched) deliver(each, what);
  sessions_.end_event();
  matched_ = std::move(matched);
  return {};
}

void event_router::on_event(const event& heard) {
  matched_.clear();
  subscriptions_.match(heard.topic, matched_);
  auto matched = std::exchange(matched_, {});
  for (const auto& each : matched) {
    if (each.what != subscriber::kind::link) deliver(each, heard);
  }
  sessions_.end_event();
  matched_ = std::move(matched);
}

void event_router::deliver(const subscriber& to, const event& what) {
  bool taken = true;
  switch (to.what) {
    case subscriber::kind::listener:
      hear(to.id, what);
      break;
    case subscriber::kind::session:
      taken = sessions_.send_event(static_cast<session_id>(to.id), what);
      break;
    case subscriber::kind::link:
      taken = peers_.send_event(static_cast<link_id>(to.id), what);
      break;
  }
  ++(taken ? counts_.events_delivered : counts_.events_dropped);
}

void event_router::hear(std::uint64_t listener, const event& what) {
  const auto found = listeners_.find(listener);
  if (found == listeners_.end()) return;
  const auto row = found->second;  // The listener may remove itself.
  try {
    row->call(what);
  } catch (...) {
    ++counts_.handlers_failed;
  }
}

bool event_router::add_listener(std::uint64_t id, std::string_view pattern, detail::listener listener) {
  if (listeners_.size() >= limits_.listeners_max) return false;
  auto row = std::make_shared<listener_row>();
  row->pattern = pattern;
  row->call = std::move(listener);
  listeners_.emplace(id, std::move(row));
  subscriptions_.add(pattern, {subscriber::kind::listener, id});
  return true;
}

void event_router::remove_listener(std::uint64_t id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  subscriptions_.remove(found->second->pattern, {subscriber::kind::listener, id});
  listeners_.erase(found);
}

}  // namespace askr
