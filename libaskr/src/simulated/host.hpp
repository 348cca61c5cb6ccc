// SPDX-License-Identifier: MIT
#pragma once

/// One simulated machine with one process: a node_core and what its shell would hold for it.

#include "libaskr/src/node_core.hpp"
#include "libaskr/src/plain_proof.hpp"
#include "libaskr/src/simulated/event_queue.hpp"
#include "libaskr/src/simulated/network.hpp"

#include <askr/endpoint.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace askr::simulated {

/// A wire and which end of it.
struct wire_end {
  std::uint32_t wire = 0;
  std::uint32_t side = 0;
};

struct host {
  using task = detail::unique_function<void()>;

  host_index index = 0;
  node_options options;
  self_description self;
  endpoint address;
  std::unique_ptr<plain_signer> signer;
  std::unique_ptr<node_core> core;  ///< Null while the process does not run.
  bool powered = true;
  bool later_minor = false;  ///< It speaks a later minor version of the wire: later_minor.hpp.
  std::int64_t clock_wrong_ms = 0;
  tick turn_cost = 0;
  tick paused_until = 0;
  tick busy_until = 0;
  tick timer_due = never;
  bool turn_planned = false;
  bool wake_planned = false;
  std::vector<std::pair<link_id, wire_end>> links;  ///< Sorted by link.
  std::vector<task> tasks;
  std::vector<occurrence> waiting;  ///< For the loop to go on.
  std::uint64_t bytes_sent = 0;     ///< Records, with what sealing adds.

  bool up() const noexcept { return core != nullptr; }
  tick ready_at() const noexcept { return std::max(paused_until, busy_until); }

  std::optional<wire_end> find(link_id link) const noexcept {
    const auto at = place_of(link);
    if (at == links.end() || at->first != link) return std::nullopt;
    return at->second;
  }
  void add(link_id link, wire_end end) { links.insert(place_of(link), {link, end}); }
  void remove(link_id link) {
    const auto at = place_of(link);
    if (at != links.end() && at->first == link) links.erase(at);
  }

 private:
  std::vector<std::pair<link_id, wire_end>>::const_iterator place_of(link_id link) const noexcept {
    return std::lower_bound(links.begin(), links.end(), link,
                            [](const auto& each, link_id wanted) { return each.first < wanted; });
  }
};

}  // namespace askr::simulated
