// SPDX-License-Identifier: MIT
#include "libaskr/src/event_replays.hpp"

#include <askr/permissions.hpp>

#include <algorithm>

namespace askr {
namespace {

constexpr duration wait_for_origins = seconds(2);
constexpr duration pull_again = milliseconds(500);
constexpr int tries_max = 4;
constexpr mesh::event_sequence pull_events_max = 256;
constexpr double pulls_per_second = 800;  // Below what an origin answers.
constexpr double pulls_burst = 1000;
constexpr std::size_t held_max = 4096;  // Events of one subscriber, and their bytes: above them it has to do without
constexpr std::size_t held_bytes_max = 4 << 20;  // what is still missing.

mesh::ordered to_ordered(const event& what) {
  mesh::ordered out;
  out.origin = what.origin;
  out.life = what.epoch;
  out.topic = what.topic;
  out.sequence = out.last = what.sequence;
  out.kind = what.data.kind();
  out.data.assign(what.data.bytes().begin(), what.data.bytes().end());
  return out;
}

mesh::ordered make_gap(const node_id& origin, incarnation life, std::string_view topic, mesh::sequence_range lost) {
  mesh::ordered out;
  out.is = mesh::ordered::what::gap;
  out.origin = origin;
  out.life = life;
  out.topic = topic;
  out.sequence = lost.from;
  out.last = lost.to;
  return out;
}

bool is_stream_of(const replayed& each, const node_id& origin, std::string_view topic) {
  return each.what.origin == origin && each.what.topic == topic;
}

}  // namespace

void event_replays::start(time_point now, subscriber who, std::string pattern, replay_options options,
                          std::uint64_t generation, const std::vector<node_id>& origins) {
  auto& made = replays_[who];
  made = {};
  made.pattern = std::move(pattern);
  made.options = std::move(options);
  made.generation = generation;
  made.request = ++requests_;
  made.due = now + wait_for_origins;
  made.waiting.insert(origins.begin(), origins.end());
  wake_at(made.due);
  // Who is not there cannot be asked, and what it said meanwhile is not known.
  for (const auto& each : made.options.since) {
    if (!made.waiting.contains(each.origin)) report(who, each, each.epoch, gap_cause::origin_lost);
  }
  end_if_done(replays_.find(who));
}

void event_replays::stop(subscriber who) { replays_.erase(who); }

// --- what comes live meanwhile

bool event_replays::hold(subscriber who, const event& what) {
  const auto found = replays_.find(who);
  if (found == replays_.end()) return false;
  auto& in = found->second;
  if (!in.waiting.contains(what.origin) && !in.streams.contains({what.origin, std::string(what.topic)})) return false;
  return keep(who, in, to_ordered(what), what.origin_name, gap_cause::lost);
}

bool event_replays::hold(subscriber who, const event_gap& what) {
  const auto found = replays_.find(who);
  if (found == replays_.end()) return false;
  auto& in = found->second;
  if (!in.waiting.contains(what.origin) && !in.streams.contains({what.origin, std::string(what.topic)})) return false;
  auto gap = make_gap(what.origin, what.epoch, what.topic, {what.from, what.to});
  if (what.why == gap_cause::origin_restarted) gap.is = mesh::ordered::what::origin_restarted;
  return keep(who, in, gap, what.origin_name, what.why);
}

bool event_replays::keep(subscriber who, replay& in, const mesh::ordered& what, std::string_view name, gap_cause why) {
  in.held_bytes += what.data.size();
  in.held.push_back({who, what, std::string(name), why});
  if (in.held.size() <= held_max && in.held_bytes <= held_bytes_max) return true;
  for (auto& [key, each] : in.streams) give_up(who, key, each);
  out_.insert(out_.end(), std::make_move_iterator(in.held.begin()), std::make_move_iterator(in.held.end()));
  replays_.erase(who);
  return true;
}

// --- where topics stand

bool event_replays::waits_for(const node_id& origin) const noexcept {
  return std::any_of(replays_.begin(), replays_.end(),
                     [&](const auto& each) { return each.second.waiting.contains(origin); });
}

void event_replays::on_origin_known(time_point now, const node_id& origin, incarnation life, std::uint64_t generation,
                                    const heads& next) {
  for (auto at = replays_.begin(); at != replays_.end();) {
    auto& [who, in] = *at;
    if (in.generation <= generation && in.waiting.erase(origin) > 0) open(now, who, in, origin, life, next);
    at = end_if_done(at);
  }
}

void event_replays::open(time_point now, subscriber who, replay& in, const node_id& origin, incarnation life,
                         const heads& next) {
  for (const auto& [topic, following] : next) {
    if (!pattern_matches(in.pattern, topic)) continue;
    auto from = first_wanted(who, in, origin, life, topic, following);
    for (const auto& each : in.held) {
      if (is_stream_of(each, origin, topic) && each.what.life == life) from = std::min(from, each.what.sequence);
    }
    if (from >= following) continue;
    const auto at = in.streams.emplace(stream_key{origin, topic}, stream{}).first;
    at->second.life = life;
    at->second.next = from;
    at->second.last = following - 1;
    pull_more(now, in, at->first, at->second);
  }
  // Topics that have had no event in this life.
  for (const auto& each : in.options.since) {
    const auto is_it = [&](const auto& row) { return row.first == each.topic; };
    if (each.origin != origin || std::any_of(next.begin(), next.end(), is_it)) continue;
    if (each.epoch != 0 && each.epoch < life) report(who, each, life, gap_cause::origin_restarted);
  }
  std::vector<std::string> ready;
  for (const auto& each : in.held) {
    if (each.what.origin == origin && !in.streams.contains({origin, each.what.topic})) ready.push_back(each.what.topic);
  }
  for (const auto& topic : ready) release(in, origin, topic, 0);
}

mesh::event_sequence event_replays::first_wanted(subscriber who, const replay& in, const node_id& origin,
                                                 incarnation life, std::string_view topic, mesh::event_sequence next) {
  for (const auto& each : in.options.since) {
    if (each.origin != origin || each.topic != topic) continue;
    if (each.epoch == life || each.epoch == 0) return std::min(each.sequence + 1, next);
    if (each.epoch > life) return next;
    report(who, each, life, gap_cause::origin_restarted);
    return 1;
  }
  return next > in.options.last ? next - in.options.last : 1;
}

void event_replays::report(subscriber who, const stream_position& at, incarnation life, gap_cause why) {
  auto gap = make_gap(at.origin, life, at.topic, {at.sequence + 1, 0});
  if (why == gap_cause::origin_restarted) gap.is = mesh::ordered::what::origin_restarted;
  out_.push_back({who, std::move(gap), at.origin_name, why});
}

// --- what comes of the past

void event_replays::pull_more(time_point now, replay& in, const stream_key& key, stream& of) {
  if (!take_token(now)) {
    of.pull_at = now + milliseconds(20);
    return wake_at(of.pull_at);
  }
  of.pulled_to = of.next + std::min(of.last - of.next, pull_events_max - 1);
  of.pull_at = now + pull_again;
  wake_at(of.pull_at);
  pulls_.push_back({in.request, {key.first, of.life, key.second, {of.next, of.pulled_to}}});
}

bool event_replays::take_token(time_point now) {
  const auto passed = std::chrono::duration<double>(now - tokens_at_).count();
  tokens_ = std::min(pulls_burst, tokens_ + passed * pulls_per_second);
  tokens_at_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::pair<subscriber, event_replays::replay*> event_replays::find(std::uint64_t request) noexcept {
  for (auto& [who, in] : replays_) {
    if (in.request == request) return {who, &in};
  }
  return {{}, nullptr};
}

void event_replays::on_past_event(time_point now, std::uint64_t request, const event& heard) {
  const auto [who, in] = find(request);
  if (in == nullptr) return;
  const auto at = in->streams.find({heard.origin, std::string(heard.topic)});
  if (at == in->streams.end() || at->second.life != heard.epoch || heard.sequence != at->second.next) return;
  out_.push_back({who, to_ordered(heard), std::string(heard.origin_name), gap_cause::lost});
  ++at->second.next;
  settle(now, who, *in, at);
}

void event_replays::on_gone(time_point now, std::uint64_t request, const node_id& origin, std::string_view topic,
                            mesh::sequence_range gone) {
  const auto [who, in] = find(request);
  if (in == nullptr) return;
  const auto at = in->streams.find({origin, std::string(topic)});
  if (at == in->streams.end() || gone.from > at->second.next || gone.to < at->second.next) return;
  auto& of = at->second;
  const auto to = std::min(gone.to, of.last);
  out_.push_back({who, make_gap(origin, of.life, topic, {of.next, to}), {}, gap_cause::lost});
  of.next = to + 1;
  settle(now, who, *in, at);
}

void event_replays::settle(time_point now, subscriber who, replay& in, std::map<stream_key, stream>::iterator at) {
  auto& of = at->second;
  of.tries = 0;
  if (of.next <= of.last) {
    of.pull_at = now + pull_again;
    if (of.next > of.pulled_to) pull_more(now, in, at->first, of);
    return;
  }
  const auto [origin, topic] = at->first;
  const auto next = of.next;
  in.streams.erase(at);
  release(in, origin, topic, next);
  end_if_done(replays_.find(who));
}

void event_replays::give_up(subscriber who, const stream_key& key, stream& of) {
  if (of.next > of.last) return;
  out_.push_back({who, make_gap(key.first, of.life, key.second, {of.next, of.last}), {}, gap_cause::lost});
  of.next = of.last + 1;
}

// What was held of a stream, but for what the past brought already.
void event_replays::release(replay& in, const node_id& origin, std::string_view topic, mesh::event_sequence next) {
  for (auto each = in.held.begin(); each != in.held.end();) {
    if (!is_stream_of(*each, origin, topic)) {
      ++each;
      continue;
    }
    in.held_bytes -= each->what.data.size();
    const bool is_event = each->what.is == mesh::ordered::what::event;
    if (!is_event || each->what.sequence >= next) out_.push_back(std::move(*each));
    each = in.held.erase(each);
  }
}

void event_replays::release_all_of(replay& in, const node_id& origin) {
  for (auto each = in.held.begin(); each != in.held.end();) {
    if (each->what.origin != origin) {
      ++each;
      continue;
    }
    in.held_bytes -= each->what.data.size();
    out_.push_back(std::move(*each));
    each = in.held.erase(each);
  }
}

// --- who does not answer

void event_replays::forget_waiting(subscriber who, replay& in, const node_id& origin) {
  for (const auto& each : in.options.since) {
    if (each.origin == origin) report(who, each, each.epoch, gap_cause::origin_lost);
  }
  release_all_of(in, origin);
}

void event_replays::on_origin_lost(const node_id& origin) {
  for (auto at = replays_.begin(); at != replays_.end();) {
    auto& [who, in] = *at;
    if (in.waiting.erase(origin) > 0) forget_waiting(who, in, origin);
    at = end_if_done(at);
  }
}

event_replays::table::iterator event_replays::end_if_done(table::iterator at) {
  if (at == replays_.end()) return at;
  const auto& in = at->second;
  if (!in.waiting.empty() || !in.streams.empty()) return std::next(at);
  return replays_.erase(at);
}

void event_replays::on_timeout(time_point now) {
  if (now < next_timeout_) return;
  next_timeout_ = time_point::max();
  for (auto at = replays_.begin(); at != replays_.end();) {
    auto& [who, in] = *at;
    if (now >= in.due) {
      for (const auto& origin : std::exchange(in.waiting, {})) forget_waiting(who, in, origin);
    } else {
      wake_at(in.due);
    }
    for (auto each = in.streams.begin(); each != in.streams.end();) {
      const auto here = each++;
      auto& of = here->second;
      if (now < of.pull_at) {
        wake_at(of.pull_at);
      } else if (of.pulled_to >= of.next && ++of.tries >= tries_max) {
        give_up(who, here->first, of);
        const auto [origin, topic] = here->first;
        const auto next = of.next;
        in.streams.erase(here);
        release(in, origin, topic, next);
      } else {
        pull_more(now, in, here->first, of);
      }
    }
    at = end_if_done(at);
  }
}

}  // namespace askr
