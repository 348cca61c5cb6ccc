// SPDX-License-Identifier: MIT
#include "mesh/event_order.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <limits>

namespace askr::mesh {

event_order::event_order(const event_order_options& options) : options_(options), tokens_(options.pulls_per_second) {
  ASKR_ASSERT(options.pulls_per_second >= 1 && options.pull_events_max > 0 && options.streams_max > 0 &&
              options.streams_per_origin_max > 0);
}

event_order::verdict event_order::on_event(time_point now, const arrival& in) {
  auto* origin = enter(in.origin, in.life);
  if (origin == nullptr || in.sequence == 0 || in.sequence == std::numeric_limits<event_sequence>::max()) {
    return verdict::duplicate;
  }
  auto* known = find(*origin, in.topic);
  auto& stream = known ? *known : open(*origin, in.origin, in.topic, origin->interest_applied ? 1 : in.sequence);
  if (!known && !origin->interest_applied) stream.assumed = in.sequence;
  if (in.sequence < stream.next) return verdict::duplicate;
  stream.last_known = std::max(stream.last_known, in.sequence);
  if (in.sequence != stream.next || !ordered_.empty()) return hold(now, stream, in);

  ++stream.next;
  if (stream.broken) {
    flush(stream);
    update(now, stream, in.sequence);
  }
  return verdict::deliver;
}

event_order::verdict event_order::hold(time_point now, stream& in, const arrival& what) {
  const auto [at, added] = in.held.try_emplace(what.sequence, held_event{what.kind, {}});
  if (!added) return verdict::duplicate;
  at->second.data.assign(what.data.begin(), what.data.end());
  held_bytes_ += what.data.size();
  in.row->held_bytes += what.data.size();
  const auto before = in.next;
  flush(in);
  if (!what.repair || too_much(in)) give_up(in);
  update(now, in, before);
  return verdict::held;
}

bool event_order::too_much(const stream& in) const noexcept {
  const bool full = held_bytes_ > options_.held_bytes_max || in.row->held_bytes > options_.held_bytes_per_origin_max;
  return in.held.size() > options_.held_events_max || (full && !in.held.empty());
}

event_order::origin_row* event_order::enter(const node_id& origin, incarnation life) {
  const auto [place, added] = origins_.try_emplace(origin);
  auto& row = place->second;
  if (added) row.life = life;
  if (life < row.life) return nullptr;
  if (life > row.life) restart(row, life);
  return &row;
}

// The history of the life before is gone with it, so nothing of it can be repaired.
void event_order::restart(origin_row& row, incarnation life) {
  for (const auto each : by_topic(row)) {
    give_up(*each);
    ordered_.push_back({ordered::what::origin_restarted, each->origin, life, each->topic, each->next, 0, {}, {}});
    erase(each);
  }
  row.life = life;
  row.interest_applied = false;
}

// Sorted, so that what is reported does not hang on a hash.
std::vector<event_order::recency::iterator> event_order::by_topic(const origin_row& row) const {
  std::vector<recency::iterator> out;
  out.reserve(row.streams.size());
  for (const auto& each : row.streams) out.push_back(each.second);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->topic < b->topic; });
  return out;
}

event_order::stream* event_order::find(origin_row& row, std::string_view topic) {
  const auto known = row.streams.find(topic);
  if (known == row.streams.end()) return nullptr;
  streams_.splice(streams_.end(), streams_, known->second);
  auto& found = *known->second;
  if (row.newest != &found) {
    leave(found);
    join(found);
  }
  return &found;
}

event_order::stream& event_order::open(origin_row& row, const node_id& origin, std::string_view topic,
                                       event_sequence next) {
  make_room(row);
  auto& added = streams_.emplace_back();
  added.origin = origin;
  added.row = &row;
  added.life = row.life;
  added.topic = topic;
  added.next = next;
  row.streams.emplace(added.topic, std::prev(streams_.end()));
  join(added);
  return added;
}

// An origin with too many topics loses its own, not those of others.
void event_order::make_room(origin_row& row) {
  if (row.streams.size() >= options_.streams_per_origin_max) drop(*row.oldest);
  if (streams_.size() >= options_.streams_max) drop(streams_.front());
}

void event_order::drop(stream& which) {
  ++streams_dropped_;
  which.row->interest_applied = false;  // When it is heard again, it does not start at 1.
  give_up(which);
  erase(which.row->streams.find(which.topic)->second);
}

void event_order::erase(recency::iterator which) {
  end_repair(*which);
  for (const auto& each : which->held) let_go(*which, each.second);
  leave(*which);
  which->row->streams.erase(which->topic);
  streams_.erase(which);
}

void event_order::join(stream& which) {
  auto& row = *which.row;
  which.older = row.newest;
  which.newer = nullptr;
  (row.newest != nullptr ? row.newest->newer : row.oldest) = &which;
  row.newest = &which;
}

void event_order::leave(stream& which) {
  (which.older != nullptr ? which.older->newer : which.row->oldest) = which.newer;
  (which.newer != nullptr ? which.newer->older : which.row->newest) = which.older;
}

void event_order::let_go(const stream& of, const held_event& which) noexcept {
  held_bytes_ -= which.data.size();
  of.row->held_bytes -= which.data.size();
}

void event_order::on_interest_applied(time_point now, const node_id& origin, incarnation life,
                                      const std::vector<std::pair<std::string, event_sequence>>& next) {
  auto* row = enter(origin, life);
  if (row == nullptr) return;
  row->interest_applied = true;
  report_before(*row, next);
  for (const auto& [topic, first] : next) {
    if (find(*row, topic) == nullptr) {
      open(*row, origin, topic, std::max<event_sequence>(first, 1));
    } else if (first > 1) {
      on_head(now, origin, life, topic, first - 1);
    }
  }
}

// What was sent here before the first event that came is lost, and too late to be put in order.
void event_order::report_before(const origin_row& row,
                                const std::vector<std::pair<std::string, event_sequence>>& next) {
  for (const auto each : by_topic(row)) {
    const auto assumed = std::exchange(each->assumed, 0);
    if (assumed == 0) continue;
    const auto said = std::find_if(next.begin(), next.end(), [&](const auto& row) { return row.first == each->topic; });
    const auto first = said == next.end() ? 1 : std::max<event_sequence>(said->second, 1);
    if (first >= assumed) continue;
    ordered_.push_back({ordered::what::gap, each->origin, each->life, each->topic, first, assumed - 1, {}, {}});
  }
}

void event_order::on_head(time_point now, const node_id& origin, incarnation life, std::string_view topic,
                          event_sequence last, bool repair) {
  auto* row = enter(origin, life);
  if (row == nullptr || last == std::numeric_limits<event_sequence>::max()) return;
  auto* known = find(*row, topic);
  if (known == nullptr && (!row->interest_applied || last == 0))
    return;  // What was before the first event is not ours.
  auto& stream = known ? *known : open(*row, origin, topic, 1);
  stream.last_known = std::max(stream.last_known, last);
  const auto before = stream.next;
  if (!repair) give_up(stream);
  update(now, stream, before);
}

void event_order::on_missing(time_point now, const node_id& origin, incarnation life, std::string_view topic,
                             sequence_range gone) {
  auto* row = enter(origin, life);
  auto* known = row ? find(*row, topic) : nullptr;
  if (known == nullptr || gone.from > known->next || gone.to == std::numeric_limits<event_sequence>::max()) return;
  const auto before = known->next;
  known->last_known = std::max(known->last_known, gone.to);
  // What is held is not lost, whatever the origin says.
  while (known->next <= gone.to) skip_to(*known, std::min(missing(*known).to, gone.to));
  update(now, *known, before);
}

void event_order::forget(const node_id& origin) {
  const auto row = origins_.find(origin);
  if (row == origins_.end()) return;
  for (const auto each : by_topic(row->second)) {
    give_up(*each);
    erase(each);
  }
  origins_.erase(row);
}

sequence_range event_order::missing(const stream& in) noexcept {
  return {in.next, in.held.empty() ? in.last_known : in.held.begin()->first - 1};
}

void event_order::update(time_point now, stream& which, event_sequence before) {
  const auto lost = missing(which);
  if (lost.from > lost.to) return end_repair(which);
  if (!which.broken) return begin_repair(now, which);
  if (which.next == before) return;
  which.progress = now;
  // All that was asked for has come, and it was not enough.
  if (which.pulled_to != 0 && which.next > which.pulled_to) which.pull_at = now;
  wake_at(which.pull_at);
}

void event_order::begin_repair(time_point now, stream& which) {
  if (broken_.size() >= options_.gaps_max || which.row->broken >= options_.gaps_per_origin_max) return give_up(which);
  which.broken = true;
  ++which.row->broken;
  which.pulled_to = 0;
  which.progress = now;
  which.pull_at = now + options_.pull_after;
  broken_.push_back(&which);
  wake_at(which.pull_at);
}

void event_order::end_repair(stream& which) {
  if (!which.broken) return;
  which.broken = false;
  --which.row->broken;
  std::erase(broken_, &which);
}

void event_order::on_timeout(time_point now) {
  next_timeout_ = time_point::max();
  for (std::size_t at = 0; at < broken_.size();) {
    auto& each = *broken_[at];
    if (now - each.progress >= options_.give_up) {
      give_up(each);
      end_repair(each);  // The next one is now at its place.
      continue;
    }
    if (now >= each.pull_at) pull(now, each);
    wake_at(std::min(each.pull_at, each.progress + options_.give_up));
    ++at;
  }
}

void event_order::pull(time_point now, stream& which) {
  if (!take_token(now)) {
    which.pull_at = now + std::chrono::ceil<duration>(std::chrono::duration<double>(1 / options_.pulls_per_second));
    return;
  }
  auto wanted = missing(which);
  wanted.to = wanted.from + std::min<event_sequence>(wanted.to - wanted.from, options_.pull_events_max - 1);
  pulls_.push_back({which.origin, which.life, which.topic, wanted});
  which.pulled_to = wanted.to;
  which.pull_at = now + options_.pull_again;
}

bool event_order::take_token(time_point now) {
  const auto elapsed = std::chrono::duration<double>(now - tokens_at_).count();
  tokens_at_ = now;
  tokens_ = std::min(options_.pulls_per_second, tokens_ + elapsed * options_.pulls_per_second);
  if (tokens_ < 1) return false;
  --tokens_;
  return true;
}

void event_order::give_up(stream& in) {
  for (auto lost = missing(in); lost.from <= lost.to; lost = missing(in)) skip_to(in, lost.to);
}

void event_order::skip_to(stream& in, event_sequence last_lost) {
  if (in.next <= last_lost) {
    ordered_.push_back({ordered::what::gap, in.origin, in.life, in.topic, in.next, last_lost, {}, {}});
    in.next = last_lost + 1;
  }
  flush(in);
}

void event_order::flush(stream& in) {
  for (auto at = in.held.begin(); at != in.held.end() && at->first == in.next; at = in.held.erase(at), ++in.next) {
    let_go(in, at->second);
    ordered_.push_back({ordered::what::event, in.origin, in.life, in.topic, in.next, in.next, at->second.kind,
                        std::move(at->second.data)});
  }
}

}  // namespace askr::mesh
