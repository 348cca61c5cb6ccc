// SPDX-License-Identifier: MIT
#include "tools/askr-sim/view_checker.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace askr::sim {
namespace {

constexpr std::size_t prune_below = 64;  // Looking through the list costs as much as it is long.
constexpr tick worth_a_trace = 150 * one_millisecond;

}  // namespace

void view_checker::put(bits& set, host_index which, bool in) noexcept {
  const auto bit = std::uint64_t{1} << (which % 64);
  set[which / 64] = in ? set[which / 64] | bit : set[which / 64] & ~bit;
}

void view_checker::begin() {
  const auto words = world_.size() / 64 + 1;
  seen_.assign(world_.size(), bits(words));
  up_.assign(words, 0);
  now_seen_.assign(words, 0);
  versions_.assign(world_.size(), 0);
  changed_.assign(world_.size(), 0);
  newcomers_.assign(world_.size(), {});
  dead_.assign(world_.size(), {});
  silent_.assign(world_.size(), false);
  for (host_index i = 0; i < world_.size(); ++i) by_id_.emplace_back(world_.at(i).self.id, i);
  std::sort(by_id_.begin(), by_id_.end());
}

void view_checker::on_started(host_index which) {
  auto& about = newcomers_[which];
  about = {world_.now(), {}, !judge_.ill_beyond(which, world_.now())};
  for (host_index each = 0; each < world_.size(); ++each) {
    if (has(up_, each) && !has(seen_[each], which) && judge_.prompt(each)) about.observers.push_back(each);
  }
  put(up_, which, true);
  changed_[which] = world_.now();
  dead_[which] = {};
  std::fill(seen_[which].begin(), seen_[which].end(), 0);
  put(seen_[which], which, true);
  versions_[which] = 0;
}

void view_checker::on_ended(host_index which, ending how) {
  put(up_, which, false);
  changed_[which] = world_.now();
  newcomers_[which] = {};
  const bool well = judge_.prompt(which);
  silent_[which] = how == ending::powered_off || !well;
  auto& about = dead_[which];
  about = {world_.now(), {}, how == ending::killed && well};
  for (host_index each = 0; each < world_.size(); ++each) {
    if (has(up_, each) && has(seen_[each], which) && judge_.prompt(each)) about.observers.push_back(each);
  }
}

void view_checker::look(simulated::host& at, bits& into) {
  std::fill(into.begin(), into.end(), 0);
  auto place = by_id_.begin();  // Both are sorted.
  for (const auto& record : at.core->members().known().records()) {
    while (place != by_id_.end() && place->first < record->id) ++place;
    if (place == by_id_.end()) break;
    if (place->first == record->id) put(into, place->second, true);
  }
}

void view_checker::on_turn_end(simulated::host& which) {
  const auto version = which.core->members().known().changes();
  if (version == versions_[which.index]) return;
  versions_[which.index] = version;
  look(which, now_seen_);
  auto& before = seen_[which.index];
  for (std::size_t word = 0; word < before.size(); ++word) {
    auto different = before[word] ^ now_seen_[word];
    before[word] = now_seen_[word];
    for (; different != 0; different &= different - 1) {
      const auto other = static_cast<host_index>(word * 64 + static_cast<std::size_t>(std::countr_zero(different)));
      has(before, other) ? on_found(which.index, other) : on_lost(which.index, other);
    }
  }
}

void view_checker::settle(waiting& about, host_index observer, samples& into) {
  const auto at = std::lower_bound(about.observers.begin(), about.observers.end(), observer);
  if (at == about.observers.end() || *at != observer) return;
  about.observers.erase(at);
  // Whoever has died or fell ill since is not waited for.
  if (about.observers.size() <= prune_below || about.observers.size() % prune_below == 0) {
    std::erase_if(about.observers, [&](host_index each) { return !has(up_, each) || !judge_.prompt(each); });
  }
  if (!about.observers.empty() || !about.measured) return;
  const bool joined = &into == &joins_;
  const auto which = static_cast<host_index>(&about - (joined ? newcomers_ : dead_).data());
  if (joined && judge_.ill_beyond(which, about.since)) return;
  const auto took = world_.now() - about.since;
  into.add(took);
  if (took < worth_a_trace) return;
  judge_.trace("node " + std::to_string(which) + (joined ? " is known to all" : " is lost to all") + " after " +
               std::to_string(took / one_millisecond) + " ms, at last to node " + std::to_string(observer));
}

void view_checker::on_found(host_index observer, host_index which) {
  if (!has(up_, which)) {
    if (judge_.sound(observer) && world_.now() - changed_[which] > gone_within(which)) {
      judge_.violation("node " + std::to_string(observer) + " found node " + std::to_string(which) + ", which is gone");
    }
    return;
  }
  settle(newcomers_[which], observer, joins_);
}

void view_checker::on_lost(host_index observer, host_index which) {
  if (!has(up_, which)) return settle(dead_[which], observer, losses_);
  if (!judge_.sound(observer) || !judge_.sound(which) || !path_between(observer, which)) return;
  ++false_losses_;
  judge_.violation("node " + std::to_string(observer) + " lost node " + std::to_string(which) +
                   ", which is well and can be reached");
}

/// Over connections that both ends hold.
bool view_checker::path_between(host_index one, host_index other) {
  visited_.assign(world_.size(), false);
  visited_[one] = true;
  queue_.assign(1, one);
  while (!queue_.empty()) {
    const auto at = queue_.back();
    queue_.pop_back();
    if (at == other) return true;
    for (const auto& [link, end] : world_.at(at).links) {
      const auto peer = world_.peer_of(end);
      if (visited_[peer] || world_.wires()[end.wire].links[1 - end.side] == no_link) continue;
      if (!world_.net().both_ways(at, peer)) continue;
      visited_[peer] = true;
      queue_.push_back(peer);
    }
  }
  return false;
}

/// How long others may see who is gone.
tick view_checker::gone_within(host_index which) const {
  if (!judge_.others_prompt_since(which, changed_[which])) return gone_at_latest;
  return silent_[which] ? gone_when_silent : gone_when_told;
}

void view_checker::check_the_gone() {
  const auto now = world_.now();
  for (host_index observer = 0; observer < world_.size(); ++observer) {
    if (!has(up_, observer) || !judge_.sound(observer)) continue;
    for (std::size_t word = 0; word < up_.size(); ++word) {
      for (auto gone = seen_[observer][word] & ~up_[word]; gone != 0; gone &= gone - 1) {
        const auto which = static_cast<host_index>(word * 64 + static_cast<std::size_t>(std::countr_zero(gone)));
        if (now - changed_[which] < gone_when_told || now - changed_[which] < gone_within(which)) continue;
        judge_.violation("node " + std::to_string(observer) + " still sees node " + std::to_string(which) +
                         ", which is gone for " + std::to_string((now - changed_[which]) / one_millisecond) + " ms");
      }
    }
  }
}

bool view_checker::converged() {
  const mesh::digest* first = nullptr;
  mesh::digest root{};
  for (host_index each = 0; each < world_.size(); ++each) {
    if (!has(up_, each)) continue;
    if (seen_[each] != up_) return false;
    const auto own = world_.at(each).core->members().view().root();
    if (first != nullptr && own != root) return false;
    root = own;
    first = &root;
  }
  return true;
}

std::string view_checker::why_not_converged() {
  std::string why;
  int said = 0;
  for (host_index each = 0; each < world_.size() && said < 5; ++each) {
    if (!has(up_, each) || seen_[each] == up_) continue;
    ++said;
    std::size_t missing = 0, false_ones = 0;
    for (std::size_t word = 0; word < up_.size(); ++word) {
      missing += static_cast<std::size_t>(std::popcount(up_[word] & ~seen_[each][word]));
      false_ones += static_cast<std::size_t>(std::popcount(seen_[each][word] & ~up_[word]));
    }
    why += " node " + std::to_string(each) + " misses " + std::to_string(missing) + " and sees " +
           std::to_string(false_ones) + " that are gone;";
  }
  return said == 0 ? " the digests differ:" + how_records_differ() : why;
}

/// As the first few say it who do not know the newest of somebody.
std::string view_checker::how_records_differ() {
  std::string how;
  int said = 0;
  for (const auto& [owner_id, owner] : by_id_) {
    if (!has(up_, owner)) continue;
    const auto newest = world_.at(owner).core->members().view().find(owner_id)->stamp().version;
    for (host_index each = 0; each < world_.size() && said < 5; ++each) {
      const auto known = has(up_, each) ? world_.at(each).core->members().view().find(owner_id) : nullptr;
      if (known == nullptr || known->stamp().version == newest) continue;
      ++said;
      how += " node " + std::to_string(each) + " knows version " + std::to_string(known->stamp().version) + " of " +
             std::to_string(newest) + " of node " + std::to_string(owner) + ";";
    }
  }
  return how;
}

}  // namespace askr::sim
