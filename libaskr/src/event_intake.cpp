// SPDX-License-Identifier: MIT
#include "libaskr/src/event_intake.hpp"

#include "libaskr/src/relay.hpp"
#include "transport/event_codec.hpp"

#include <utility>

namespace askr {
namespace {

constexpr std::size_t names_max = 16'384;

mesh::event_order_options order_options(const event_limits& limits) {
  mesh::event_order_options made;
  made.held_events_max = limits.held_events_max;
  made.held_bytes_max = limits.held_bytes_max;
  made.held_bytes_per_origin_max = limits.held_bytes_per_origin_max;
  made.streams_max = limits.streams_max;
  made.streams_per_origin_max = limits.streams_per_origin_max;
  return made;
}

}  // namespace

event_intake::event_intake(const event_limits& limits, subscriptions& table, event_audience& audience,
                           const mesh::directory& directory, relay& paths, counters& counts)
    : table_(table),
      audience_(audience),
      directory_(directory),
      paths_(paths),
      counts_(counts),
      order_(order_options(limits)) {}

void event_intake::on_event(time_point now, const std::vector<subscriber>& matched, const event& heard) {
  using verdict = mesh::event_order::verdict;
  if (heard.sequence > transport::sequence_max) {
    ++counts_.events_dropped;
    return;
  }
  const auto what = order_.on_event(now, {.origin = heard.origin,
                                          .life = heard.epoch,
                                          .topic = heard.topic,
                                          .sequence = heard.sequence,
                                          .kind = heard.data.kind(),
                                          .data = heard.data.bytes()});
  if (what == verdict::deliver) audience_.deliver(matched, heard);
  if (what == verdict::duplicate) ++counts_.events_duplicate;
  counts_.event_streams_dropped = order_.streams_dropped();
  if (order_.has_ordered()) drain();
}

void event_intake::on_head(time_point now, const node_id& origin, incarnation life, std::string_view topic,
                           mesh::event_sequence last) {
  order_.on_head(now, origin, life, topic, last);
  drain();
}

void event_intake::on_missing(time_point now, const node_id& origin, incarnation life, std::string_view topic,
                              mesh::sequence_range gone) {
  order_.on_missing(now, origin, life, topic, gone);
  drain();
}

void event_intake::on_interest_applied(time_point now, const node_id& origin, incarnation life,
                                       const std::vector<std::pair<std::string, mesh::event_sequence>>& next) {
  name_of(origin);
  order_.on_interest_applied(now, origin, life, next);
  drain();
}

void event_intake::forget_unwanted() {
  order_.forget_topics([this](std::string_view topic) {
    matched_.clear();
    table_.match(topic, matched_);
    return !has_local(matched_);
  });
  drain();
}

void event_intake::on_timeout(time_point now) {
  order_.on_timeout(now);
  send_pulls(now);
  drain();
}

// Listeners may cause more of it.
void event_intake::drain() {
  while (order_.has_ordered()) {
    for (const auto& each : order_.take_ordered()) hand_on(each);
  }
}

void event_intake::hand_on(const mesh::ordered& next) {
  auto matched = std::exchange(matched_, {});
  matched.clear();
  table_.match(next.topic, matched);
  const auto name = name_of(next.origin);
  if (next.is == mesh::ordered::what::event) {
    audience_.deliver(matched, {.topic = next.topic,
                                .data = payload_view(next.data, next.kind),
                                .origin = next.origin,
                                .origin_name = name,
                                .epoch = next.life,
                                .sequence = next.sequence});
  } else {
    const bool restarted = next.is == mesh::ordered::what::origin_restarted;
    audience_.report(matched, {.topic = next.topic,
                               .origin = next.origin,
                               .origin_name = name,
                               .epoch = next.life,
                               .from = next.sequence,
                               .to = next.last,
                               .why = restarted ? gap_cause::origin_restarted : gap_cause::lost});
  }
  matched_ = std::move(matched);
}

// A pull that cannot go now is asked for again.
void event_intake::send_pulls(time_point now) {
  for (const auto& each : order_.take_pulls()) send_pull(now, 0, each);
}

void event_intake::send_pull(time_point now, std::uint64_t request, const mesh::event_pull& pull) {
  auto* to = paths_.reach(now, pull.origin);
  if (to == nullptr || to->life != pull.life || to->out.above_soft()) return;
  (void)to->out.append_pull({request, pull.topic, pull.wanted.from, pull.wanted.to});
  paths_.mark_dirty(*to);
  ++counts_.events_pulled;
}

std::string event_intake::name_of(const node_id& node) {
  if (names_.size() >= names_max) names_.clear();
  if (const auto* record = directory_.find(node)) {
    return names_[node] = record->name;
  }
  const auto known = names_.find(node);
  if (known != names_.end()) return known->second;
  return names_[node] = node.to_string();
}

}  // namespace askr
