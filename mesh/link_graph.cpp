// SPDX-License-Identifier: MIT
#include "mesh/link_graph.hpp"

#include <algorithm>
#include <utility>

namespace askr::mesh {
namespace {

constexpr std::uint32_t room_more = 4;  // What a run that moves may still grow by.

}  // namespace

void link_graph::clear() noexcept {
  runs_.clear();
  edges_.clear();
  unused_ = 0;
}

void link_graph::push(edge next) {
  edges_.push_back(next);
  ++runs_.back().size;
  ++runs_.back().room;
}

void link_graph::grow(std::size_t slots) {
  if (slots > runs_.size()) runs_.resize(slots);
}

void link_graph::apply(const link_change& change) {
  if (change.cost_us == 0) {
    erase(change.a, change.b);
    erase(change.b, change.a);
  } else {
    set(change.a, {change.b, change.cost_us});
    set(change.b, {change.a, change.cost_us});
  }
}

void link_graph::set(node_slot from, edge to) {
  auto& run = runs_[from];
  const auto first = edges_.begin() + run.first;
  const auto known = std::find_if(first, first + run.size, [&](const edge& each) { return each.to == to.to; });
  if (known != first + run.size) {
    known->cost_us = to.cost_us;
    return;
  }
  if (run.size == run.room) make_room(run);
  edges_[run.first + run.size++] = to;
}

void link_graph::erase(node_slot from, node_slot to) noexcept {
  auto& run = runs_[from];
  const auto first = edges_.begin() + run.first;
  const auto known = std::find_if(first, first + run.size, [&](const edge& each) { return each.to == to; });
  if (known == first + run.size) return;
  *known = *(first + --run.size);
}

void link_graph::make_room(run& which) {
  const auto wanted = which.size + room_more;
  if (edges_.size() + wanted > edges_.capacity()) squeeze(wanted);
  unused_ += which.room;
  const auto first = edges_.size();
  edges_.resize(first + wanted);
  std::copy_n(edges_.begin() + which.first, which.size, edges_.begin() + static_cast<std::ptrdiff_t>(first));
  which.first = static_cast<std::uint32_t>(first);
  which.room = wanted;
}

// To half as much again as is in use: a change moves few edges, taken all together.
void link_graph::squeeze(std::size_t wanted) {
  const auto used = edges_.size() - unused_;
  std::vector<edge> kept;
  kept.reserve(used + used / 2 + wanted);
  for (auto& each : runs_) {
    const auto first = edges_.begin() + each.first;
    each.first = static_cast<std::uint32_t>(kept.size());
    each.room = each.size;
    kept.insert(kept.end(), first, first + each.size);
  }
  edges_ = std::move(kept);
  unused_ = 0;
}

}  // namespace askr::mesh
