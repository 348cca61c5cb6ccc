// SPDX-License-Identifier: MIT
// Hosts, their turns, and time. Connections are in world_links.cpp.
#include "libaskr/src/simulated/world.hpp"

#include "libaskr/src/call_depth.hpp"
#include "libaskr/src/handler_errors.hpp"

#include <utility>

namespace askr::simulated {
namespace {

constexpr std::size_t memo_records_max = 1 << 17;

template <class T>
std::uint32_t take_slot(std::vector<T>& all, std::vector<std::uint32_t>& free) {
  if (free.empty()) {
    all.emplace_back();
    return static_cast<std::uint32_t>(all.size() - 1);
  }
  const auto slot = free.back();
  free.pop_back();
  return slot;
}

}  // namespace

result<principal> observer::admit(host&, const host& who) {
  principal peer;
  peer.what = principal::kind::node;
  peer.name = who.self.name;
  peer.entry = who.self.id;
  peer.rights = permissions::member();
  return peer;
}

world::world(const simulation_options& options, observer& watching)
    : observer_(watching), net_(options), memo_(memo_records_max), digest_(options.seed) {}

world::~world() = default;

void world::note(std::uint64_t what) noexcept {
  digest_ = (digest_ ^ what) * 0x9e3779b97f4a7c15U;
  digest_ ^= digest_ >> 29;
}

tick world::to_ticks(duration passes) noexcept {
  const auto ticks = std::chrono::ceil<microseconds>(passes).count();
  return ticks > 0 ? static_cast<tick>(ticks) : 0;
}

wall_ms world::wall_time(const host& at) const noexcept {
  return wall_epoch + now_ / 1000 + static_cast<wall_ms>(at.clock_wrong_ms);
}

// --- hosts

host& world::add(node_options options, const node_id& id) {
  auto& made = *hosts_.emplace_back(std::make_unique<host>());
  made.index = static_cast<host_index>(hosts_.size() - 1);
  made.options = std::move(options);
  made.self.id = id;
  made.self.name = mesh::full_name(made.options.name, id);
  const auto number = made.index + 1;
  const auto part = [&](unsigned shift) { return std::to_string((number >> shift) & 0xff); };
  made.address = {"10." + part(16) + "." + part(8) + "." + part(0), 8800};
  made.signer = std::make_unique<plain_signer>(id);
  addresses_.emplace(made.address.to_string(), made.index);
  const auto nodes_max = std::max<std::size_t>(net_.options().subnet_nodes_max, 1);
  net_.add_host(static_cast<std::uint32_t>(made.index / nodes_max));
  return made;
}

void world::start(host& which) {
  prepare(which);
  boot(which);
  plan_turn(which);
}

void world::prepare(host& which) {
  ASKR_ASSERT(!which.up());
  which.self.life = std::max<incarnation>(wall_time(which), which.self.life + 1);
  which.powered = true;
  which.paused_until = which.busy_until = 0;
  which.timer_due = never;
}

void world::boot(host& which) {
  which.core = std::make_unique<node_core>(which.options, which.self, core_keys{*which.signer, proof_, memo_, seal_},
                                           net_.random().next());
  note(which.index);
  note(which.self.life);
  observer_.on_start(which);
  which.core->start(time(), {which.address.to_string()});
}

void world::stop(host& which) {
  if (!which.up()) return;
  which.core->stop(time());
  end_turn(which);
  while (!which.links.empty()) close(which, which.links.front().first, error{errc::closed, "the node was stopped"});
  end(which, crash::killed);
}

void world::end(host& which, crash how) {
  if (!which.up()) return;
  ASKR_ASSERT(inside_ != &which);  // plan() it.
  note(which.index);
  crash_links(which, how);
  which.powered = how == crash::killed;
  which.core.reset();
  which.tasks.clear();
  which.paused_until = which.busy_until = 0;
  which.timer_due = never;
  // What waited for its loop goes to a process that is not there.
  for (auto& each : std::exchange(which.waiting, {})) {
    each.when = now_;
    queue_.push(each);
  }
}

void world::pause(host& which, duration passes) {
  which.paused_until = std::max(which.paused_until, now_ + to_ticks(passes));
}

void world::slow_down(host& which, duration per_turn) { which.turn_cost = to_ticks(per_turn); }

void world::post(host& which, host::task work) {
  if (!which.up()) return;
  which.tasks.push_back(std::move(work));
  plan_turn(which);
}

void world::plan_turn(host& which) {
  if (which.turn_planned) return;
  which.turn_planned = true;
  queue_.push({now_, which.index, happening::turn});
}

void world::plan(tick when, detail::unique_function<void()> what) {
  const auto slot = take_slot(calls_, free_calls_);
  calls_[slot] = std::move(what);
  queue_.push({std::max(when, now_), slot, happening::call});
}

// --- time

void world::run_until(tick end) {
  stopping_ = false;
  while (!stopping_ && queue_.next_time() <= end) {
    const auto next = queue_.pop();
    now_ = next.when;
    handle(next);
    observer_.after_event();
  }
  if (!stopping_) now_ = std::max(now_, end);
}

/// Whose loop has to run for it; null: nobody's.
host* world::host_of(const occurrence& what) noexcept {
  switch (what.what) {
    case happening::turn:
    case happening::timer:
    case happening::wake:
      return hosts_[what.subject].get();
    case happening::arrival:
      return hosts_[wires_[what.subject / 2].hosts[1 - what.subject % 2]].get();
    case happening::writable:
      return hosts_[wires_[what.subject / 2].hosts[what.subject % 2]].get();
    case happening::dial:
      return hosts_[dials_[what.subject].from].get();
    case happening::beacon:
    case happening::call:
      break;
  }
  return nullptr;
}

void world::handle(const occurrence& what) {
  ++events_;
  auto* which = host_of(what);
  if (which == nullptr) {
    if (what.what == happening::beacon) return deliver_beacon(what.subject);
    auto call = std::move(calls_[what.subject]);
    free_calls_.push_back(what.subject);
    return call();
  }
  if (what.what == happening::wake) return wake(*which);
  if (now_ < which->ready_at() && which->up()) {
    which->waiting.push_back(what);
    if (std::exchange(which->wake_planned, true)) return;
    return queue_.push({which->ready_at(), which->index, happening::wake});
  }
  if (inputs(*which, what) && which->up()) end_turn(*which);
}

/// All that has come meanwhile is one turn.
void world::wake(host& which) {
  which.wake_planned = false;
  if (which.waiting.empty()) return;
  if (now_ < which.ready_at()) {
    which.wake_planned = true;
    return queue_.push({which.ready_at(), which.index, happening::wake});
  }
  bool any = false;
  for (const auto& each : std::exchange(which.waiting, {})) any |= inputs(which, each);
  if (any && which.up()) end_turn(which);
}

/// False if it was nothing to the host.
bool world::inputs(host& which, const occurrence& what) {
  note(now_ << 8 | static_cast<std::uint64_t>(what.what));
  note(what.subject);
  inside_ = &which;
  bool any = true;
  switch (what.what) {
    case happening::turn:
      which.turn_planned = false;
      break;
    case happening::timer:
      any = std::exchange(which.timer_due, what.when == which.timer_due ? never : which.timer_due) == what.when;
      break;
    case happening::arrival:
      any = arrive(which, what.subject);
      break;
    case happening::writable:
      make_room(what.subject);
      break;
    case happening::dial:
      step(what.subject);
      break;
    case happening::wake:
    case happening::beacon:
    case happening::call:
      break;
  }
  inside_ = nullptr;
  return any;
}

// --- turns: what node_shell::end_turn does

void world::end_turn(host& which) {
  inside_ = &which;
  auto& core = *which.core;
  const auto at = time();
  for (auto& each : std::exchange(which.tasks, {})) each();
  if (core.next_timeout() <= at) core.on_timeout(at);
  start_jobs(which);
  if (core.members().take_beacon_due()) send_beacon(which);
  for (auto& each : core.members().take_dials()) dial(which, std::move(each));
  core.end_turn(at);
  judge_owners(which);
  core.peers().take_dirty(dirty_);
  for (const auto link : dirty_) flush(which, link);
  for (const auto& [link, why] : core.members().take_closing()) {
    flush(which, link);
    close(which, link, why);
  }
  observer_.on_turn_end(which);
  inside_ = nullptr;
  arm_timer(which);
  which.busy_until = now_ + which.turn_cost;
}

// As if the authenticator of every node answered at once: who is a member of the workspace is not what is simulated.
void world::judge_owners(host& which) {
  auto& members = which.core->members();
  auto claims = members.take_claims();
  if (claims.empty()) return;
  for (auto& each : claims) {
    principal who;
    who.what = principal::kind::node;
    who.name = std::move(each.shown.name);
    who.entry = each.shown.id;
    who.rights = permissions::member();
    members.on_owner_verdict(each.shown.id, each.life, std::move(who));
  }
  which.core->end_turn(time());
}

void world::start_jobs(host& which) {
  for (auto& job : which.core->take_jobs()) {
    auto answer = [this, at = &which, life = which.self.life, serving = job.serving](result<payload> outcome) {
      if (!at->up() || at->self.life != life) return;
      post(*at, [this, at, serving, outcome = std::move(outcome)]() mutable {
        at->core->on_answer(time(), serving, std::move(outcome));
      });
    };
    if (job.feed) {
      job.feed->open(
          [this, at = &which, life = which.self.life, serving = job.serving] {
            post(*at, [this, at, life, serving] {
              if (at->up() && at->self.life == life) at->core->on_parts(time(), serving);
            });
            return true;
          },
          false);
    }
    if (job.handler->how == detail::handler::mode::blocking) {
      const call_depth_scope scope(static_cast<std::uint8_t>(job.asked.depth + 1));
      byte_buffer packed;
      const auto kind = answer_or_error(job.handler->answer, job.asked, packed);
      answer(kind ? result<payload>(payload(std::move(packed), *kind)) : result<payload>(kind.error()));
      continue;
    }
    try {
      job.handler->start(std::move(job.asked), responder(std::move(answer)));
    } catch (...) {
      // The responder was destroyed on the way, and has answered.
    }
  }
}

void world::arm_timer(host& which) {
  const auto due = which.core->next_timeout();
  if (due == time_point::max()) return;
  // What is due at once may say so by the lowest time of all, from which nothing can be subtracted.
  const auto when = due <= time() ? now_ + 1 : std::max(now_ + 1, to_ticks(due - epoch));
  if (when >= which.timer_due) return;  // It fires earlier anyway, and looks again then.
  which.timer_due = when;
  queue_.push({when, which.index, happening::timer});
}

}  // namespace askr::simulated
