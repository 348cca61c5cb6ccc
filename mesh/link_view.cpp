// SPDX-License-Identifier: MIT
#include "mesh/link_view.hpp"

#include "mesh/rtt_step.hpp"

#include <algorithm>
#include <cstring>

namespace askr::mesh {
namespace {

// The parent of a node that has lost its own and may find another: up so far.
constexpr node_slot pending = no_slot - 1;
// Noting more than this is no cheaper than making a graph anew.
constexpr std::size_t changes_per_node = 4;
constexpr std::size_t nodes_noted_min = 16;

std::uint64_t head_of(const node_id& id) noexcept {
  std::uint64_t head;
  std::memcpy(&head, id.bytes.data(), sizeof head);
  return head;
}

bool well_formed(const node_id& by, const link_reports& links) {
  if (!links) return true;
  const auto& all = *links;
  const auto disorder = [](const auto& a, const auto& b) { return !(a.first < b.first); };
  const auto itself = [&](const auto& each) { return each.first == by; };
  return std::adjacent_find(all.begin(), all.end(), disorder) == all.end() &&
         std::find_if(all.begin(), all.end(), itself) == all.end();
}

const link_report* find_report(const link_reports& links, const node_id& about) noexcept {
  if (!links) return nullptr;
  const auto at = std::lower_bound(links->begin(), links->end(), about,
                                   [](const auto& each, const node_id& id) { return each.first < id; });
  return at == links->end() || at->first != about ? nullptr : &at->second;
}

bool same(const link_reports& a, const link_reports& b) {
  static const link_list none;
  return a == b || (a ? *a : none) == (b ? *b : none);
}

std::uint32_t cost_of(rtt_step one, rtt_step other) noexcept {
  return step_microseconds(std::max(one, other)) + hop_cost_us;
}

bool leads_to(const std::vector<link_graph::edge>& edges, node_slot slot) {
  return std::any_of(edges.begin(), edges.end(), [&](const auto& each) { return each.to == slot; });
}

bool same_edges(const std::vector<link_graph::edge>& a, const std::vector<link_graph::edge>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.to == y.to && x.cost_us == y.cost_us; });
}

}  // namespace

link_view::link_view(const node_id& self) {
  add(self);
  rows_[self_slot()].parent = self_slot();
}

bool link_view::set(const node_id& id, incarnation life, link_reports links) {
  if (!well_formed(id, links)) return false;
  auto slot = slot_of(id);
  if (slot == no_slot) {
    slot = add(id);
    vital_version_ = ++version_;
  }
  auto& known = rows_[slot];
  if (known.life == life && same(known.links, links)) {
    known.links = std::move(links);  // The new record may now free the old one.
  } else {
    replace(slot, life, std::move(links));
  }
  return true;
}

void link_view::erase(const node_id& id) {
  const auto slot = slot_of(id);
  if (slot == no_slot) return;
  replace(slot, 0, nullptr);
  if (slot == self_slot()) return;
  vital_version_ = ++version_;
  erase_from_index(id);
  rows_[slot] = {};
  free_.push_back(slot);
}

bool link_view::is_up(const node_id& id) const noexcept {
  const auto slot = slot_of(id);
  return slot != no_slot && rows_[slot].parent != no_slot;
}

std::span<const node_id> link_view::up() const {
  if (!up_valid_) {
    up_.clear();
    for (const auto& each : rows_) {
      if (each.parent != no_slot) up_.push_back(each.id);
    }
    std::sort(up_.begin(), up_.end());
    up_valid_ = true;
  }
  return up_;
}

void link_view::collect(node_slot slot, edges& into) const {
  into.clear();
  const auto& from = rows_[slot];
  if (!from.links) return;
  for (const auto& each : *from.links) {
    if (const auto counts = edge_of(from, each)) into.push_back(*counts);
  }
}

std::optional<link_graph::edge> link_view::edge_of(const row& from, const link_list::value_type& reported) const {
  const auto& [id, there] = reported;
  const auto peer = slot_of(id);
  if (peer == no_slot || rows_[peer].life != there.peer_life) return std::nullopt;
  const auto* back = find_report(rows_[peer].links, from.id);
  if (back == nullptr || back->peer_life != from.life) return std::nullopt;
  return link_graph::edge{peer, cost_of(there.rtt_step, back->rtt_step)};
}

void link_view::resolve(const row& from, std::vector<half_link>& into) const {
  if (!from.links) return;
  for (const auto& [id, there] : *from.links) {
    const auto peer = slot_of(id);
    if (peer != no_slot && rows_[peer].life == there.peer_life) into.push_back({peer, there.rtt_step});
  }
}

void link_view::build(link_graph& into) const {
  into.clear();
  // One-way first: resolving each end once is what costs. Kept from call to call, whoever makes it: in a large mesh
  // these are hundreds of kilobytes.
  thread_local std::vector<half_link> halves;
  thread_local std::vector<std::uint32_t> first;
  halves.clear();
  first.assign(1, 0);
  for (const auto& from : rows_) {
    resolve(from, halves);
    first.push_back(static_cast<std::uint32_t>(halves.size()));
  }
  for (node_slot from = 0; from < rows_.size(); ++from) {
    into.begin_run();
    for (auto at = first[from]; at < first[from + 1]; ++at) {
      const auto& there = halves[at];
      for (auto back = first[there.to]; back < first[there.to + 1]; ++back) {
        if (halves[back].to != from) continue;
        into.push({there.to, cost_of(there.rtt_step, halves[back].rtt_step)});
        break;
      }
    }
  }
}

void link_view::update(link_graph& graph) const {
  if (graph.changes < changes_forgotten_) {
    build(graph);
  } else {
    graph.grow(rows_.size());
    const auto known = static_cast<std::ptrdiff_t>(graph.changes - changes_forgotten_);
    std::for_each(changes_.begin() + known, changes_.end(), [&](const link_change& each) { graph.apply(each); });
  }
  changes_forgotten_ += changes_.size();
  changes_.clear();
  graph.changes = changes_forgotten_;
  graph_in_use_ = true;
}

void link_view::note_changes(node_slot slot, const edges& before, const edges& after) {
  if (graph_in_use_ && changes_.size() >= std::max(rows_.size(), nodes_noted_min) * changes_per_node) {
    graph_in_use_ = false;
    changes_forgotten_ += changes_.size();
    changes_ = {};
  }
  if (!graph_in_use_) return;
  for (const auto& each : before) {
    if (!leads_to(after, each.to)) changes_.push_back({slot, each.to, 0});
  }
  for (const auto& each : after) changes_.push_back({slot, each.to, each.cost_us});
}

// Most changes are of one link among many, and looking up both ends of each would be what a delta costs most.
void link_view::collect_differing(node_slot slot, const link_list& mine, const link_list& others, edges& into) const {
  into.clear();
  auto other = others.begin();
  for (const auto& each : mine) {
    while (other != others.end() && other->first < each.first) ++other;
    if (other != others.end() && *other == each) continue;
    if (const auto counts = edge_of(rows_[slot], each)) into.push_back(*counts);
  }
}

void link_view::replace(node_slot slot, incarnation life, link_reports links) {
  static const link_list none;
  auto& known = rows_[slot];
  const auto old_links = known.links;
  const auto& old_list = old_links ? *old_links : none;
  const auto& new_list = links ? *links : none;
  const bool same_life = known.life == life;
  edges before, after;
  collect_differing(slot, old_list, same_life ? new_list : none, before);
  known.life = life;
  known.links = std::move(links);
  collect_differing(slot, new_list, same_life ? old_list : none, after);
  if (same_edges(before, after)) return;
  ++version_;
  const auto is_lost = [&](const auto& each) { return !leads_to(after, each.to); };
  losses_ += static_cast<std::uint64_t>(std::count_if(before.begin(), before.end(), is_lost));
  note_changes(slot, before, after);
  if (slot == self_slot() || leads_to(before, self_slot()) != leads_to(after, self_slot())) vital_version_ = version_;
  find_orphans(slot, before, after);
  rehang_orphans();
  const auto up = [this](const auto& each) { return rows_[each.to].parent != no_slot; };
  if (rows_[slot].parent == no_slot) {
    const auto neighbour = std::find_if(after.begin(), after.end(), up);
    if (neighbour == after.end()) return;
    change_parent(slot, neighbour->to);
    raise_around(slot);
  } else if (!std::all_of(after.begin(), after.end(), up)) {
    raise_around(slot);
  }
}

void link_view::find_orphans(node_slot slot, const edges& before, const edges& after) {
  orphans_.clear();
  const auto parent = rows_[slot].parent;
  const bool lost_parent = leads_to(before, parent) && !leads_to(after, parent);
  if (slot != self_slot() && parent != no_slot && lost_parent) orphans_.push_back(slot);
  for (const auto& each : before) {
    if (each.to != self_slot() && rows_[each.to].parent == slot && !leads_to(after, each.to))
      orphans_.push_back(each.to);
  }
  for (const auto each : orphans_) rows_[each].parent = pending;
}

void link_view::rehang_orphans() {
  // One that found a way home may be the way home of another.
  for (bool progress = true; progress && !orphans_.empty();) {
    progress = std::erase_if(orphans_, [this](node_slot each) { return hang(each); }) > 0;
  }
  edges around;
  const bool all_alone = std::all_of(orphans_.begin(), orphans_.end(), [&](node_slot each) {
    collect(each, around);
    return around.empty();
  });
  if (!all_alone) return walk_all();
  for (const auto each : orphans_) change_parent(each, no_slot);
}

bool link_view::hang(node_slot orphan) {
  edges around;
  collect(orphan, around);
  for (const auto& each : around) {
    if (!leads_home(each.to)) continue;
    rows_[orphan].parent = each.to;
    return true;
  }
  return false;
}

bool link_view::leads_home(node_slot slot) const noexcept {
  while (slot < pending && slot != self_slot()) slot = rows_[slot].parent;
  return slot == self_slot();
}

void link_view::walk_all() {
  std::vector<node_slot> parents(rows_.size(), no_slot);
  std::vector<node_slot> queue{self_slot()};
  parents[self_slot()] = self_slot();
  edges around;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    collect(queue[next], around);
    for (const auto& each : around) {
      if (parents[each.to] != no_slot) continue;
      parents[each.to] = queue[next];
      queue.push_back(each.to);
    }
  }
  for (node_slot slot = 0; slot < rows_.size(); ++slot) change_parent(slot, parents[slot]);
}

// Neighbours that were down go up, and theirs; breadth first, so that ways home stay short.
void link_view::raise_around(node_slot slot) {
  std::vector<node_slot> queue{slot};
  edges around;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const auto from = queue[next];
    collect(from, around);
    for (const auto& each : around) {
      if (rows_[each.to].parent != no_slot) continue;
      change_parent(each.to, from);
      queue.push_back(each.to);
    }
  }
}

void link_view::change_parent(node_slot slot, node_slot parent) {
  auto& known = rows_[slot];
  const bool was_up = known.parent != no_slot;
  const bool goes_up = parent != no_slot;
  known.parent = parent;
  if (was_up == goes_up) return;
  up_count_ = goes_up ? up_count_ + 1 : up_count_ - 1;
  up_valid_ = false;
  changed_.push_back(known.id);
}

node_slot link_view::add(const node_id& id) {
  node_slot slot = static_cast<node_slot>(rows_.size());
  if (free_.empty()) {
    rows_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  rows_[slot].id = id;
  insert_into_index(slot);
  return slot;
}

node_slot link_view::slot_of(const node_id& id) const noexcept { return index_[place_of(id)]; }

std::size_t link_view::home_of(node_slot slot) const noexcept { return head_of(rows_[slot].id) & (index_.size() - 1); }

// Where the id is, or the free place where it would be.
std::size_t link_view::place_of(const node_id& id) const noexcept {
  const auto mask = index_.size() - 1;
  auto place = head_of(id) & mask;
  while (index_[place] != no_slot && rows_[index_[place]].id != id) place = (place + 1) & mask;
  return place;
}

void link_view::insert_into_index(node_slot slot) {
  const auto nodes = rows_.size() - free_.size();
  if (nodes * 2 > index_.size()) {
    const auto old =
        std::exchange(index_, std::vector<node_slot>(std::max<std::size_t>(16, index_.size() * 2), no_slot));
    for (const auto each : old) {
      if (each != no_slot) index_[place_of(rows_[each].id)] = each;
    }
  }
  index_[place_of(rows_[slot].id)] = slot;
}

// Source: Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm R: what follows moves up, so no
// marks stay.
void link_view::erase_from_index(const node_id& id) {
  const auto mask = index_.size() - 1;
  auto hole = place_of(id);
  for (auto at = (hole + 1) & mask; index_[at] != no_slot; at = (at + 1) & mask) {
    if (((at - home_of(index_[at])) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = no_slot;
}

}  // namespace askr::mesh
