// SPDX-License-Identifier: MIT
#include "mesh/routes.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <numeric>

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
  if (version_ < links_.vital_version()) rank_ids();
  version_ = links_.version();
  links_.update(graph_);
  trees_.clear();
  own_.clear();
  for (auto& each : layers_) each.clear();
}

void routes::rank_ids() {
  by_rank_.resize(links_.slots());
  std::iota(by_rank_.begin(), by_rank_.end(), node_slot{0});
  std::sort(by_rank_.begin(), by_rank_.end(),
            [this](node_slot a, node_slot b) { return links_.id_of(a) < links_.id_of(b); });
  ranks_.resize(by_rank_.size());
  for (std::uint32_t rank = 0; rank < by_rank_.size(); ++rank) ranks_[by_rank_[rank]] = rank;
}

inline routes::place routes::reached_by(node_slot parent, const place& there, cost more) const noexcept {
  return {there.total + more, std::uint64_t{there.hops() + 1} << 32U | ranks_[parent]};
}

// Dijkstra, 1959. Every link costs something, so all rivals for a node's parent are settled before the node.
void routes::search(node_slot from, rules how, table& out) const {
  thread_local radix_heap<node_slot> reached;  // Kept from call to call, whoever searches.
  out.assign(links_.slots(), {});
  out[from] = {0, ranks_[from]};
  reached.clear();
  reached.push(0, from);
  while (!reached.empty()) {
    const auto [total, slot] = reached.pop();
    if (total == out[slot].total) relax(slot, how, out, reached);
  }
}

// In a large mesh the graph is in no cache: what will be looked at soon is asked for as soon as that is known.
void routes::relax(node_slot from, rules how, table& out, radix_heap<node_slot>& reached) const {
  const auto here = reached_by(from, out[from], how.hop_penalty);
  for (const auto& link : graph_.of(from)) {
    const place by_here{here.total + link.cost_us, here.tie};
    auto& known = out[link.to];
    if (by_here.total > known.total) continue;  // As most.
    if (by_here >= known || (how.keeps_own_links && known.hops() == 1)) continue;
    const bool cheaper = by_here.total < known.total;
    known = by_here;
    if (!cheaper) continue;
    reached.push(by_here.total, link.to);
    graph_.prefetch(link.to);
  }
}

// Bellman and Ford, cut off after hops_max rounds: layers_[n] knows the cheapest paths of at most n links.
void routes::layer() {
  layers_[0].assign(links_.slots(), {});
  layers_[0][links_.self_slot()] = {0, ranks_[links_.self_slot()]};
  for (std::uint32_t hops = 1; hops <= hops_max; ++hops) {
    const auto& before = layers_[hops - 1];
    auto& out = layers_[hops];
    out = before;
    for (node_slot from = 0; from < before.size(); ++from) {
      if (before[from].total == unreached || before[from].hops() != hops - 1) continue;
      for (const auto& link : graph_.of(from)) {
        out[link.to] = std::min(out[link.to], reached_by(from, before[from], link.cost_us));
      }
    }
  }
}

routes::path routes::find(time_point now, const node_id& destination, std::uint8_t hops_left) {
  update(now);
  if (own_.empty()) search(links_.self_slot(), {}, own_);
  const auto slot = links_.slot_of(destination);
  if (slot == no_slot || slot == links_.self_slot() || own_[slot].total == unreached) return {};
  const auto limit = std::min(hops_left, hops_max);
  const bool fits = own_[slot].hops() <= limit;
  if (!fits && layers_[0].empty()) layer();
  const auto& last = fits ? own_[slot] : layers_[limit][slot];
  if (last.total == unreached) return {};

  path out{{}, static_cast<std::uint8_t>(last.hops()), last.total};
  out.nodes[out.hops - 1] = slot;
  for (std::size_t at = out.hops - 1; at > 0; --at) {
    const auto& table = fits ? own_ : layers_[at + 1];
    out.nodes[at - 1] = parent_of(table[out.nodes[at]]);
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
  thread_local table found;  // Kept as in search().
  search(origin, {.hop_penalty = 0, .keeps_own_links = true}, found);
  const auto too_long = [](const place& each) { return each.total != unreached && each.hops() > hops_max; };
  if (std::any_of(found.begin(), found.end(), too_long)) search(origin, {above_any_cost, true}, found);
  const auto is_child = [self = ranks_[links_.self_slot()]](const place& each) {
    return each.parent() == self && each.hops() > 0;
  };
  if (std::none_of(found.begin(), found.end(), is_child)) return;  // As for most origins.

  std::vector<std::pair<node_slot, node_slot>> below;
  for (node_slot node = 0; node < found.size(); ++node) {
    const auto child = child_above(found, node);
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

node_slot routes::child_above(const table& from_origin, node_slot node) const noexcept {
  const auto& last = from_origin[node];
  if (last.total == unreached || last.hops() > hops_max || node == links_.self_slot()) return no_slot;
  for (auto at = node; from_origin[at].hops() > 0;) {
    const auto parent = parent_of(from_origin[at]);
    if (parent == links_.self_slot()) return at;
    at = parent;
  }
  return no_slot;
}

}  // namespace askr::mesh
