// SPDX-License-Identifier: MIT
#include "tools/askr-sim/faults.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace askr::sim {
namespace {

constexpr tick one_minute = 60 * one_second;
constexpr milliseconds updated_heartbeat{600};
constexpr std::string_view updated_version = "0.1.1-simulated";
constexpr std::uint64_t clock_wrong_max_ms = 10 * 60 * 1000;
constexpr tick longest_harmless_pause = 1'500 * one_millisecond;  // Lease less heartbeat, and some.

std::string named(const char* what, host_index which) { return std::string(what) + " node " + std::to_string(which); }
std::string lasting(tick time) { return " for " + std::to_string(time / one_millisecond) + " ms"; }

}  // namespace

faults::faults(simulated::world& world, judge& judge, view_checker& views, const sim_options& options)
    : world_(world), judge_(judge), views_(views), options_(options), random_(options.seed ^ 0x6661756c7473) {}

void faults::begin(tick length) {
  active_ = true;
  const auto nodes = static_cast<double>(world_.size());
  each(fault::crash, nodes * 0.05, &faults::strike_crash);
  each(fault::restart, nodes * 0.05, &faults::strike_restart);
  each(fault::partition, 2, &faults::strike_partition);
  each(fault::oneway, nodes * 0.1, &faults::strike_oneway);
  each(fault::slow, nodes * 0.1, &faults::strike_slow);
  each(fault::pause, nodes * 0.1, &faults::strike_pause);
  each(fault::skew, nodes * 0.02, &faults::strike_skew);
  std::size_t ends = 0;
  for (host_index i = 0; i < world_.size(); ++i) ends += world_.at(i).links.size();
  each(fault::linkbreak, static_cast<double>(ends) / 2 * 0.02, &faults::strike_linkbreak);
  if (options_.faults[static_cast<std::size_t>(fault::versionmix)]) {
    update(0, length / (world_.size() + 1));
  }
  if (options_.faults[static_cast<std::size_t>(fault::joinstorm)]) {
    world_.plan(world_.now() + length / 3, [this, era = era_] {
      if (era == era_) strike_joinstorm();
    });
  }
}

void faults::each(fault what, double per_minute, void (faults::*strike)()) {
  if (!options_.faults[static_cast<std::size_t>(what)] || per_minute <= 0) return;
  plan_next(static_cast<tick>(static_cast<double>(one_minute) / (per_minute * options_.faults_scale)), strike);
}

void faults::plan_next(tick mean, void (faults::*strike)()) {
  const auto wait = static_cast<tick>(-std::log1p(-random_.unit()) * static_cast<double>(mean));
  world_.plan(world_.now() + wait, [this, mean, strike, era = era_] {
    if (era != era_) return;
    ++count_;
    (this->*strike)();
    plan_next(mean, strike);
  });
}

void faults::end() {
  active_ = false;
  ++era_;
  parted_ = false;
  world_.net().heal();
  world_.network_changed();
  for (host_index i = 0; i < world_.size(); ++i) {
    auto& at = world_.at(i);
    world_.slow_down(at, duration{0});
    judge_.trouble(i, world_.now());
    if (!at.up()) bring_back(at);
  }
}

/// A node that is up and well.
simulated::host* faults::somebody() {
  for (int tries = 0; tries < 20; ++tries) {
    auto& at = world_.at(static_cast<host_index>(random_.below(world_.size())));
    if (at.up() && at.ready_at() <= world_.now()) return &at;
  }
  return nullptr;
}

void faults::kill(simulated::host& which, bool loses_power, tick back_after) {
  judge_.trace(named(loses_power ? "power off" : "kill", which.index) + lasting(back_after));
  ++down_;
  world_.end(which, loses_power ? simulated::world::crash::powered_off : simulated::world::crash::killed);
  views_.on_ended(which.index, loses_power ? ending::powered_off : ending::killed);
  judge_.trouble(which.index, world_.now() + back_after);
  world_.plan(world_.now() + back_after, [this, at = &which, era = era_] {
    if (era == era_ && !at->up()) bring_back(*at);
  });
}

void faults::bring_back(simulated::host& which) {
  judge_.trouble(which.index, world_.now());
  if (down_ > 0) --down_;
  judge_.trace(named("start", which.index));
  world_.start(which);
  views_.on_started(which.index);
}

void faults::strike_crash() {
  auto* which = somebody();
  if (which == nullptr || down_ > world_.size() / 3) return;
  kill(*which, random_.below(4) == 0, between(2 * one_second, 20 * one_second));
}

void faults::strike_restart() {
  auto* which = somebody();
  if (which == nullptr) return;
  if (random_.below(2) == 0) return kill(*which, false, between(0, 500 * one_millisecond));
  stop(*which);
  bring_back(*which);
}

void faults::stop(simulated::host& which) {
  judge_.trace(named("stop", which.index));
  ++down_;
  judge_.trouble(which.index, world_.now());  // Before: its own commands end in the same breath.
  world_.stop(which);
  views_.on_ended(which.index, ending::left);
}

void faults::strike_partition() {
  if (parted_ || world_.size() < 2) return;
  parted_ = true;
  const auto lasts = between(one_second, 20 * one_second);
  const std::size_t largest = random_.below(3) == 0 ? 1 : world_.size() / 2;
  const auto some = 1 + random_.below(largest);
  for (std::size_t i = 0; i < some; ++i) {
    const auto which = static_cast<host_index>(random_.below(world_.size()));
    judge_.trace(named("cut off", which) + lasting(lasts));
    world_.net().set_side(which, 1);
    judge_.trouble(which, world_.now() + lasts);
  }
  world_.network_changed();
  world_.plan(world_.now() + lasts, [this, era = era_] {
    if (era != era_) return;
    parted_ = false;
    for (host_index i = 0; i < world_.size(); ++i) world_.net().set_side(i, 0);
    world_.network_changed();
  });
}

void faults::strike_oneway() {
  const auto from = static_cast<host_index>(random_.below(world_.size()));
  const auto to = static_cast<host_index>(random_.below(world_.size()));
  if (from == to) return;
  const auto lasts = between(one_second, 20 * one_second);
  judge_.trace(named("nothing from", from) + named(" to", to) + lasting(lasts));
  judge_.cut(from, to, world_.now() + lasts);
  // Two nodes alone have no other way.
  if (world_.size() == 2) judge_.trouble(from, world_.now() + lasts);
  world_.net().cut(from, to);
  world_.plan(world_.now() + lasts, [this, from, to] {
    world_.net().mend(from, to);
    world_.network_changed();
  });
}

void faults::strike_slow() {
  auto* which = somebody();
  if (which == nullptr) return;
  const auto lasts = between(one_second, 15 * one_second);
  const auto per_turn = between(one_millisecond, 300 * one_millisecond);
  judge_.trace(named("slow", which->index) + lasting(lasts) + ", each turn" + lasting(per_turn));
  judge_.slow(which->index, world_.now() + lasts);
  world_.slow_down(*which, microseconds(per_turn));
  world_.plan(world_.now() + lasts, [this, which] { world_.slow_down(*which, duration{0}); });
}

void faults::strike_pause() {
  auto* which = somebody();
  if (which == nullptr) return;
  const auto lasts = between(100 * one_millisecond, 6 * one_second);
  judge_.trace(named("pause", which->index) + lasting(lasts));
  if (lasts > longest_harmless_pause) judge_.trouble(which->index, world_.now() + lasts);
  judge_.slow(which->index, world_.now() + lasts);
  world_.pause(*which, microseconds(lasts));
}

void faults::strike_skew() {
  auto* which = somebody();
  if (which == nullptr) return;
  which->clock_wrong_ms =
      static_cast<std::int64_t>(random_.below(2 * clock_wrong_max_ms)) - static_cast<std::int64_t>(clock_wrong_max_ms);
  kill(*which, false, between(0, one_second));
}

void faults::strike_linkbreak() {
  auto* which = somebody();
  if (which == nullptr || which->links.empty()) return;
  const auto end = which->links[random_.below(which->links.size())].second;
  judge_.trace(named("break a link of", which->index) + named(" with", world_.peer_of(end)));
  judge_.weather(world_.now());
  if (which->links.size() == 1) judge_.trouble(which->index, world_.now());
  world_.break_wire(end.wire);
}

/// A rolling update: this node, and after a while the next. Who is down comes back updated.
void faults::update(host_index which, tick pause) {
  world_.plan(world_.now() + pause, [this, which, pause, era = era_] {
    if (era != era_) return;
    ++count_;
    auto& at = world_.at(which);
    const bool up = at.up();
    if (up) stop(at);  // Its core reads the options.
    at.options.links.compression = compression_mode::always;
    at.options.links.compression_bytes_min = 1;
    at.options.links.heartbeat = updated_heartbeat;
    at.self.app_version = updated_version;
    at.later_minor = true;
    if (up) bring_back(at);
    if (which + 1 < world_.size()) update(which + 1, pause);
  });
}

void faults::strike_joinstorm() {
  const auto back_after = 5 * one_second;
  for (std::size_t i = 0; i < world_.size() / 4 + 1; ++i) {
    auto* which = somebody();
    if (which != nullptr) kill(*which, false, back_after);
  }
}

}  // namespace askr::sim
