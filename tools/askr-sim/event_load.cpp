// SPDX-License-Identifier: MIT
#include "tools/askr-sim/event_load.hpp"

namespace askr::sim {

void event_load::on_start(simulated::host& which) {
  const auto at = which.index;
  if (listeners_.size() <= at) listeners_.resize(at + 1);
  listeners_[at] = {world_.now(), {}};
  hosts_[which.self.id] = at;
  listen_options options;
  options.on_gap = [this, at](const event_gap& gap) { on_gap(at, gap); };
  (void)which.core
      ->add_listener(
          world_.time(), 1, topic_name(heard_topic_of(at)), [this, at](const event& what) { on_event(at, what); },
          std::move(options))
      .ok();
}

void event_load::begin(tick interval) {
  active_ = true;
  interval_ = interval;
  sources_.assign(world_.size(), {});
  audience_.assign(topics(), {});
  for (host_index each = 0; each < world_.size(); ++each) {
    audience_[heard_topic_of(each)].push_back(each);
    plan_next(each);
  }
}

void event_load::plan_next(host_index from) {
  world_.plan(world_.now() + interval_ / 2 + random_.below(interval_), [this, from] {
    if (!active_) return;
    auto& at = world_.at(from);
    if (at.up()) {
      ++emitted_;
      world_.post(at, [this, &at] { emit(at); });
    }
    plan_next(from);
  });
}

void event_load::emit(simulated::host& from) {
  const auto origin = from.index;
  const auto life = from.core->members().self().life;
  auto& source = sources_[origin];
  if (source.life != life) source = {life, 0, 0, {}};
  const auto number = source.emitted + 1;
  source.emitted = number;  // Before: the node may hear itself.
  const auto data = payload::from(std::uint64_t{origin} << 32 | number);
  if (!from.core->emit(world_.time(), topic_name(topic_of(origin)), data.view())) {
    source.emitted = number - 1;
    return;
  }
  const auto now = world_.now();
  source.last_at = now;
  world_.plan(now + heard_within, [this, origin, life, number, now] { check_heard(origin, life, number, now); });
}

void event_load::check_heard(host_index origin, incarnation life, std::uint32_t number, tick emitted) {
  if (!judge_.sound_since(origin, emitted)) return;
  for (const auto at : audience_[topic_of(origin)]) {
    if (!judge_.sound_since(at, emitted) || has_heard(at, origin, life, number)) continue;
    judge_.violation("node " + std::to_string(at) + " has not heard emission " + std::to_string(number) + " of node " +
                     std::to_string(origin) + ", nor of a gap");
  }
}

void event_load::check_the_tails() {
  for (host_index origin = 0; origin < world_.size(); ++origin) {
    const auto& source = sources_[origin];
    if (source.emitted == 0 || !world_.at(origin).up()) continue;
    for (const auto at : audience_[topic_of(origin)]) {
      if (!world_.at(at).up() || !listened(at, source.last_at)) continue;
      if (has_heard(at, origin, source.life, source.emitted)) continue;
      judge_.violation("node " + std::to_string(at) + " has not heard the last emission of node " +
                       std::to_string(origin) + ", nor of a gap");
    }
  }
}

bool event_load::listened(host_index at, tick when) const {
  const auto started = listeners_[at].started;
  return started == 0 || started + known_within <= when;
}

/// Or was told that it never will.
bool event_load::has_heard(host_index at, host_index origin, incarnation life, std::uint32_t number) {
  const auto& source = sources_[origin];
  const auto& known = stream_at(at, origin);
  if (source.life != life) return true;  // It has begun anew meanwhile.
  if (known.epoch != life || known.first == 0 || !source.uncounted) return false;
  return number >= known.first + *source.uncounted && number <= known.last + *source.uncounted;
}

void event_load::on_event(host_index at, const event& what) {
  const auto origin = hosts_[what.origin];
  if (canary_.swallows_event(at, origin)) return;
  ++heard_;
  const auto name = "event " + std::to_string(what.sequence) + " of node " + std::to_string(origin) + " at node " +
                    std::to_string(at);
  note_number(name, what, origin);
  auto& known = stream_at(at, origin);
  if (known.epoch == what.epoch && what.sequence <= known.last) {
    judge_.violation(name + " comes after " + std::to_string(known.last));
    return;
  }
  if (known.epoch > what.epoch) judge_.violation(name + " is of an earlier life");
  if (known.epoch != what.epoch) known = {what.epoch, 0, 0, false};
  if (known.first != 0 && what.sequence > known.last + 1) {
    judge_.violation(name + " comes after " + std::to_string(known.last) + ": a gap that nobody told");
  }
  if (known.restarted) lost_ += what.sequence - 1;
  if (known.first == 0) known.first = what.sequence;
  known.last = what.sequence;
  known.restarted = false;
}

/// Numbers and sequences of one life go together.
void event_load::note_number(const std::string& name, const event& what, host_index origin) {
  const auto said = what.data.try_as<std::uint64_t>();
  const auto number = said ? *said & UINT32_MAX : 0;
  if (!said || *said >> 32 != origin || number < what.sequence) {
    return judge_.violation(name + " is not what was sent");
  }
  auto& source = sources_[origin];
  if (source.life != what.epoch) return;
  if (!source.uncounted) source.uncounted = number - what.sequence;
  if (*source.uncounted != number - what.sequence) judge_.violation(name + " has another one's number");
}

void event_load::on_gap(host_index at, const event_gap& gap) {
  const auto origin = hosts_.find(gap.origin);
  if (origin == hosts_.end()) return;
  auto& known = stream_at(at, origin->second);
  if (gap.epoch > known.epoch) known = {gap.epoch, 0, 0, gap.why == gap_cause::origin_restarted};
  if (gap.epoch < known.epoch) return;
  if (gap.to + 1 == known.first) return note_earlier_gap(known, gap);
  if (gap.to <= known.last) return;
  lost_ += gap.to - std::max(known.last, gap.from - 1);
  if (known.first == 0) known.first = gap.from;
  known.last = gap.to;
  known.restarted = false;
}

/// Of what was sent before the first event that came: told when its origin says where it began.
void event_load::note_earlier_gap(stream& known, const event_gap& gap) {
  lost_ += gap.to + 1 - gap.from;
  known.first = gap.from;
}

}  // namespace askr::sim
