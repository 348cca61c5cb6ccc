// SPDX-License-Identifier: MIT
#include "tools/askr-sim/command_load.hpp"

#include <algorithm>
#include <memory>

namespace askr::sim {

std::string command_load::service(std::uint64_t number) { return "sim.work" + std::to_string(number % services); }

void command_load::on_start(simulated::host& which) {
  const auto at = which.index;
  const auto serve = [this, at](std::uint64_t number) {
    on_executed(number, at);
    return number + 1;
  };
  // Every second one answers later, as a coroutine would.
  auto late = std::make_shared<detail::handler>();
  late->how = detail::handler::mode::deferred;
  late->start = [this, serve](command asked, responder answer) {
    const auto answered = serve(asked.as<std::uint64_t>());
    world_.plan(world_.now() + random_.below(20 * one_millisecond),
                [answered, answer = std::move(answer)]() mutable { answer(payload::from(answered)); });
  };
  (void)which.core->add_handler("sim.work", detail::make_handler(serve)).ok();
  (void)which.core->add_handler(service(at), at % 2 == 0 ? detail::make_handler(serve) : late).ok();
}

void command_load::begin(tick interval) {
  active_ = true;
  interval_ = interval;
  for (host_index each = 0; each < world_.size(); ++each) plan_next(each);
}

void command_load::plan_next(host_index from) {
  world_.plan(world_.now() + interval_ / 2 + random_.below(interval_), [this, from] {
    if (!active_) return;
    auto& at = world_.at(from);
    if (at.up()) send(at);
    plan_next(from);
  });
}

void command_load::send(simulated::host& from) {
  const auto number = sent();
  auto& made = commands_.emplace_back();
  made.caller = from.index;
  made.life = from.self.life;
  made.sent = world_.now();
  made.idempotent = random_.below(2) == 0;
  const milliseconds timeout(500 + random_.below(5000));
  made.deadline = made.sent + simulated::world::to_ticks(timeout);
  std::string name = service(random_.next()), to;
  if (random_.below(2) == 0) {
    made.target = static_cast<host_index>(random_.below(world_.size()));
    to = world_.at(*made.target).self.id.to_string();
    name = "sim.work";
  }
  const auto ask = [this, at = &from, number, name, to, timeout, idempotent = made.idempotent] {
    const auto data = payload::from(number);
    at->core->send(world_.time(),
                   {.name = name,
                    .data = data.view(),
                    .who = &at->core->self_principal(),
                    .to = to,
                    .remaining = timeout,
                    .idempotent = idempotent},
                   [this, number](const result<payload>& outcome) {
                     for (int told = canary_.outcomes(); told > 0; --told) on_outcome(number, outcome);
                   });
  };
  world_.post(from, ask);
  if (canary_.sends_twice(made.idempotent)) world_.post(from, ask);
}

command_load::sent_command* command_load::find(std::uint64_t number) {
  return number < first_ ? nullptr : &commands_[number - first_];
}

void command_load::on_executed(std::uint64_t number, host_index by) {
  auto* which = find(number);
  if (which == nullptr) return judge_.violation("command " + std::to_string(number) + " runs long after its deadline");
  which->served_by = by;
  if (++which->executions > 1 && !which->idempotent) {
    judge_.violation("command " + std::to_string(number) + " is not idempotent and ran twice");
  }
}

void command_load::on_outcome(std::uint64_t number, const result<payload>& outcome) {
  auto* which = find(number);
  const auto name = "command " + std::to_string(number);
  if (which == nullptr) return judge_.violation(name + " has an outcome long after its deadline");
  if (++which->outcomes > 1) return judge_.violation(name + " has a second outcome");
  if (world_.now() > which->deadline + slack && judge_.swift_since(which->caller, which->sent)) {
    judge_.violation(name + " has its outcome " + std::to_string((world_.now() - which->deadline) / one_millisecond) +
                     " ms after its deadline");
  }
  if (outcome) {
    if (which->executions == 0) judge_.violation(name + " was answered by nobody");
    const auto value = outcome->try_as<std::uint64_t>();
    if (!value || *value != number + 1) judge_.violation(name + " has another one's answer");
    return;
  }
  ++failed_;
  if (has_reason(*which, outcome.code())) return;
  ++unexplained_;
  judge_.violation(name + " from node " + std::to_string(which->caller) + " to " +
                   (which->target ? "node " + std::to_string(*which->target) : std::string("any")) +
                   " failed without a reason: " + outcome.error().message());
}

bool command_load::has_reason(const sent_command& command, errc code) const {
  if (!judge_.swift_since(command.caller, command.sent)) return true;
  if (command.target && !judge_.swift_since(*command.target, command.sent)) return true;
  if (command.served_by && !judge_.swift_since(*command.served_by, command.sent)) return true;
  // The way leads over links and relays, and the choice may have fallen on one that is ill.
  const bool by_way = code == errc::peer_lost || code == errc::timed_out || code == errc::overloaded;
  return (by_way || !command.target) && !judge_.calm_since(command.sent);
}

void command_load::check_the_pending() {
  const auto now = world_.now();
  for (std::size_t at = 0; at < commands_.size(); ++at) {
    auto& each = commands_[at];
    if (each.outcomes > 0 || now < each.deadline + one_second) continue;
    const auto& caller = world_.at(each.caller);
    each.outcomes = 1;
    if (!caller.up() || caller.self.life != each.life) continue;
    if (!judge_.swift_since(each.caller, each.sent) && caller.ready_at() + one_second > now) {
      each.outcomes = 0;  // Its loop stands still.
      continue;
    }
    judge_.violation("command " + std::to_string(first_ + at) + " has no outcome after its deadline");
  }
  while (!commands_.empty() && commands_.front().outcomes > 0 && commands_.front().deadline + 30 * one_second < now) {
    commands_.pop_front();
    ++first_;
  }
}

}  // namespace askr::sim
