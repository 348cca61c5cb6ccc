// SPDX-License-Identifier: MIT
#include "libaskr/src/membership.hpp"

#include <algorithm>

namespace askr {
namespace {

// In a ring the news of a new path take longer, and come in numbers.
constexpr view_pace pace_of_full_mesh{.settle = 50ms, .company = 0ms};
constexpr view_pace pace_of_ring{.settle = 250ms, .company = 5ms};
// Round trips that changed are told together: each telling is flooded to all.
constexpr seconds rtt_report_delay{10};
constexpr seconds first_rtt_delay{1};
constexpr seconds starting{3};              // So long a node may still raise its own incarnation.
constexpr milliseconds routed_around = 1s;  // So soon everybody has stopped to use a link that is given up.
constexpr milliseconds carried_kept = 60s;  // A link that carried others' messages since may still get the answers.
constexpr std::uint32_t root_every = 5;     // Pings, of which one carries the view's digest.

std::uint64_t to_us(time_point when) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(when.time_since_epoch()).count());
}

const char* text_of_bye(errc code) { return code == errc::canceled ? "neither end needs this link" : "duplicate link"; }

/// Until the first record is signed, at the end of the first turn.
mesh::record_ptr provisional(const self_description& self) {
  auto record = std::make_shared<mesh::node_record>();
  record->id = self.id;
  record->life = self.life;
  record->name = self.name;
  record->app_version = self.app_version;
  return record;
}

}  // namespace

membership::membership(const node_options& options, self_description& self, const core_keys& keys, peer_table& peers,
                       mesh::directory& directory, event_interest& interests, rng& random, counters& counts)
    : options_(options),
      self_(self),
      peers_(peers),
      directory_(directory),
      interests_(interests),
      counts_(counts),
      view_(self.id, keys, peers, directory, counts),
      neighbours_(options, self.id, peers, view_, random),
      record_(self, keys, counts),
      beacons_(random) {
  directory_.merge(provisional(self));
}

void membership::start(time_point now, std::vector<std::string> endpoints) {
  started_ = true;
  start_time_ = now;
  record_.set_endpoints(endpoints);
  if (options_.authenticator) record_.set_credential(options_.authenticator->credential());
  neighbours_.start(now, endpoints);
  if (options_.beacon) beacons_.start(now);
}

void membership::stop(time_point now) {
  beacons_.stop();
  record_.set_leaving();
  if (const auto news = record_.publish(now); news && started_) view_.publish(now, *news);
  peers_.for_each([&](peer& each) {
    each.out.append_bye({.code = errc::closed, .text = "the node leaves"});
    peers_.mark_dirty(each);
  });
}

// --- links

membership::rivalry membership::judge(const link_peer& newcomer, const peer& incumbent) const {
  if (newcomer.life < incumbent.life) return rivalry::newcomer_outdated;
  if (newcomer.life > incumbent.life) return rivalry::newcomer_stays;
  if (newcomer.dialed == incumbent.dialed) return rivalry::newcomer_stays;  // Who dials again has lost the first.
  const bool we_are_lower = self_.id < newcomer.id;
  return newcomer.dialed == we_are_lower ? rivalry::newcomer_stays : rivalry::newcomer_retires;
}

result<link_id> membership::on_link_up(time_point now, link_peer up) {
  if (up.id == self_.id) return error{errc::duplicate_identity, "this is our own identity"};
  if (peers_.size() >= options_.limits.peers_max) return error{errc::overloaded, "too many links"};
  auto& newcomer = peers_.add();
  newcomer.node = up.id;
  newcomer.life = up.life;
  newcomer.name = up.name;
  newcomer.who = up.who;
  newcomer.dialed = up.dialed;
  newcomer.address = up.address;
  newcomer.last_heard = now;
  newcomer.last_sent = now;
  if (up.round_trip.count() > 0) newcomer.rtt.on_sample(now, up.round_trip);
  ++counts_.links_opened;
  const auto id = newcomer.id;
  if (endpoint::parse(up.address) && up.address != unix_address) {
    (void)newcomer.out.append_observed(up.address);  // Refused only by an outbox that closes the link.
    peers_.mark_dirty(newcomer);
  }
  settle(now, up, newcomer);
  neighbours_.on_linked(now, up.id, up.dial);
  next_check_ = std::min(next_check_, now + options_.links.heartbeat);
  return id;
}

void membership::settle(time_point now, const link_peer& up, peer& newcomer) {
  if (view_.is_outdated(up.id, up.life)) return turn_away(newcomer);
  auto* incumbent = peers_.find(peers_.link_to(up.id));
  if (incumbent == nullptr) return make_current(now, newcomer);
  switch (judge(up, *incumbent)) {
    case rivalry::newcomer_outdated:
      return turn_away(newcomer);
    case rivalry::newcomer_retires:
      return retire(newcomer, errc::duplicate_identity);
    case rivalry::newcomer_stays:
      break;
  }
  view_.on_link_down(incumbent->id);
  make_current(now, newcomer);
  if (incumbent->life < newcomer.life) {
    return close(*incumbent, error{errc::closed, "a newer incarnation of " + newcomer.name + " has come"});
  }
  retire(*incumbent, errc::duplicate_identity);
}

void membership::make_current(time_point now, peer& which) {
  peers_.make_current(which);
  interests_.note_new_way(which.node);
  view_.on_link_up(now, which);
  report(which, view_.is_up(which.node, which.life) ? mesh::haste::later : mesh::haste::soon);
  send_ping(now, which);
}

// The record that outdates it is signed by its own identity: it will believe that.
void membership::turn_away(peer& newcomer) {
  newcomer.outdated = true;
  view_.send_record(newcomer, newcomer.node);
  close(newcomer, error{errc::duplicate_identity, "a newer incarnation of " + newcomer.name + " is known"});
}

void membership::report(const peer& which, mesh::haste when) {
  record_.set_link(which.node, {.peer_life = which.life, .rtt_step = which.rtt.published()}, when);
}

void membership::retire(peer& which, errc why) {
  if (std::exchange(which.fading, false)) --fading_;
  if (std::exchange(which.retiring, true)) return;
  ++retiring_;
  which.bye_code = why;
  retire_when_quiet(which);
}

void membership::retire_when_quiet(peer& which) {
  if (!which.bye_sent && which.commands_pending == 0) {
    which.bye_sent = true;
    which.out.append_bye({.code = which.bye_code, .text = text_of_bye(which.bye_code)});
    peers_.mark_dirty(which);
  }
  if (which.bye_sent && which.bye_heard) close(which, error{errc::closed, text_of_bye(which.bye_code)});
}

void membership::on_link_down(time_point now, link_id link) {
  auto* which = peers_.find(link);
  if (which == nullptr) return;
  ++counts_.links_closed;
  view_.on_link_down(link);
  const auto node = which->node;
  if (which->retiring) --retiring_;
  if (which->fading) --fading_;
  peers_.erase(link);
  interests_.note_new_way(node);
  if (peers_.link_to(node) != no_link) return;
  record_.remove_link(node);
  follow_own_links();  // What is sent in this very turn must not try it.
  neighbours_.on_unlinked(now, node);
}

void membership::close(peer& which, error why) {
  if (std::exchange(which.closing, true)) return;
  closing_.emplace_back(which.id, std::move(why));
}

void membership::dismiss(peer& which, error why) {
  if (which.closing) return;
  ++counts_.admissions_ended;
  which.out.append_bye({.code = why.code, .text = why.detail});
  peers_.mark_dirty(which);
  close(which, std::move(why));
}

wall_ms membership::end_expired(wall_ms wall) {
  wall_ms next = view_.end_expired(wall);
  peers_.for_each([&](peer& each) {
    if (each.who.expires == 0) return;
    if (each.who.expires <= wall)
      return dismiss(each, {errc::unauthenticated, "the credential of " + each.name + " has expired"});
    if (next == 0 || each.who.expires < next) next = each.who.expires;
  });
  return next;
}

void membership::on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self) {
  neighbours_.on_dial_failed(now, dial, why, found_self);
}

bool membership::on_beacon(time_point now, const transport::beacon& heard) {
  if (heard.id == self_.id) return false;
  // Of most nodes of a large mesh it is known where they are, and that their place is not next to this one: nothing
  // follows from their beacons, so old ones do no harm.
  if (view_.links().is_up(heard.id) && !neighbours_.seeks(heard.id)) return true;
  if (!beacons_.is_news(heard.id, heard.life, heard.counter)) return false;
  if (peers_.link_to(heard.id) != no_link) return true;
  std::vector<std::string> endpoints;
  for (const auto& address : heard.addresses) endpoints.push_back(endpoint{address, heard.port}.to_string());
  neighbours_.on_heard_of(now, heard.id, endpoints);
  dialer().on_alive(now, heard.id);
  return true;
}

void membership::beacon_again(time_point now) {
  if (options_.beacon) beacons_.start(now);
}

void membership::set_endpoints(const std::vector<std::string>& endpoints) {
  record_.set_endpoints(endpoints);
  neighbours_.set_own_endpoints(endpoints);
}

void membership::on_observed(peer& from, std::string_view address) {
  from.observed = address;
  observed_ = true;
}

std::vector<mesh::observation> membership::observations() {
  std::vector<mesh::observation> all;
  peers_.for_each([&](const peer& each) {
    if (!each.observed.empty()) all.push_back({each.node, each.observed, each.dialed});
  });
  return all;
}

// --- what peers say

void membership::on_ping(time_point now, peer& from, const transport::ping_message& ping) {
  from.ping_heard_us = ping.sent_us;
  from.ping_heard_at = now;
  if (ping.root && !from.retiring) view_.on_heard_root(now, from.id, *ping.root);
  if (ping.echo_us == 0) return;
  const auto elapsed = static_cast<std::int64_t>(to_us(now) - ping.echo_us - ping.held_us);
  if (elapsed < 0) return;
  const bool first = from.rtt.smoothed() == duration::zero();
  from.round_trip = microseconds(elapsed);
  if (!from.rtt.on_sample(now, from.round_trip)) return;
  rtt_report_due_ = std::min<time_point>(rtt_report_due_, now + (first ? first_rtt_delay : rtt_report_delay));
}

void membership::report_round_trips() {
  rtt_report_due_ = time_point::max();
  peers_.for_each([&](peer& each) {
    if (peers_.link_to(each.node) == each.id && !each.fading) report(each, mesh::haste::later);
  });
}

void membership::on_bye(peer& from, const transport::bye_message& bye) {
  from.bye_heard = true;
  if (from.retiring) return retire_when_quiet(from);
  if (bye.code == errc::duplicate_identity) return;  // We shall find the same as soon as the other link is up.
  if (bye.code == errc::canceled) return let_go(from);
  close(from, error{bye.code, std::string(bye.text)});
}

void membership::on_owner_verdict(const node_id& id, incarnation life, result<principal> verdict) {
  // The same node, by a newer word of its own than that of the handshake.
  auto* linked = peers_.find(peers_.link_to(id));
  if (verdict && linked != nullptr && linked->life == life) linked->who = *verdict;
  view_.on_owner_verdict(id, life, std::move(verdict));
}

void membership::follow_interest(const node_id& node) {
  const auto* said = directory_.find(node);
  const auto* rights = said != nullptr ? view_.rights_of(node) : nullptr;
  if (rights == nullptr) return interests_.erase(node);
  interests_.set(node, said->life, said->topics, said->asking, *rights);
}

// Some other process has the same identity, or this one had it in an earlier life with a clock ahead of today's. The
// latter it may still be later if that life is over, and nobody has heard of this one.
void membership::on_newer_self(time_point now, const full_view::newer_self& other) {
  const bool may_raise = now - start_time_ <= starting || (other.over && !believed_);
  if (!may_raise) {
    if (other.life > self_.life) {
      fatal_ = error{errc::duplicate_identity, "another process has this node's identity, and is newer"};
    }
    return;
  }
  if (other.life < self_.life) return;
  self_.life = other.life + 1;
  record_.restart(self_.life);
  peers_.for_each([&](peer& each) {
    close(each, error{errc::closed, "this node goes on under a higher incarnation"});
  });
}

// It may have died and come again while its path never went.
bool membership::is_far_outdated(const node_id& id) const {
  const auto* far = peers_.find(peers_.far_to(id));
  return far != nullptr && view_.is_outdated(id, far->life);
}

void membership::follow_outlived() {
  for (const auto& id : view_.take_outlived()) {
    auto* which = peers_.find(peers_.link_to(id));
    if (which != nullptr && view_.is_outdated(id, which->life)) turn_away(*which);
  }
}

// --- what we say

void membership::set_interest(const std::vector<std::string>& commands, const std::vector<std::string>& topics) {
  record_.set_interest(commands, topics);
}

void membership::follow_own_links() {
  if (auto links = record_.take_links()) view_.set_own_links(self_.life, std::move(links));
}

void membership::end_turn(time_point now) {
  if (!started_) return;
  if (const auto newer = view_.take_newer_self()) on_newer_self(now, *newer);
  follow_outlived();
  follow_own_links();
  if (std::exchange(losses_, view_.links().losses()) != view_.links().losses()) record_.hasten();
  if (const auto news = record_.publish(now)) view_.publish(now, *news);
  view_.end_turn(now, neighbours_.ring() ? pace_of_ring : pace_of_full_mesh);
  for (auto& [id, why] : view_.take_dismissed()) {
    lost_.push_back(id);
    if (auto* linked = peers_.find(peers_.link_to(id))) dismiss(*linked, std::move(why));
  }
  const auto up = view_.links().up_count();
  believed_ |= up > 1;
  beacons_.note_nodes(now, up);
  for (const auto& id : view_.take_changed()) {
    follow_interest(id);
    neighbours_.on_changed(now, id);
    if (!view_.is_up(id) || is_far_outdated(id)) lost_.push_back(id);
  }
  if (neighbours_.end_turn(now) && fading_ > 0) follow_fading(now);
  for (const auto link : neighbours_.take_unwanted()) {
    auto* which = peers_.find(link);
    if (which == nullptr || which->retiring || std::exchange(which->fading, true)) continue;
    ++fading_;
    which->fading_since = now;
    record_.remove_link(which->node);
    fading_check_ = std::min<time_point>(fading_check_, now + routed_around);
  }
  if (retiring_ == 0) return;
  peers_.for_each([&](peer& each) {
    if (each.retiring) retire_when_quiet(each);
  });
}

// --- links that neither end wants: nobody's message is lost with them

// By now others go around it. What is wanted again is told again; what still carries something is asked again later.
void membership::follow_fading(time_point now) {
  fading_check_ = time_point::max();
  if (fading_ == 0) return;
  peers_.for_each([&](peer& each) {
    if (!each.fading) return;
    if (each.wanted_here || each.wanted_there) {
      each.fading = false;
      --fading_;
      return report(each, mesh::haste::soon);
    }
    const auto due = std::max(each.fading_since + routed_around, each.carried + carried_kept);
    if (now >= due) return let_go(each);
    fading_check_ = std::min<time_point>(fading_check_, due);
  });
}

void membership::let_go(peer& which) {
  let_go_.push_back(which.id);
  record_.remove_link(which.node);
  view_.on_link_down(which.id);
  peers_.forget_current(which);
  interests_.note_new_way(which.node);
  retire(which, errc::canceled);
}

// --- time

void membership::on_timeout(time_point now) {
  neighbours_.on_timeout(now);
  view_.on_timeout(now);
  if (beacons_.take_due(now, view_.links().up_count())) beacon_due_ = true;
  if (now >= rtt_report_due_) report_round_trips();
  if (now >= fading_check_) follow_fading(now);
  if (now < next_check_) return;
  next_check_ = time_point::max();
  peers_.for_each([&](peer& each) { check_silence(now, each); });
}

void membership::check_silence(time_point now, peer& which) {
  const auto& limits = options_.links;
  const auto lost_at = which.last_heard + limits.lease;
  if (limits.lease.count() > 0 && now >= lost_at) {
    return close(which, error{errc::peer_lost, "silent for " + std::to_string(limits.lease.count()) + " ms"});
  }
  // Those that are nearly due go along, so that soon all leave in one turn.
  if (now >= which.last_sent + limits.heartbeat - limits.heartbeat / 8) send_ping(now, which);
  next_check_ = std::min(next_check_, which.last_sent + limits.heartbeat);
  if (limits.lease.count() > 0) next_check_ = std::min(next_check_, lost_at);
}

void membership::send_ping(time_point now, peer& to) {
  const auto held = to.ping_heard_us == 0 ? 0 : to_us(now) - to_us(to.ping_heard_at);
  transport::ping_message ping{.sent_us = to_us(now), .echo_us = to.ping_heard_us, .held_us = held};
  if (to.pings_sent++ % root_every == root_every - 1) ping.root = view_.root();
  (void)to.out.append_ping(ping);
  to.last_sent = now;
  peers_.mark_dirty(to);
}

time_point membership::next_timeout() const noexcept {
  const auto next = std::min({neighbours_.next_timeout(), view_.next_timeout(), beacons_.next_timeout(), next_check_});
  return started_ ? std::min({next, record_.next_timeout(), rtt_report_due_, fading_check_}) : next;
}

}  // namespace askr
