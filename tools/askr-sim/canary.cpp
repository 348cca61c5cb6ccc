// SPDX-License-Identifier: MIT
#include "tools/askr-sim/canary.hpp"

#ifdef ASKR_SIM_CANARY

namespace askr::sim {
namespace {

constexpr tick loses_every = 5 * one_second;
constexpr tick lost_for = 2 * one_second;
constexpr tick digs_every = 100 * one_millisecond;

// What a bug would do, nobody else can.
mesh::directory& directory_of(simulated::host& which) {
  return const_cast<mesh::directory&>(which.core->members().known());
}

mesh::record_ptr record_at(simulated::host& observer, const node_id& id) {
  for (const auto& each : observer.core->members().known().records()) {
    if (each->id == id) return each;
  }
  return nullptr;
}

}  // namespace

canary::canary(simulated::world& world, const sim_options& options)
    : world_(world), bug_(options.canary), random_(options.seed ^ 0x62697264) {}

void canary::begin() {
  records_.resize(world_.size());
  if (bug_ == canary_bug::false_loss) lose_somebody();
  if (bug_ == canary_bug::zombie) keep_the_dead();
}

bool canary::swallows_event(host_index listener, host_index origin) {
  if (listener == origin) return false;
  if (bug_ == canary_bug::lose_event) return now_and_then();
  return bug_ == canary_bug::lose_tail && near_the_end_ && origin % 2 == 0;
}

bool canary::sends_twice(bool idempotent) {
  return bug_ == canary_bug::double_command && !idempotent && now_and_then();
}

int canary::outcomes() {
  if (bug_ == canary_bug::no_outcome && now_and_then()) return 0;
  return bug_ == canary_bug::two_outcomes && now_and_then() ? 2 : 1;
}

simulated::host& canary::somebody_up() {
  auto* some = &world_.at(0);
  do {
    some = &world_.at(static_cast<host_index>(random_.below(world_.size())));
  } while (!some->up());
  return *some;
}

/// A node is missing in the directory of another for a while, though nothing is wrong with either.
void canary::lose_somebody() {
  auto& observer = somebody_up();
  auto& lost = somebody_up();
  if (auto record = record_at(observer, lost.self.id); record && &observer != &lost) {
    directory_of(observer).erase(lost.self.id);
    world_.plan(world_.now() + lost_for, [at = &observer, life = observer.self.life, record = std::move(record)] {
      if (at->up() && at->self.life == life) (void)directory_of(*at).merge(record);
    });
  }
  world_.plan(world_.now() + loses_every, [this] { lose_somebody(); });
}

/// Whoever is gone stays in the directory of one.
void canary::keep_the_dead() {
  auto& observer = somebody_up();
  for (host_index each = 0; each < world_.size(); ++each) {
    const auto& id = world_.at(each).self.id;
    if (auto known = record_at(observer, id)) {
      records_[each] = std::move(known);
    } else if (!world_.at(each).up() && records_[each]) {
      (void)directory_of(observer).merge(records_[each]);
    }
  }
  world_.plan(world_.now() + digs_every, [this] { keep_the_dead(); });
}

}  // namespace askr::sim

#endif
