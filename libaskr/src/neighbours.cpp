// SPDX-License-Identifier: MIT
#include "libaskr/src/neighbours.hpp"

#include "mesh/record_schema.hpp"

#include <algorithm>
#include <iterator>

namespace askr {
namespace {

constexpr std::size_t links_of_a_newcomer = 3;  // Until it has so many, a node dials whomever it hears of.

mesh::topology_options topology_options_of(const node_limits& limits) {
  mesh::topology_options made;
  made.full_mesh_max = limits.full_mesh_max;
  made.full_mesh_again = limits.full_mesh_max - limits.full_mesh_max / 4;
  return made;
}

std::vector<endpoint> parse_endpoints(const std::vector<std::string>& texts) {
  std::vector<endpoint> parsed;
  for (const auto& text : texts) {
    if (const auto one = endpoint::parse(text)) parsed.push_back(*one);
  }
  return parsed;
}

}  // namespace

neighbours::neighbours(const node_options& options, const node_id& self, peer_table& peers, const full_view& view,
                       rng& random)
    : self_(self),
      peers_(peers),
      view_(view),
      topology_(topology_options_of(options.limits), self),
      dialer_({.unix_links = options.unix_links}, self, random),
      seeds_(options.seeds) {}

void neighbours::start(time_point now, const std::vector<std::string>& own_endpoints) {
  set_own_endpoints(own_endpoints);
  for (const auto& seed : parse_endpoints(seeds_)) dialer_.add_seed(now, seed);
}

void neighbours::set_own_endpoints(const std::vector<std::string>& endpoints) {
  dialer_.set_own_endpoints(parse_endpoints(endpoints));
}

void neighbours::on_linked(time_point now, const node_id& peer, mesh::dial_id dial) {
  dialer_.on_linked(now, peer, dial);
  replan_ = true;
}

void neighbours::on_unlinked(time_point now, const node_id& peer) {
  dialer_.on_unlinked(now, peer);
  // A node that is lost is dialled for ever; one that others still reach, only if it is wanted.
  if (view_.is_up(peer) && !wants(peer)) dialer_.ignore(peer);
  replan_ = true;
}

void neighbours::renew(time_point now, const node_id& peer) {
  remember(now, peer);
  dialer_.on_unlinked(now, peer);
}

void neighbours::on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self) {
  dialer_.on_dial_failed(now, dial, why, found_self);
  replan_ = ring();  // Another may have to stand in for it.
}

void neighbours::on_heard_of(time_point now, const node_id& node, const std::vector<std::string>& endpoints) {
  if (seeks(node) || (!view_.is_up(node) && would_want(node))) {
    dialer_.on_candidate(now, node, parse_endpoints(endpoints));
  }
}

bool neighbours::seeks(const node_id& node) const { return peers_.size() < links_of_a_newcomer || wants(node); }

void neighbours::on_changed(time_point now, const node_id& node) {
  if (wants(node) && view_.is_up(node)) remember(now, node);
}

void neighbours::on_wanted(peer& from, bool wanted) {
  from.wanted_there = wanted;
  replan_ = true;
}

bool neighbours::wants(const node_id& node) const { return std::binary_search(wanted_.begin(), wanted_.end(), node); }

bool neighbours::would_want(const node_id& node) const {
  if (!ring()) return true;
  // It would come between this node and one that it wants now, or be the first at some finger's point.
  const auto up = view_.up();
  return topology_.would_want({up.begin(), up.end()}, node);
}

// Where it can be reached: for now, or for the day when its link is lost.
void neighbours::remember(time_point now, const node_id& node) {
  if (const auto record = view_.find(node)) {
    auto endpoints = parse_endpoints(record->described()->endpoints);
    // The address that its link comes from is one more, and may be the only right one.
    const auto* linked = peers_.find(peers_.link_to(node));
    if (linked != nullptr && linked->address != unix_address && !endpoints.empty()) {
      const auto seen = endpoint::parse(linked->address);
      if (seen) endpoints.push_back({seen->host, endpoints.front().port});
    }
    dialer_.on_candidate(now, node, endpoints);
  }
}

bool neighbours::end_turn(time_point now) {
  const bool others = std::exchange(planned_for_, view_.up_changes()) != view_.up_changes();
  if (std::exchange(replan_, false) || others || topology_.next_timeout() <= now) {
    plan(now);
    return true;
  }
  return false;
}

time_point neighbours::next_timeout() const noexcept {
  return std::min(dialer_.next_timeout(), topology_.next_timeout());
}

void neighbours::plan(time_point now) {
  std::vector<node_id> linked, wanted_here;
  peers_.for_each([&](peer& each) {
    if (each.retiring || each.outdated) return;
    linked.push_back(each.node);
    if (each.wanted_there) wanted_here.push_back(each.node);
  });
  for (auto* list : {&linked, &wanted_here}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  const auto failed = ring() ? dialer_.failed() : std::vector<node_id>();
  auto made = topology_.plan(now, {.up = view_.up(), .linked = linked, .wanted_here = wanted_here, .failed = failed});
  follow(now, std::move(made.wanted));
  tell_peers();
  for (const auto& each : made.may_close) unwanted_.push_back(peers_.link_to(each));
}

void neighbours::follow(time_point now, std::vector<node_id> wanted) {
  std::vector<node_id> fresh, dropped;
  std::set_difference(wanted.begin(), wanted.end(), wanted_.begin(), wanted_.end(), std::back_inserter(fresh));
  std::set_difference(wanted_.begin(), wanted_.end(), wanted.begin(), wanted.end(), std::back_inserter(dropped));
  wanted_ = std::move(wanted);
  for (const auto& each : fresh) remember(now, each);
  for (const auto& each : dropped) {
    if (view_.links().is_up(each)) dialer_.ignore(each);
  }
}

void neighbours::tell_peers() {
  peers_.for_each([&](peer& each) {
    // A peer that is not in the view yet will be wanted or not once it is.
    if (each.retiring || each.outdated || !view_.is_up(each.node)) return;
    const bool wanted = wants(each.node);
    if (wanted == each.wanted_here) return;
    each.wanted_here = wanted;
    (void)each.out.append_link_wanted(wanted);
    peers_.mark_dirty(each);
  });
}

}  // namespace askr
