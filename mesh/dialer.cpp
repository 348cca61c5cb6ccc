// SPDX-License-Identifier: MIT
#include "mesh/dialer.hpp"

#include <algorithm>
#include <utility>

namespace askr::mesh {

dialer::dialer(const dialer_options& options, const node_id& self, rng& random)
    : options_(options), self_(self), random_(random) {}

void dialer::add_seed(time_point now, const endpoint& seed) {
  auto& row = candidates_[seed.to_string()];
  row.seed = true;
  row.endpoints = {seed};
  schedule(row, now);
}

void dialer::on_candidate(time_point now, const node_id& id, const std::vector<endpoint>& endpoints) {
  if (id == self_) return;
  const auto known = candidates_.find(key_of(id));
  if (known == candidates_.end() && candidates_.size() >= options_.candidates_max && !forget_one()) return;
  auto& row = known == candidates_.end() ? candidates_[key_of(id)] : known->second;
  row.id = id;
  row.ignored = false;
  row.linked = linked_.contains(id);
  bool news = false;
  for (const auto& each : endpoints) {
    if (row.endpoints.size() >= options_.endpoints_max) break;
    if (std::find(row.endpoints.begin(), row.endpoints.end(), each) != row.endpoints.end()) continue;
    row.endpoints.push_back(each);
    news = true;
  }
  if (row.linked || row.dialing != 0) return;
  if (news || row.due == time_point::max()) {
    row.failures = news ? 0 : row.failures;
    schedule(row, self_ < id ? now : now + options_.higher_id_delay);
  }
}

// Makes room by forgetting the candidate that has failed most often.
bool dialer::forget_one() {
  auto worst = candidates_.end();
  for (auto each = candidates_.begin(); each != candidates_.end(); ++each) {
    const auto& row = each->second;
    if (row.seed || row.linked || row.dialing != 0 || row.failures == 0) continue;
    if (worst == candidates_.end() || row.failures > worst->second.failures) worst = each;
  }
  if (worst == candidates_.end()) return false;
  candidates_.erase(worst);
  return true;
}

void dialer::on_linked(const node_id& id, dial_id dial) {
  linked_.insert(id);
  if (auto* dialed = dialing(dial)) {
    end_dial(*dialed, dial);
    dialed->failures = 0;
    dialed->last_result = "linked";
    if (dialed->seed) dialed->id = id;
  }
  const auto found = candidates_.find(key_of(id));
  if (found != candidates_.end()) {
    found->second.linked = true;
    found->second.failures = 0;
    found->second.due = time_point::max();
    found->second.last_result = "linked";
  }
}

void dialer::on_unlinked(time_point now, const node_id& id) {
  linked_.erase(id);
  for (auto& [key, row] : candidates_) {
    if (row.id != id || row.dialing != 0) continue;
    row.linked = false;
    row.last_result = "link lost";
    // Both sides notice at once: the lower id dials first again, and a restart gets a moment.
    const auto delay = self_ < id ? milliseconds(20) : options_.higher_id_delay;
    schedule(row, now + delay);
  }
}

void dialer::ignore(const node_id& id) {
  const auto found = candidates_.find(key_of(id));
  if (found == candidates_.end()) return;
  found->second.ignored = true;
  found->second.due = time_point::max();
}

std::vector<node_id> dialer::failed() const {
  std::vector<node_id> all;
  for (const auto& [key, row] : candidates_) {
    if (row.id && row.failures > 0 && !linked_.contains(*row.id)) all.push_back(*row.id);
  }
  std::sort(all.begin(), all.end());
  return all;
}

void dialer::on_dial_failed(time_point now, dial_id dial, const error& why, bool found_self) {
  auto* row = dialing(dial);
  if (row == nullptr) return;
  end_dial(*row, dial);
  row->last_result = why.message();
  if (found_self) {
    row->is_self = true;
    row->due = time_point::max();
    return;
  }
  const auto doublings = std::min<std::uint32_t>(row->failures++, 10);
  const auto ceiling = std::min<milliseconds>(options_.backoff_min * (1u << doublings), options_.backoff_max);
  schedule(*row, now + milliseconds(1 + random_.below(static_cast<std::uint64_t>(ceiling.count()))));
}

void dialer::on_timeout(time_point now) {
  if (now < next_due_) return;
  for (auto& [key, row] : candidates_) {
    if (row.due > now || row.dialing != 0) continue;
    if (dials_.size() >= options_.dials_max) break;
    if (row.linked || row.is_self || seed_is_linked(row)) {
      row.due = time_point::max();
      continue;
    }
    dial(row);
    dials_[row.dialing] = key;
  }
  find_next_due();
}

void dialer::find_next_due() {
  next_due_ = time_point::max();
  if (dials_.size() >= options_.dials_max) return;  // The end of a dial looks again.
  for (const auto& [key, row] : candidates_) {
    if (row.dialing == 0) next_due_ = std::min(next_due_, row.due);
  }
}

void dialer::end_dial(candidate& which, dial_id dial) {
  dials_.erase(dial);
  which.dialing = 0;
  find_next_due();
}

std::vector<dial_request> dialer::take_requests() { return std::exchange(requests_, {}); }

std::vector<dialer::status> dialer::statuses() const {
  std::vector<status> all;
  for (const auto& [key, row] : candidates_) {
    all.push_back({key, row.dialing != 0 ? "dialing" : row.is_self ? "this node itself" : row.last_result});
  }
  return all;
}

dialer::candidate* dialer::dialing(dial_id dial) {
  const auto found = dials_.find(dial);
  if (found == dials_.end()) return nullptr;
  return &candidates_.at(found->second);
}

void dialer::schedule(candidate& which, time_point due) {
  if (which.is_self || which.ignored) return;
  which.due = due;
  next_due_ = std::min(next_due_, due);
}

void dialer::dial(candidate& which) {
  if (which.endpoints.empty()) {
    which.due = time_point::max();
    return;
  }
  which.dialing = ++last_dial_;
  which.due = time_point::max();
  requests_.push_back({which.dialing, which.endpoints[which.turn++ % which.endpoints.size()], which.id});
  if (which.seed) requests_.back().expected.reset();
}

bool dialer::seed_is_linked(const candidate& which) const {
  return which.seed && which.id && linked_.contains(*which.id);
}

}  // namespace askr::mesh
