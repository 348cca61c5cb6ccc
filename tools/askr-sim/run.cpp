// SPDX-License-Identifier: MIT
#include "tools/askr-sim/run.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace askr::sim {
namespace {

constexpr std::size_t cold_nodes_max = 100;
constexpr tick idle_before =
    60 * one_second;  // Links that nobody wants any more are gone by then, and all RTTs are told.
constexpr tick gone_checked_every = 250 * one_millisecond;
constexpr tick idle_for = 20 * one_second;
constexpr std::size_t loaded_nodes = 200;         // From so many nodes on all together send what these would.
constexpr tick send_interval = 2 * one_second;    // Of one node, for commands and for events.
constexpr tick repaired_within = 5 * one_second;  // Every fifth ping carries the digest of the view.

simulation_options world_options(const sim_options& options) {
  // Each seed has a network of its own.
  rng random(options.seed);
  simulation_options world;
  world.seed = random.next();
  world.latency = microseconds(50 + random.below(500));
  world.jitter = microseconds(random.below(200));
  return world;
}

}  // namespace

run::run(const sim_options& options)
    : options_(options),
      world_(world_options(options), *this),
      judge_(world_, options.trace),
      views_(world_, judge_),
      canary_(world_, options),
      commands_(world_, judge_, canary_, options.seed + 1),
      events_(world_, judge_, canary_, options.seed + 2),
      faults_(world_, judge_, views_, options_),
      random_(options.seed + 3),
      began_(std::chrono::steady_clock::now()) {}

void run::say(const std::string& what) const {
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  std::fprintf(stderr, "askr-sim: %9.3f s (%.1f s)  %s\n", static_cast<double>(world_.now()) / one_second, took,
               what.c_str());
}

report run::to_end() {
  add_nodes();
  start_nodes();
  be_idle();
  suffer();
  come_right();
  report_.virtual_s = static_cast<double>(world_.now()) / one_second;
  report_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  report_.messages = world_.arrived().messages();
  report_.converge_ms_p50 = views_.joins().ms_at(0.5);
  report_.converge_ms_p99 = views_.joins().ms_at(0.99);
  report_.lost_detect_ms_p50 = views_.losses().ms_at(0.5);
  report_.lost_detect_ms_p99 = views_.losses().ms_at(0.99);
  report_.false_lost = views_.false_losses();
  report_.lost_events = events_.lost();
  report_.unexplained_outcomes = commands_.unexplained();
  report_.violations = judge_.violations();
  report_.digest = world_.digest();
  return report_;
}

void run::on_start(simulated::host& which) {
  if (!options_.load) return;
  commands_.on_start(which);
  events_.on_start(which);
}

void run::on_turn_end(simulated::host& which) { views_.on_turn_end(which); }

void run::add_nodes() {
  for (std::size_t i = 0; i < options_.nodes; ++i) {
    node_id id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_.next());
    node_options node;
    node.name = "n" + std::to_string(i);
    world_.add(std::move(node), id);
  }
  judge_.begin();
  views_.begin();
}

void run::start_nodes() {
  const bool cold =
      options_.begin == beginning::automatic ? options_.nodes <= cold_nodes_max : options_.begin == beginning::cold;
  if (!cold) world_.start_converged();
  for (host_index i = 0; i < world_.size(); ++i) {
    if (cold) world_.start(world_.at(i));
    views_.on_started(i);
  }
  if (!pass_until_converged(converges_at_latest)) {
    judge_.violation("the nodes do not find each other:" + views_.why_not_converged());
  }
  say(std::to_string(options_.nodes) + " nodes know each other");
  say_traffic({}, static_cast<double>(world_.now()) / one_second);
}

void run::pass(tick time) {
  const auto end = world_.now() + time;
  while (world_.now() < end) {
    world_.run_until(std::min(end, (world_.now() / gone_checked_every + 1) * gone_checked_every));
    views_.check_the_gone();
    if (world_.now() % one_second != 0 && world_.now() < end) continue;
    commands_.check_the_pending();
    check_the_bounds();
  }
}

bool run::pass_until_converged(tick at_most) {
  const auto end = world_.now() + at_most;
  while (!views_.converged()) {
    if (world_.now() >= end) return false;
    world_.run_until(world_.now() + 10 * one_millisecond);
  }
  return true;
}

void run::be_idle() {
  const auto at_start = world_.arrived();
  pass(idle_before);
  say("now idle");
  say_traffic(at_start, static_cast<double>(idle_before) / one_second);
  const auto before = bytes_sent();
  const auto traffic_before = world_.arrived();
  const auto wall = std::chrono::steady_clock::now();
  const auto length = options_.faults.none() ? static_cast<tick>(options_.minutes * 60 * one_second) : idle_for;
  pass(length);
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  const auto seconds = static_cast<double>(length) / one_second;
  report_.bytes_idle = static_cast<double>(bytes_sent() - before) / seconds / static_cast<double>(world_.size());
  char text[160];
  std::size_t ends = 0;
  for (host_index i = 0; i < world_.size(); ++i) ends += world_.at(i).links.size();
  std::snprintf(text, sizeof text, "idle: %.1f links and %.0f bytes/s per node, %.1f times as fast as real time",
                static_cast<double>(ends) / static_cast<double>(world_.size()), report_.bytes_idle,
                seconds / std::max(took, 1e-9));
  say(text);
  say_traffic(traffic_before, seconds);
}

void run::say_traffic(const simulated::traffic& before, double seconds) const {
  const auto node_seconds = seconds * static_cast<double>(world_.size());
  say("per node: " + simulated::traffic::difference(before, world_.arrived(), node_seconds));
}

void run::suffer() {
  if (options_.load) {
    const auto interval = send_interval * std::max<tick>(1, world_.size() / loaded_nodes);
    commands_.begin(interval);
    events_.begin(interval);
    canary_.begin();
  }
  const auto traffic_before = world_.arrived();
  if (options_.faults.none()) {
    if (!options_.load) return;
    pass(30 * one_second);
    return say_traffic(traffic_before, 30);
  }
  const auto length = static_cast<tick>(options_.minutes * 60 * one_second);
  say("faults: " + to_string(options_.faults));
  const auto before = bytes_sent();
  const auto wall = std::chrono::steady_clock::now();
  faults_.begin(length);
  for (tick left = length; left > 0;) {
    const auto step = std::min<tick>(left, 30 * one_second);
    pass(step);
    left -= step;
    say(std::to_string(faults_.count()) + " faults, " + std::to_string(commands_.sent()) + " commands, " +
        std::to_string(events_.heard()) + " events heard, " + std::to_string(judge_.violations()) + " violations");
  }
  faults_.end();
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  const auto seconds = static_cast<double>(length) / one_second;
  report_.bytes_churn = static_cast<double>(bytes_sent() - before) / seconds / static_cast<double>(world_.size());
  say_traffic(traffic_before, seconds);
  say("that was " + std::to_string(seconds / std::max(took, 1e-9)) + " times as fast as real time");
}

void run::come_right() {
  const auto since = world_.now();
  if (!pass_until_converged(converges_at_latest)) {
    judge_.violation("the views do not become equal again:" + views_.why_not_converged());
  }
  say("all views are equal " + std::to_string((world_.now() - since) / one_millisecond) + " ms after the last fault");
  // From here on nothing may fail any more.
  pass(judge::aftermath);
  canary_.near_the_end();
  pass(10 * one_second);
  commands_.stop();
  events_.stop();
  pass(10 * one_second);
  if (options_.load) events_.check_the_tails();
  // A link that is measured anew or let go is news at any time. What of it was lost is noticed by the digest in a ping.
  if (!pass_until_converged(repaired_within))
    judge_.violation("the views differ at the end:" + views_.why_not_converged());
}

/// Every queue has a bound.
void run::check_the_bounds() {
  for (host_index i = 0; i < world_.size(); ++i) {
    auto& at = world_.at(i);
    if (!at.up()) continue;
    const auto& limits = at.options.links;
    at.core->peers().for_each([&](peer& each) {
      if (each.out.queued_bytes() <= limits.outbox_bytes_hard + limits.message_bytes_max) return;
      judge_.violation("node " + std::to_string(i) + " holds " + std::to_string(each.out.queued_bytes()) +
                       " bytes for one link");
    });
  }
}

std::uint64_t run::bytes_sent() {
  std::uint64_t sum = 0;
  for (host_index i = 0; i < world_.size(); ++i) sum += world_.at(i).bytes_sent;
  return sum;
}

std::string to_json(const sim_options& options, const report& result) {
  char text[1024];
  std::snprintf(text, sizeof text,
                "{\"seed\":%llu,\"nodes\":%zu,\"virtual_s\":%.3f,\"wall_s\":%.3f,\"messages\":%llu,"
                "\"bytes_per_node_per_s_idle\":%.1f,\"bytes_per_node_per_s_churn\":%.1f,"
                "\"converge_ms_p50\":%.3f,\"converge_ms_p99\":%.3f,\"lost_detect_ms_p50\":%.3f,"
                "\"lost_detect_ms_p99\":%.3f,\"false_lost\":%llu,\"lost_events\":%llu,\"unexplained_outcomes\":%llu,"
                "\"violations\":%llu,\"digest\":\"%016llx\"}",
                static_cast<unsigned long long>(options.seed), options.nodes, result.virtual_s, result.wall_s,
                static_cast<unsigned long long>(result.messages), result.bytes_idle, result.bytes_churn,
                result.converge_ms_p50, result.converge_ms_p99, result.lost_detect_ms_p50, result.lost_detect_ms_p99,
                static_cast<unsigned long long>(result.false_lost), static_cast<unsigned long long>(result.lost_events),
                static_cast<unsigned long long>(result.unexplained_outcomes),
                static_cast<unsigned long long>(result.violations), static_cast<unsigned long long>(result.digest));
  return text;
}

}  // namespace askr::sim
