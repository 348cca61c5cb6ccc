// SPDX-License-Identifier: MIT
#include "mesh/routes.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <functional>

namespace askr::mesh {
namespace {

// More than the RTTs of any path can sum up to, so that hops count first.
constexpr std::uint64_t above_any_cost = std::uint64_t{1} << 40;

}  // namespace

const node_id* source_tree::child_towards(const node_id& node) const noexcept {
  const auto at = std::lower_bound(below_.begin(), below_.end(), node,
                                   [](const auto& each, const node_id& id) { return each.first < id; });
  return at == below_.end() || at->first != node ? nullptr : &children_[at->second];
}

routes::routes(const link_view& links, const routes_options& options) : links_(links), options_(options) {
  ASKR_ASSERT(options.trees_max > 0);
}

std::uint64_t routes::update(time_point now) {
  if (version_ != links_.version() && !may_be_used(now)) {
    refresh();
    computed_ = now;
  }
  return version_;
}

bool routes::may_be_used(time_point now) const noexcept {
  if (links_.up_count() < options_.large || version_ < links_.vital_version()) return false;
  return now - computed_ < milliseconds(links_.up_count());
}

void routes::refresh() {
  version_ = links_.version();
  links_.update(graph_);
  trees_.clear();
  for (auto& each : layers_) each.clear();
  search(links_.self_slot(), {}, own_);
}

bool routes::better(const place& a, const place& b) const noexcept {
  if (a.total != b.total) return a.total < b.total;
  if (a.hops != b.hops) return a.hops < b.hops;
  return a.parent != b.parent && links_.id_of(a.parent) < links_.id_of(b.parent);
}

// Dijkstra, 1959, with a binary heap. Every link costs something, so all rivals for a node's parent are settled before
// the node.
void routes::search(node_slot from, rules how, table& out) {
  out.assign(links_.slots(), {});
  out[from] = {0, from, 0};
  heap_.assign(1, {0, from});
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const auto [total, slot] = heap_.back();
    heap_.pop_back();
    if (total == out[slot].total) relax(slot, how, out);
  }
}

void routes::relax(node_slot from, rules how, table& out) {
  const auto here = out[from];
  for (const auto& link : graph_.of(from)) {
    const place by_here{here.total + link.cost_us + how.hop_penalty, from, here.hops + 1};
    auto& known = out[link.to];
    if (by_here.total > known.total) continue;  // As most.
    if (!better(by_here, known) || (how.keeps_own_links && known.hops == 1)) continue;
    const bool cheaper = by_here.total < known.total;
    known = by_here;
    if (!cheaper) continue;
    heap_.emplace_back(by_here.total, link.to);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

// Bellman and Ford, cut off after hops_max rounds: layers_[n] knows the cheapest paths of at most n links.
void routes::layer() {
  layers_[0].assign(links_.slots(), {});
  layers_[0][links_.self_slot()] = {0, links_.self_slot(), 0};
  for (std::uint32_t hops = 1; hops <= hops_max; ++hops) {
    const auto& before = layers_[hops - 1];
    auto& out = layers_[hops];
    out = before;
    for (node_slot from = 0; from < before.size(); ++from) {
      if (before[from].total == unreached || before[from].hops != hops - 1) continue;
      for (const auto& link : graph_.of(from)) {
        const place by_here{before[from].total + link.cost_us, from, hops};
        if (better(by_here, out[link.to])) out[link.to] = by_here;
      }
    }
  }
}

routes::path routes::find(time_point now, const node_id& destination, std::uint8_t hops_left) {
  update(now);
  const auto slot = links_.slot_of(destination);
  if (slot == no_slot || slot == links_.self_slot() || own_[slot].total == unreached) return {};
  const auto limit = std::min(hops_left, hops_max);
  const bool fits = own_[slot].hops <= limit;
  if (!fits && layers_[0].empty()) layer();
  const auto& last = fits ? own_[slot] : layers_[limit][slot];
  if (last.total == unreached) return {};

  path out{{}, static_cast<std::uint8_t>(last.hops), last.total};
  out.nodes[out.hops - 1] = slot;
  for (std::size_t at = out.hops - 1; at > 0; --at) {
    const auto& table = fits ? own_ : layers_[at + 1];
    out.nodes[at - 1] = table[out.nodes[at]].parent;
  }
  return out;
}

std::optional<route> routes::to(time_point now, const node_id& destination, std::uint8_t hops_left) {
  const auto found = find(now, destination, hops_left);
  if (found.hops == 0) return std::nullopt;
  return route{links_.id_of(found.nodes[0]), found.hops, microseconds(found.total)};
}

std::vector<node_id> routes::path_to(time_point now, const node_id& destination, std::uint8_t hops_left) {
  const auto found = find(now, destination, hops_left);
  std::vector<node_id> out;
  for (std::size_t at = 0; at < found.hops; ++at) out.push_back(links_.id_of(found.nodes[at]));
  return out;
}

const source_tree& routes::tree_from(time_point now, const node_id& origin) {
  update(now);
  const auto known = trees_.find(origin);
  if (known != trees_.end()) {
    known->second.used = ++uses_;
    return known->second.tree;
  }
  static const source_tree nowhere;
  const auto slot = links_.slot_of(origin);
  if (slot == no_slot) return nowhere;
  make_room();
  auto& kept = trees_[origin];
  kept.used = ++uses_;
  grow(slot, kept.tree);
  return kept.tree;
}

void routes::make_room() {
  if (trees_.size() < options_.trees_max) return;
  trees_.erase(std::min_element(trees_.begin(), trees_.end(),
                                [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
}

void routes::grow(node_slot origin, source_tree& tree) {
  search(origin, {.hop_penalty = 0, .keeps_own_links = true}, scratch_);
  const auto too_long = [](const place& each) { return each.total != unreached && each.hops > hops_max; };
  if (std::any_of(scratch_.begin(), scratch_.end(), too_long)) search(origin, {above_any_cost, true}, scratch_);

  std::vector<std::pair<node_slot, node_slot>> below;
  for (node_slot node = 0; node < scratch_.size(); ++node) {
    const auto child = child_above(node);
    if (child == no_slot) continue;
    below.emplace_back(node, child);
    if (child == node) tree.children_.push_back(links_.id_of(child));
  }
  std::sort(tree.children_.begin(), tree.children_.end());
  for (const auto& [node, child] : below) {
    const auto at = std::lower_bound(tree.children_.begin(), tree.children_.end(), links_.id_of(child));
    tree.below_.emplace_back(links_.id_of(node), static_cast<std::uint16_t>(at - tree.children_.begin()));
  }
  std::sort(tree.below_.begin(), tree.below_.end());
}

node_slot routes::child_above(node_slot node) const noexcept {
  const auto& last = scratch_[node];
  if (last.total == unreached || last.hops > hops_max || node == links_.self_slot()) return no_slot;
  for (auto at = node; scratch_[at].hops > 0; at = scratch_[at].parent) {
    if (scratch_[at].parent == links_.self_slot()) return at;
  }
  return no_slot;
}

}  // namespace askr::mesh
