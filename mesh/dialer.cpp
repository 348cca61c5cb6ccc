// SPDX-License-Identifier: MIT
#include "mesh/dialer.hpp"

#include "mesh/host_address.hpp"

#include <algorithm>
#include <utility>

namespace askr::mesh {
namespace {

constexpr std::size_t found_own_max = 256;

}  // namespace

dialer::dialer(const dialer_options& options, const node_id& self, rng& random)
    : options_(options), pace_(options.dial_interval, options.dials_burst), self_(self), random_(random) {}

// --- who is to be dialled

void dialer::add_seed(time_point now, const endpoint& seed) {
  if (is_ip_address(seed.host)) {
    seed_at(now, seed);
    return;
  }
  const auto who = seed.to_string();
  if (names_.size() >= options_.names_max || !names_.try_emplace(who, name_row{.seed = seed}).second) return;
  schedule(who, now);
}

dial_candidate& dialer::seed_at(time_point now, const endpoint& seed) {
  const auto who = seed.to_string();
  auto& row = candidates_[who];
  if (row.seed) return row;
  row.seed = true;
  row.learn({seed}, 1);
  schedule(who, now);
  return row;
}

void dialer::remove_seed(const endpoint& seed) {
  const auto who = seed.to_string();
  if (names_.erase(who) == 0) return forget_seed(who);
  unschedule(who);
  std::vector<key> addresses;
  for (const auto& [which, row] : candidates_) {
    if (row.name == who) addresses.push_back(which);
  }
  for (const auto& each : addresses) forget_seed(each);
}

void dialer::forget_seed(const key& who) {
  const auto found = candidates_.find(who);
  if (found == candidates_.end()) return;
  drop_others(who, 0);
  unschedule(who);
  waiting_.erase(who);
  found->second.seed = false;
  found->second.name.clear();
  if (found->second.open == 0) candidates_.erase(found);
}

void dialer::on_looked_up(time_point now, const endpoint& seed, const std::vector<std::string>& addresses) {
  const auto who = seed.to_string();
  const auto name = names_.find(who);
  if (name == names_.end()) return;
  name->second.failures = 0;
  name->second.last_result = std::to_string(addresses.size()) + (addresses.size() == 1 ? " address" : " addresses");
  schedule(who, now + options_.lookup_interval);
  std::set<key> listed;
  for (const auto& each : addresses) {
    if (listed.size() == options_.name_addresses_max) break;
    const endpoint at{each, seed.port};
    listed.insert(at.to_string());
    if (auto& row = seed_at(now, at); row.name.empty()) row.name = who;
  }
  std::vector<key> gone;
  for (const auto& [which, row] : candidates_) {
    if (row.name == who && !listed.contains(which)) gone.push_back(which);
  }
  for (const auto& each : gone) forget_seed(each);
}

void dialer::on_lookup_failed(time_point now, const endpoint& seed, const error& why) {
  const auto name = names_.find(seed.to_string());
  if (name == names_.end()) return;
  name->second.last_result = "does not resolve: " + why.detail;
  back_off(now, name->first, name->second.failures, options_.backoff_max);
}

void dialer::on_candidate(time_point now, const node_id& id, const std::vector<endpoint>& endpoints) {
  if (id == self_) return;
  const auto who = key_of(id);
  if (!candidates_.contains(who) && candidates_.size() >= options_.candidates_max && !make_room()) return;
  auto& row = candidates_[who];
  const bool is_new = !row.id;
  row.id = id;
  row.ignored = false;
  row.heard = now;
  const auto news = row.learn(endpoints, options_.endpoints_max);
  if (is_linked(row) || proved_.contains(id)) return;
  if (row.racing()) return join_race(now, who, row, news);
  if (!news.empty()) row.failures = 0;
  if (is_new || !news.empty() || !due_of_.contains(who)) {
    schedule(who, self_ < id ? pace_.take(now) : now + options_.higher_id_delay);
  }
}

void dialer::join_race(time_point now, const key& who, dial_candidate& row, const std::vector<endpoint>& news) {
  row.line_up(news, [this](const endpoint& to) { return reach_of(to); });
  if (!row.ahead.empty() && !due_of_.contains(who)) schedule(who, now + options_.race_interval);
}

void dialer::on_alive(time_point now, const node_id& id) {
  const auto found = candidates_.find(key_of(id));
  if (found == candidates_.end() || is_linked(found->second) || found->second.racing()) return;
  const auto due = due_of_.find(found->first);
  const auto jitter = random_.below(static_cast<std::uint64_t>(options_.backoff_min.count()));
  const auto soon = now + milliseconds(jitter);
  if (due == due_of_.end() || std::get<0>(due->second) > soon) schedule(found->first, soon);
}

// Makes room by forgetting the candidate that has failed most often.
bool dialer::make_room() {
  auto worst = candidates_.end();
  for (auto each = candidates_.begin(); each != candidates_.end(); ++each) {
    const auto& row = each->second;
    if (row.seed || is_linked(row) || row.racing() || row.failures == 0) continue;
    if (worst == candidates_.end() || row.failures > worst->second.failures) worst = each;
  }
  if (worst == candidates_.end()) return false;
  unschedule(worst->first);
  candidates_.erase(worst);
  return true;
}

void dialer::set_own_endpoints(std::vector<endpoint> endpoints) {
  own_endpoints_ = {endpoints.begin(), endpoints.end()};
}

void dialer::set_host_addresses(time_point now, std::set<std::string> addresses) {
  if (addresses == host_addresses_) return;
  host_addresses_ = std::move(addresses);
  if (found_own_.empty()) return;
  // What was our own may be another's now.
  found_own_.clear();
  for (auto& [who, row] : candidates_) {
    if (!is_linked(row) && !row.racing() && !due_of_.contains(who)) schedule(who, now);
  }
}

dial_candidate::reach dialer::reach_of(const endpoint& to) const {
  if (own_endpoints_.contains(to) || found_own_.contains(to)) return dial_candidate::reach::self;
  const bool local = is_loopback_address(to.host) || host_addresses_.contains(to.host);
  return local && options_.unix_links ? dial_candidate::reach::local : dial_candidate::reach::remote;
}

// --- what became of dials

bool dialer::on_proved(dial_id dial, const node_id& id) {
  auto* row = row_of(dial);
  if (row == nullptr) return false;
  if (row->seed && id != self_) row->id = id;
  if (id == self_ || linked_.contains(id) || proved_.contains(id)) return false;
  auto& won = dials_.at(dial);
  won.proved = id;
  proved_.insert(id);
  row->prefer(won.to);
  drop_others(won.who, dial);
  return true;
}

// Ends what is left of a race. Who has proved its identity stays: the other side may take the link as made.
void dialer::drop_others(const key& who, dial_id but) {
  const auto found = candidates_.find(who);
  if (found == candidates_.end()) return;
  found->second.ahead.clear();
  std::vector<dial_id> losers;
  for (const auto& [dial, row] : dials_) {
    if (row.who == who && dial != but && !row.proved) losers.push_back(dial);
  }
  for (const auto dial : losers) {
    const auto& row = dials_.at(dial);
    if (auto* target = found->second.find(row.to)) target->result_of(row.way) = "another address was faster";
    end_dial(dial);
    dropped_.push_back(dial);
  }
}

void dialer::on_linked(time_point now, const node_id& id, dial_id dial) {
  linked_.insert(id);
  proved_.erase(id);
  if (auto* row = row_of(dial)) {
    const auto won = dials_.at(dial);
    row->failures = 0;
    row->linked = now;
    row->last_result = "linked";
    row->id = id;
    row->prefer(won.to);
    if (auto* target = row->find(won.to)) target->result_of(won.way) = "linked";
    end_dial(dial);
    drop_others(won.who, 0);
    unschedule(won.who);
  }
  const auto who = key_of(id);
  const auto found = candidates_.find(who);
  if (found == candidates_.end()) return;
  found->second.failures = 0;
  found->second.linked = now;
  found->second.last_result = "linked";
  drop_others(who, 0);
  unschedule(who);
}

void dialer::on_unlinked(time_point now, const node_id& id) {
  linked_.erase(id);
  for (auto& [who, row] : candidates_) {
    if (row.id != id || row.racing()) continue;
    row.last_result = "link lost";
    row.heard = row.lost = now;
    row.brief_links = now - row.linked < options_.brief_link ? row.brief_links + 1 : 0;
    if (row.brief_links > 1) {
      auto failures = row.brief_links - 2;
      back_off(now, who, failures, options_.backoff_max);
      continue;
    }
    // Both sides notice at once: the lower id dials first again, and a restart gets a moment.
    const auto delay = self_ < id ? milliseconds(20) : options_.higher_id_delay;
    schedule(who, now + delay);
  }
}

void dialer::ignore(const node_id& id) {
  const auto found = candidates_.find(key_of(id));
  if (found == candidates_.end()) return;
  found->second.ignored = true;
  found->second.ahead.clear();
  unschedule(found->first);
  waiting_.erase(found->first);
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
  auto* row = row_of(dial);
  if (row == nullptr) return;
  const auto was = dials_.at(dial);
  if (was.proved) proved_.erase(*was.proved);
  if (found_self && found_own_.size() < found_own_max) found_own_.insert(was.to);
  row->last_result = found_self ? "this node itself" : why.message();
  if (auto* target = row->find(was.to)) target->result_of(was.way) = row->last_result;
  end_dial(dial);
  if (found_self) {  // By whichever way: neither is worth another try.
    std::erase_if(row->ahead, [&](const auto& each) { return each.to == was.to; });
  }
  if (is_linked(*row)) {
    row->failures = 0;
    row->last_result = "linked";
    return unschedule(was.who);
  }
  if (!row->ahead.empty()) return schedule(was.who, now);
  if (row->open > 0) return;
  const bool lately = row->lost != time_point::min() && now - row->lost <= options_.lost_lately;
  if (!is_self(*row)) {
    back_off(now, was.who, row->failures, lately ? options_.lost_backoff_max : options_.backoff_max);
  }
}

bool dialer::is_self(const dial_candidate& row) const {
  return std::all_of(row.targets.begin(), row.targets.end(),
                     [&](const auto& each) { return reach_of(each.to) == dial_candidate::reach::self; });
}

void dialer::back_off(time_point now, const key& who, std::uint32_t& failures, milliseconds longest) {
  const auto doublings = std::min<std::uint32_t>(failures++, 10);
  const auto ceiling = std::min<milliseconds>(options_.backoff_min * (1u << doublings), longest);
  schedule(who, now + milliseconds(1 + random_.below(static_cast<std::uint64_t>(ceiling.count()))));
}

// --- time

void dialer::on_timeout(time_point now) {
  while (!due_.empty() && std::get<0>(*due_.begin()) <= now) {
    const auto who = std::get<2>(*due_.begin());
    unschedule(who);
    if (const auto name = names_.find(who); name != names_.end()) {
      lookups_.push_back(name->second.seed);
    } else if (const auto row = candidates_.find(who); row != candidates_.end()) {
      race(now, who, row->second);
    }
  }
}

void dialer::race(time_point now, const key& who, dial_candidate& row) {
  if (is_linked(row) || (row.id && proved_.contains(*row.id))) return;
  if (!row.racing()) {
    if (!row.seed && now - row.heard > options_.remembered) {
      candidates_.erase(who);
      return;
    }
    row.line_up([this](const endpoint& to) { return reach_of(to); });
  }
  if (row.ahead.empty()) return;
  if (!has_room(row)) {
    waiting_.insert(who);
    return;
  }
  start(who, row);
  if (!row.ahead.empty()) schedule(who, now + options_.race_interval);
}

bool dialer::has_room(const dial_candidate& row) const {
  if (dials_.size() >= (row.open == 0 ? options_.dials_max : std::max<std::size_t>(options_.dials_max / 2, 1)))
    return false;
  const auto& host = row.ahead.front().to.host;
  if (is_loopback_address(host) || host_addresses_.contains(host)) return true;
  const auto there = dials_per_host_.find(host);
  return there == dials_per_host_.end() || there->second < options_.dials_per_host_max;
}

void dialer::start(const key& who, dial_candidate& row) {
  const auto next = row.ahead.front();
  row.ahead.pop_front();
  ++row.open;
  const auto dial = ++last_dial_;
  dials_[dial] = {who, next.to, next.way, std::nullopt};
  ++dials_per_host_[next.to.host];
  requests_.push_back({dial, next.to, row.seed ? std::nullopt : row.id, next.way});
}

void dialer::end_dial(dial_id dial) {
  const auto found = dials_.find(dial);
  if (--dials_per_host_[found->second.to.host] == 0) dials_per_host_.erase(found->second.to.host);
  --candidates_.at(found->second.who).open;
  dials_.erase(found);
  for (const auto& each : std::exchange(waiting_, {})) schedule(each, time_point{});
}

dial_candidate* dialer::row_of(dial_id dial) {
  const auto found = dials_.find(dial);
  return found == dials_.end() ? nullptr : &candidates_.at(found->second.who);
}

void dialer::schedule(const key& who, time_point due) {
  unschedule(who);
  waiting_.erase(who);
  const auto row = candidates_.find(who);
  if (row != candidates_.end() && row->second.ignored) return;
  const due_key at{due, row == candidates_.end() ? 0 : row->second.failures, who};
  due_.insert(at);
  due_of_[who] = at;
}

void dialer::unschedule(const key& who) {
  const auto found = due_of_.find(who);
  if (found == due_of_.end()) return;
  due_.erase(found->second);
  due_of_.erase(found);
}

// --- what can be told

dialer::status dialer::status_of(const key& who, const dial_candidate& row) const {
  const bool only_self = !row.targets.empty() && is_self(row);
  status told{.who = who,
              .last_result = row.racing()     ? "dialing"
                             : is_linked(row) ? "linked"
                             : only_self      ? "this node itself"
                                              : row.last_result,
              .seed = row.seed,
              .linked = is_linked(row)};
  for (const auto& each : row.targets) {
    const auto address = each.to.to_string();
    if (!each.unix_result.empty()) told.addresses.push_back({"unix " + address, each.unix_result});
    told.addresses.push_back({address, each.tcp_result.empty() ? "not tried yet" : each.tcp_result});
  }
  return told;
}

std::vector<dialer::status> dialer::statuses() const {
  std::vector<status> all;
  for (const auto& [who, name] : names_) all.push_back({.who = who, .last_result = name.last_result, .seed = true});
  for (const auto& [who, row] : candidates_) all.push_back(status_of(who, row));
  return all;
}

}  // namespace askr::mesh
