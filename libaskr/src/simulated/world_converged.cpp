// SPDX-License-Identifier: MIT
// A world that begins as if it had run for long: everybody is linked as the topology wants it and knows everybody's
// record. What a cold start of thousands of nodes costs is the square of their number, and is not what is simulated.
#include "libaskr/src/simulated/world.hpp"
#include "mesh/topology.hpp"

#include <algorithm>
#include <utility>

namespace askr::simulated {

using host_pair = std::pair<host_index, host_index>;

void world::start_converged() {
  const auto pairs = wanted_pairs();
  std::vector<mesh::signed_record_ptr> records;
  // What each will say first is what it would have said long ago: so it is asked once, and starts again.
  for (auto& each : hosts_) prepare(*each);
  std::vector<std::vector<host_index>> links(hosts_.size());
  for (const auto& [one, other] : pairs) {
    links[one].push_back(other);
    links[other].push_back(one);
  }
  for (auto& each : hosts_) {
    boot(*each);
    for (const auto peer : links[each->index]) bring_up(*each, *hosts_[peer], each->index < peer, 0);
    each->core->end_turn(time());
    records.push_back(each->core->members().view().find(each->self.id));
    each->core.reset();
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  for (auto& each : hosts_) {
    boot(*each);
    each->core->members().view().preload(records);
  }
  for (const auto& [one, other] : pairs) connect(*hosts_[one], *hosts_[other]);
  for (auto& each : hosts_) {
    each->core->end_turn(time());
    judge_owners(*each);
    forget_output(*each);
    plan_turn(*each);
  }
}

std::vector<host_pair> world::wanted_pairs() const {
  std::vector<std::pair<node_id, host_index>> by_id;
  for (const auto& each : hosts_) by_id.emplace_back(each->self.id, each->index);
  std::sort(by_id.begin(), by_id.end());
  std::vector<node_id> all;
  for (const auto& [id, index] : by_id) all.push_back(id);
  std::vector<host_pair> pairs;
  for (const auto& [id, index] : by_id) {
    mesh::topology_options options;
    options.full_mesh_max = hosts_[index]->options.limits.full_mesh_max;
    const auto plan =
        mesh::topology(options, id).plan(time(), {.up = all, .linked = all, .wanted_here = {}, .failed = {}});
    for (const auto& wanted : plan.wanted) {
      const auto peer = std::lower_bound(by_id.begin(), by_id.end(), std::pair(wanted, host_index{0}))->second;
      pairs.emplace_back(std::min(index, peer), std::max(index, peer));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

/// A link that both ends have known for long.
void world::connect(host& one, host& other) {
  const auto wire = add_wire(one.index, other.index);
  const auto here = bring_up(one, other, true, 0);
  const auto there = bring_up(other, one, false, 0);
  wires_[wire].links = {here, there};
  one.add(here, {wire, 0});
  other.add(there, {wire, 1});
  observer_.on_link_up(one, other);
  observer_.on_link_up(other, one);
}

/// What it would tell the others now, they know.
void world::forget_output(host& which) {
  which.core->peers().for_each([&](peer& each) {
    while (!each.out.next_record(scratch_).empty()) {
    }
  });
}

}  // namespace askr::simulated
