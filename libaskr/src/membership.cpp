// SPDX-License-Identifier: MIT
#include "libaskr/src/membership.hpp"

#include <askr/version.hpp>

#include <algorithm>
#include <iterator>

namespace askr {
namespace {

std::uint64_t to_us(time_point when) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(when.time_since_epoch()).count());
}

transport::node_record_message to_wire(const mesh::node_record& record) {
  return {.id = record.id,
          .incarnation = record.life,
          .version = record.version,
          .name = record.name,
          .app_version = record.app_version,
          .draining = record.draining,
          .endpoints = record.endpoints,
          .commands = record.commands,
          .topics = record.topics};
}

/// What of a peer's record counts: it serves and hears only what it may.
mesh::record_ptr from_wire(const transport::node_record_message& message, const permissions& rights) {
  auto record = std::make_shared<mesh::node_record>();
  record->id = message.id;
  record->life = message.incarnation;
  record->version = message.version;
  record->name = message.name;
  record->app_version = message.app_version;
  record->draining = message.draining;
  record->endpoints = message.endpoints;
  const auto take = [&](verb what, const std::vector<std::string>& names, std::vector<std::string>& into) {
    std::copy_if(names.begin(), names.end(), std::back_inserter(into),
                 [&](const std::string& name) { return rights.may(what, name); });
  };
  take(verb::serve, message.commands, record->commands);
  take(verb::listen, message.topics, record->topics);
  return record;
}

std::vector<endpoint> parse_endpoints(const std::vector<std::string>& texts) {
  std::vector<endpoint> parsed;
  for (const auto& text : texts) {
    if (const auto one = endpoint::parse(text)) parsed.push_back(*one);
  }
  return parsed;
}

}  // namespace

membership::membership(const node_options& options, const self_description& self, const core_keys&, peer_table& peers,
                       mesh::directory& directory, subscriptions& interests, rng& random, counters& counts)
    : options_(options),
      self_(self),
      peers_(peers),
      directory_(directory),
      interests_(interests),
      counts_(counts),
      dialer_({}, self.id, random),
      beacons_(random) {
  auto record = std::make_shared<mesh::node_record>();
  record->id = self.id;
  record->life = self.life;
  record->version = 1;
  record->name = self.name;
  record->app_version = version;
  record_ = record;
  directory_.merge(record_);
}

void membership::start(time_point now, std::vector<std::string> endpoints) {
  auto record = std::make_shared<mesh::node_record>(*record_);
  record->endpoints = std::move(endpoints);
  ++record->version;
  record_ = record;
  directory_.merge(record_);
  announced_ = now;
  for (const auto& seed : parse_endpoints(options_.seeds)) dialer_.add_seed(now, seed);
  if (options_.beacon) beacons_.start(now);
}

void membership::stop() {
  beacons_.stop();
  peers_.for_each([&](peer& each) {
    each.out.append_bye({.code = errc::closed, .text = "the node leaves"});
    peers_.mark_dirty(each);
  });
}

// --- links

membership::rivalry membership::judge(const link_peer& newcomer, const peer& incumbent) const {
  if (newcomer.life < incumbent.life) return rivalry::newcomer_refused;
  if (newcomer.life > incumbent.life) return rivalry::newcomer_stays;
  if (newcomer.dialed == incumbent.dialed) return rivalry::newcomer_stays;  // Who dials again has lost the first.
  const bool we_are_lower = self_.id < newcomer.id;
  return newcomer.dialed == we_are_lower ? rivalry::newcomer_stays : rivalry::newcomer_retires;
}

result<link_id> membership::on_link_up(time_point now, link_peer up) {
  if (up.id == self_.id) return error{errc::duplicate_identity, "this is our own identity"};
  if (peers_.size() >= options_.limits.peers_max) return error{errc::overloaded, "too many links"};
  const auto* incumbent = peers_.find(peers_.link_to(up.id));
  if (incumbent != nullptr && judge(up, *incumbent) == rivalry::newcomer_refused) {
    return error{errc::duplicate_identity, "a newer incarnation of " + up.name + " is linked"};
  }
  auto& newcomer = peers_.add();
  newcomer.node = up.id;
  newcomer.life = up.life;
  newcomer.name = up.name;
  newcomer.who = std::move(up.who);
  newcomer.dialed = up.dialed;
  newcomer.address = std::move(up.address);
  newcomer.last_heard = now;
  newcomer.last_sent = now;
  ++counts_.links_opened;
  settle(now, up, newcomer);
  dialer_.on_linked(up.id, up.dial);
  next_check_ = std::min(next_check_, now + options_.links.heartbeat);
  return newcomer.id;
}

void membership::settle(time_point, link_peer& up, peer& newcomer) {
  auto* incumbent = peers_.find(peers_.link_to(up.id));
  introduce(newcomer);
  if (incumbent == nullptr) return peers_.make_current(newcomer);
  if (judge(up, *incumbent) == rivalry::newcomer_retires) return retire(newcomer);
  peers_.make_current(newcomer);
  if (incumbent->life < newcomer.life) {
    return close(*incumbent, error{errc::closed, "a newer incarnation of " + newcomer.name + " has come"});
  }
  retire(*incumbent);
}

void membership::retire(peer& which) {
  which.retiring = true;
  // At once, so that no event goes both ways.
  interests_.remove_all({subscriber::kind::link, which.id});
  if (const auto* current = peers_.find(peers_.link_to(which.node))) apply_interest(*current);
  retire_when_quiet(which);
}

void membership::retire_when_quiet(peer& which) {
  if (!which.bye_sent && which.commands_pending == 0) {
    which.bye_sent = true;
    which.out.append_bye({.code = errc::duplicate_identity, .text = "duplicate link"});
    peers_.mark_dirty(which);
  }
  if (which.bye_sent && which.bye_heard) close(which, error{errc::closed, "duplicate link"});
}

void membership::on_link_down(time_point now, link_id link) {
  auto* which = peers_.find(link);
  if (which == nullptr) return;
  ++counts_.links_closed;
  interests_.remove_all({subscriber::kind::link, link});
  const auto node = which->node;
  peers_.erase(link);
  const auto* current = peers_.find(peers_.link_to(node));
  if (current != nullptr) return apply_interest(*current);
  directory_.erase(node);
  dialer_.on_unlinked(now, node);
}

void membership::close(peer& which, error why) {
  if (std::exchange(which.closing, true)) return;
  closing_.emplace_back(which.id, std::move(why));
}

void membership::on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self) {
  dialer_.on_dial_failed(now, dial, why, found_self);
}

void membership::on_beacon(time_point now, const transport::beacon& heard) {
  if (heard.id == self_.id || !beacons_.is_news(heard.id, heard.life, heard.counter)) return;
  std::vector<endpoint> endpoints;
  for (const auto& address : heard.addresses) endpoints.push_back({address, heard.port});
  dialer_.on_candidate(now, heard.id, endpoints);
}

// --- what peers say

bool membership::on_record(time_point now, peer& from, const transport::node_record_message& message) {
  if (message.id != from.node || message.incarnation != from.life) return false;
  dialer_.on_candidate(now, message.id, parse_endpoints(message.endpoints));  // For the day when the link is lost.
  const bool is_new = directory_.find(from.node) == nullptr;
  if (!directory_.merge(from_wire(message, from.who.rights))) return true;
  from.name = message.name;
  if (is_new) spread_the_word(from);
  const auto* current = peers_.find(peers_.link_to(from.node));
  if (current != nullptr) apply_interest(*current);
  return true;
}

void membership::on_peer_list(time_point now, const std::vector<transport::peer_entry>& entries) {
  for (const auto& each : entries) dialer_.on_candidate(now, each.id, parse_endpoints(each.endpoints));
}

void membership::on_ping(time_point now, peer& from, const transport::ping_message& ping) {
  from.ping_heard_us = ping.sent_us;
  from.ping_heard_at = now;
  if (ping.echo_us == 0) return;
  const auto elapsed = static_cast<std::int64_t>(to_us(now) - ping.echo_us - ping.held_us);
  if (elapsed >= 0) from.round_trip = microseconds(elapsed);
}

void membership::on_bye(peer& from, const transport::bye_message& bye) {
  from.bye_heard = true;
  if (from.retiring) return retire_when_quiet(from);
  if (bye.code == errc::duplicate_identity) return;  // We shall find the same as soon as the other link is up.
  close(from, error{bye.code, std::string(bye.text)});
}

void membership::apply_interest(const peer& from) {
  const subscriber link{subscriber::kind::link, from.id};
  interests_.remove_all(link);
  const auto* record = directory_.find(from.node);
  if (record == nullptr) return;
  for (const auto& topic : record->topics) interests_.add(topic, link);
}

// --- what we say

void membership::introduce(peer& to) {
  send_record(to);
  send_peer_list(to);
}

void membership::send_record(peer& to) {
  (void)to.out.append_node_record(to_wire(*record_));  // Refused only by an outbox that closes the link.
  peers_.mark_dirty(to);
}

void membership::send_peer_list(peer& to) {
  std::vector<transport::peer_entry> entries;
  for (const auto& [id, record] : directory_.records()) {
    if (id == self_.id || id == to.node) continue;
    entries.push_back({id, record->name, record->endpoints});
    if (entries.size() == transport::peers_per_list_max) break;
  }
  if (entries.empty()) return;
  (void)to.out.append_peer_list(entries);
  peers_.mark_dirty(to);
}

void membership::spread_the_word(const peer& about) {
  const auto* record = directory_.find(about.node);
  const transport::peer_entry entry{record->id, record->name, record->endpoints};
  peers_.for_each([&](peer& each) {
    if (each.node == about.node || each.retiring) return;
    (void)each.out.append_peer_list({&entry, 1});
    peers_.mark_dirty(each);
  });
}

void membership::set_interest(std::vector<std::string> commands, std::vector<std::string> topics) {
  if (commands == record_->commands && topics == record_->topics) return;
  auto record = std::make_shared<mesh::node_record>(*record_);
  record->commands = std::move(commands);
  record->topics = std::move(topics);
  ++record->version;
  record_ = record;
  directory_.merge(record_);
  record_changed_ = true;
}

void membership::end_turn(time_point now) {
  if (record_changed_) announce(now);
  peers_.for_each([&](peer& each) {
    if (each.retiring) retire_when_quiet(each);
  });
}

void membership::announce(time_point now) {
  const auto passed = std::chrono::duration<double>(now - announced_).count();
  announcements_ = std::min(announcements_burst, announcements_ + passed * announcements_per_second);
  announced_ = now;
  if (announcements_ < 1) {
    next_check_ = std::min(next_check_, now + milliseconds(100));
    return;
  }
  announcements_ -= 1;
  record_changed_ = false;
  peers_.for_each([&](peer& each) {
    if (!each.retiring) send_record(each);
  });
}

// --- time

void membership::on_timeout(time_point now) {
  dialer_.on_timeout(now);
  if (beacons_.take_due(now)) beacon_due_ = true;
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
  if (now >= which.last_sent + limits.heartbeat) send_ping(now, which);
  next_check_ = std::min(next_check_, which.last_sent + limits.heartbeat);
  if (limits.lease.count() > 0) next_check_ = std::min(next_check_, lost_at);
}

void membership::send_ping(time_point now, peer& to) {
  const auto held = to.ping_heard_us == 0 ? 0 : to_us(now) - to_us(to.ping_heard_at);
  (void)to.out.append_ping({.sent_us = to_us(now), .echo_us = to.ping_heard_us, .held_us = held});
  to.last_sent = now;
  peers_.mark_dirty(to);
}

time_point membership::next_timeout() const noexcept {
  return std::min({dialer_.next_timeout(), beacons_.next_timeout(), next_check_});
}

}  // namespace askr
