// SPDX-License-Identifier: MIT
#pragma once

/// A mesh on paper: links between numbered nodes, and the reports that their two ends would make of them.

#include "mesh/link_view.hpp"
#include "mesh/rtt_step.hpp"

#include <askr/random.hpp>

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace askr::test {

/// Ordered like the numbers, and spread over the ring like real ids if `spread` is set.
inline node_id numbered_id(std::uint32_t number, bool spread = false) {
  node_id out;
  if (spread) {
    rng random(number + 1);
    for (auto& each : out.bytes) each = static_cast<std::uint8_t>(random.next());
    return out;
  }
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return out;
}

class link_net {
 public:
  explicit link_net(std::uint32_t nodes) : lives_(nodes, 1), links_(nodes) {}

  std::uint32_t size() const { return static_cast<std::uint32_t>(links_.size()); }
  void link(std::uint32_t a, std::uint32_t b, mesh::rtt_step step = 0) { links_[a][b] = links_[b][a] = step; }
  void unlink(std::uint32_t a, std::uint32_t b) {
    links_[a].erase(b);
    links_[b].erase(a);
  }
  /// A ring with `chords` random links per node on top: connected, and like the real thing.
  void link_at_random(rng& random, std::uint32_t chords, mesh::rtt_step step_max = 12) {
    for (std::uint32_t a = 0; a < size(); ++a) {
      link(a, (a + 1) % size(), static_cast<mesh::rtt_step>(random.below(step_max + 1)));
      for (std::uint32_t i = 0; i < chords; ++i) {
        const auto b = static_cast<std::uint32_t>(random.below(size()));
        if (a != b) link(a, b, static_cast<mesh::rtt_step>(random.below(step_max + 1)));
      }
    }
  }
  const std::map<std::uint32_t, mesh::rtt_step>& links(std::uint32_t of) const { return links_[of]; }
  incarnation life(std::uint32_t of) const { return lives_[of]; }
  void restart(std::uint32_t node) { ++lives_[node]; }

  mesh::link_reports reports(std::uint32_t of) const {
    auto out = std::make_shared<mesh::link_list>();
    for (const auto& [peer, step] : links_[of]) out->push_back({numbered_id(peer), {lives_[peer], step}});
    return out;
  }
  void tell(mesh::link_view& view, std::uint32_t of) const { view.set(numbered_id(of), lives_[of], reports(of)); }
  void tell_all(mesh::link_view& view) const {
    for (std::uint32_t each = 0; each < size(); ++each) tell(view, each);
  }

 private:
  std::vector<incarnation> lives_;
  std::vector<std::map<std::uint32_t, mesh::rtt_step>> links_;
};

}  // namespace askr::test
