// SPDX-License-Identifier: MIT
#include "tools/askr-sim/event_load.hpp"

namespace askr::sim {

void event_load::on_start(simulated::host& which) {
  const auto at = which.index;
  if (listeners_.size() <= at) listeners_.resize(at + 1);
  listeners_[at] = {};
  hosts_[which.self.id] = at;
  const auto topic = topic_name((at / nodes_per_topic + at) % topics());
  listen_options options;
  options.on_gap = [this, at](const event_gap& gap) { on_gap(at, gap); };
  (void)which.core
      ->add_listener(
          world_.time(), 1, topic, [this, at](const event& what) { on_event(at, what); }, std::move(options))
      .ok();
}

void event_load::begin(tick interval) {
  active_ = true;
  interval_ = interval;
  for (host_index each = 0; each < world_.size(); ++each) plan_next(each);
}

void event_load::plan_next(host_index from) {
  world_.plan(world_.now() + interval_ / 2 + random_.below(interval_), [this, from] {
    if (!active_) return;
    auto& at = world_.at(from);
    if (at.up()) {
      ++emitted_;
      world_.post(at, [this, host = &at, from] {
        const auto data = payload::from(std::uint64_t{from});
        (void)host->core->emit(world_.time(), topic_name(topic_of(from)), data.view()).ok();
      });
    }
    plan_next(from);
  });
}

void event_load::on_event(host_index at, const event& what) {
  const auto origin = hosts_[what.origin];
  if (canary_.swallows_event(at, origin)) return;
  ++heard_;
  const auto name = "event " + std::to_string(what.sequence) + " of node " + std::to_string(origin) + " at node " +
                    std::to_string(at);
  const auto sender = what.data.try_as<std::uint64_t>();
  if (!sender || *sender != origin) judge_.violation(name + " is not what was sent");
  auto& known = listeners_[at].streams[std::uint64_t{origin} << 32 | topic_of(origin)];
  if (known.epoch == what.epoch && what.sequence <= known.last) {
    judge_.violation(name + " comes after " + std::to_string(known.last));
    return;
  }
  if (known.epoch > what.epoch) judge_.violation(name + " is of an earlier life");
  if (known.epoch == what.epoch && what.sequence > known.last + 1) {
    lost_ += what.sequence - known.last - 1;
    if (judge_.calm_since(world_.now()))
      judge_.violation(name + " comes after " + std::to_string(known.last) + ": a gap");
  }
  known = {what.epoch, what.sequence};
}

void event_load::on_gap(host_index at, const event_gap& gap) {
  const auto origin = hosts_.find(gap.origin);
  if (origin == hosts_.end()) return;
  auto& known = listeners_[at].streams[std::uint64_t{origin->second} << 32 | topic_of(origin->second)];
  if (gap.epoch > known.epoch) known = {gap.epoch, 0};
  known.last = std::max(known.last, gap.to);
}

}  // namespace askr::sim
