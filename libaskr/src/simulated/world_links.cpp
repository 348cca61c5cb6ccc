// SPDX-License-Identifier: MIT
// Connections of the simulated world: what connection and transport::link do for a real node, over wires that can be
// slow, held up, or cut. A record that cannot come through waits, as TCP would send it again.
#include "libaskr/src/simulated/later_minor.hpp"
#include "libaskr/src/simulated/world.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace askr::simulated {
namespace {

constexpr std::uint32_t sealing_bytes = 18;            // Length and tag of a record.
constexpr tick longest_retry = 60'000'000;             // Between two tries of TCP.
constexpr tick connect_timeout = 2'000'000;            // As discovery_shell's.
constexpr tick second_try = 1'000'000;                 // Of TCP to connect.
constexpr std::size_t round_trips_of_a_handshake = 2;  // TCP's and Noise's; the third message carries the greeting.

std::uint64_t hash_of(byte_span bytes) noexcept {
  std::uint64_t sum = bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
    sum ^= sum >> 32;
  }
  for (const auto each : bytes) sum = (sum ^ each) * 0x100000001b3U;
  return sum;
}

bool same_workspace(const host& one, const host& other) noexcept {
  return one.options.workspace == other.options.workspace && one.options.secret == other.options.secret;
}

}  // namespace

std::uint32_t world::add_wire(host_index a, host_index b) {
  if (free_wires_.empty()) {
    free_wires_.push_back(static_cast<std::uint32_t>(wires_.size()));
    wires_.emplace_back();
  }
  const auto made = free_wires_.back();
  free_wires_.pop_back();
  wires_[made] = {};
  wires_[made].hosts = {a, b};
  wires_[made].latency = net_.latency(a, b);
  wires_[made].used = true;
  return made;
}

void world::send(std::uint32_t direction, parcel::kind what, byte_span content) {
  auto& on = wires_[direction / 2];
  auto& line = on.out[direction % 2];
  const auto bytes = static_cast<std::uint32_t>(content.size()) + sealing_bytes;
  line.line.push(parcels_.make(what, content));
  line.in_flight += bytes;
  hosts_[on.hosts[direction % 2]]->bytes_sent += bytes;
  line.free_at = std::max(line.free_at, now_) + net_.transmission(bytes);
  line.last_arrival = std::max(line.last_arrival, line.free_at + on.latency + net_.jitter());
  if (line.held) return;  // Behind what waits.
  ++line.arrivals;
  queue_.push({line.last_arrival, direction, happening::arrival});
}

void world::flush(host& which, link_id link) {
  const auto end = which.find(link);
  auto* peer = which.core->peers().find(link);
  if (!end || peer == nullptr) return;
  if (peer->out.overflowed())
    return close(which, link, error{errc::overloaded, "the peer does not take what it is sent"});
  const auto direction = end->wire * 2 + end->side;
  const auto line = [&]() -> wire::direction& { return wires_[end->wire].out[end->side]; };
  while (line().in_flight < net_.options().window_bytes) {
    const auto record = peer->out.next_record(scratch_);
    if (record.empty()) break;
    if (which.later_minor) {
      later_.clear();
      write_as_later_minor(record, later_);
      send(direction, parcel::kind::record, later_);
    } else {
      send(direction, parcel::kind::record, record);
    }
  }
  line().wants_room = !peer->out.empty();
  peer->out.set_bottleneck(line().wants_room);
}

/// Something came: false if nobody was there to take it.
bool world::arrive(host& to, std::uint32_t direction) {
  auto& on = wires_[direction / 2];
  auto& line = on.out[direction % 2];
  --line.arrivals;
  if (line.line.empty()) {
    release_if_over(direction / 2);
    return false;
  }
  if (line.held) return false;
  if (!net_.reaches(on.hosts[direction % 2], to.index)) {
    hold(direction);
    return false;
  }
  auto* come = line.line.pop();
  line.in_flight -= come->bytes + sealing_bytes;
  const auto link = on.links[1 - direction % 2];
  const bool there = to.up() && (link != no_link || come->what == parcel::kind::greeting);
  if (there && come->what == parcel::kind::greeting) greet(to, direction);
  if (there && come->what == parcel::kind::end) on_end(to, direction);
  if (there && come->what == parcel::kind::record) {
    ++records_;
    traffic_.add(come->content());
    note(hash_of(come->content()));
    to.core->on_link_record(time(), link, come->content());
    auto& sent = wires_[direction / 2].out[direction % 2];
    if (sent.wants_room && !std::exchange(sent.room_planned, true)) {
      queue_.push({now_ + wires_[direction / 2].latency, direction, happening::writable});
    }
  }
  // The machine answers for a process that is gone: reset.
  if (!there && to.powered && come->what != parcel::kind::end) end_direction(direction ^ 1);
  parcels_.give_back(come);
  release_if_over(direction / 2);
  return there;
}

void world::make_room(std::uint32_t direction) {
  auto& on = wires_[direction / 2];
  auto& line = on.out[direction % 2];
  if (!net_.reaches(on.hosts[1 - direction % 2], on.hosts[direction % 2])) {
    if (!line.held && !line.room_held) held_.push_back(direction);
    line.room_held = true;
    return;
  }
  line.room_planned = false;
  auto& from = *hosts_[on.hosts[direction % 2]];
  const auto link = on.links[direction % 2];
  if (from.up() && link != no_link) flush(from, link);
  release_if_over(direction / 2);
}

// --- what does not come through

void world::hold(std::uint32_t direction) {
  auto& line = wires_[direction / 2].out[direction % 2];
  if (!line.room_held) held_.push_back(direction);
  line.held = true;
  line.held_since = now_;
}

void world::network_changed() {
  for (const auto direction : std::exchange(held_, {})) {
    auto& on = wires_[direction / 2];
    auto& line = on.out[direction % 2];
    const auto from = on.hosts[direction % 2], to = on.hosts[1 - direction % 2];
    if (line.held && net_.reaches(from, to)) {
      line.held = false;
      // The later the more rarely TCP tries again.
      const auto patience = static_cast<double>(std::min(now_ - line.held_since, longest_retry));
      const auto next_try = now_ + on.latency + static_cast<tick>(net_.random().unit() * patience);
      line.last_arrival = std::max(line.last_arrival, next_try);
      for (; line.arrivals < line.line.size(); ++line.arrivals) {
        queue_.push({line.last_arrival, direction, happening::arrival});
      }
    }
    if (line.room_held && net_.reaches(to, from)) {
      line.room_held = false;
      queue_.push({now_ + on.latency, direction, happening::writable});
    }
    if (line.held || line.room_held) held_.push_back(direction);
  }
}

// --- ends

void world::close(host& which, link_id link, const error& why) {
  const auto end = which.find(link);
  if (!end) return;
  which.remove(link);
  wires_[end->wire].links[end->side] = no_link;
  note(link);
  which.core->on_link_down(time(), link, why);
  observer_.on_link_down(which, *hosts_[peer_of(*end)]);
  end_direction(end->wire * 2 + end->side);
  release_if_over(end->wire);
}

void world::end_direction(std::uint32_t direction) {
  auto& on = wires_[direction / 2];
  if (std::exchange(on.out[direction % 2].ended, true)) return;
  send(direction, parcel::kind::end, {});
}

void world::on_end(host& to, std::uint32_t direction) {
  const auto link = wires_[direction / 2].links[1 - direction % 2];
  close(to, link, error{errc::closed, "the other side closed"});
}

void world::break_wire(std::uint32_t which) {
  auto& on = wires_[which];
  for (std::uint32_t side = 0; side < 2; ++side) {
    // Both ends are told by their own machine, and what is under way is lost.
    drop(on.out[side].line);
    on.out[side].in_flight = 0;
    on.out[side].ended = false;
    end_direction(which * 2 + side);
  }
}

void world::crash_links(host& which, crash how) {
  for (const auto& [link, end] : std::exchange(which.links, {})) {
    wires_[end.wire].links[end.side] = no_link;
    observer_.on_link_down(which, *hosts_[peer_of(end)]);
    if (how == crash::killed) end_direction(end.wire * 2 + end.side);
    release_if_over(end.wire);
  }
}

void world::drop(parcel_line& line) {
  while (!line.empty()) parcels_.give_back(line.pop());
}

void world::release_if_over(std::uint32_t which) {
  auto& on = wires_[which];
  if (!on.used || on.links[0] != no_link || on.links[1] != no_link) return;
  for (const auto& line : on.out) {
    if (line.arrivals > 0 || line.room_planned) return;
  }
  for (auto& line : on.out) {
    drop(line.line);
    line.held = line.room_held = false;
  }
  on.used = false;
  std::erase_if(held_, [&](std::uint32_t each) { return each / 2 == which; });
  free_wires_.push_back(which);
}

// --- dialling

void world::dial(host& from, mesh::dial_request request) {
  if (free_dials_.empty()) {
    free_dials_.push_back(static_cast<std::uint32_t>(dials_.size()));
    dials_.emplace_back();
  }
  const auto made = free_dials_.back();
  free_dials_.pop_back();
  auto& on = dials_[made];
  on = {};
  on.from = from.index;
  on.life = from.self.life;
  on.began = now_;
  on.request = std::move(request);
  const auto found = addresses_.find(on.request.to.to_string());
  if (found == addresses_.end()) return fail_dial(made, now_ + connect_timeout, error{errc::timed_out, "timed out"});
  on.to = found->second;
  queue_.push({now_ + net_.latency(from.index, on.to), made, happening::dial});
}

void world::step(std::uint32_t which) {
  auto& on = dials_[which];
  auto& from = *hosts_[on.from];
  if (!from.up() || from.self.life != on.life) {
    free_dials_.push_back(which);
    return;
  }
  if (on.step == 0) return syn(which);
  if (on.step == 1) return handshake(which);
  from.core->members().on_dial_failed(time(), on.request.dial, on.why, on.to == on.from && on.step == 2);
  free_dials_.push_back(which);
}

void world::syn(std::uint32_t which) {
  auto& on = dials_[which];
  const auto& to = *hosts_[on.to];
  const auto latency = net_.latency(on.from, on.to);
  if (!net_.both_ways(on.from, on.to) || !to.powered) {
    if (std::exchange(on.tried_again, true)) {
      return fail_dial(which, on.began + connect_timeout, error{errc::timed_out, "timed out"});
    }
    return queue_.push({on.began + second_try, which, happening::dial});
  }
  if (!to.up()) return fail_dial(which, now_ + latency, error{errc::io_failed, "refused"});
  on.step = 1;
  queue_.push({now_ + latency * (2 * round_trips_of_a_handshake - 1) + net_.jitter(), which, happening::dial});
}

void world::handshake(std::uint32_t which) {
  auto& on = dials_[which];
  const auto& to = *hosts_[on.to];
  const auto deadline = on.began + to_ticks(hosts_[on.from]->options.links.handshake_deadline);
  if (on.from == on.to) return fail_dial(which, now_, error{errc::duplicate_identity, "this is our own identity"});
  if (!net_.both_ways(on.from, on.to) || !to.powered) {
    return fail_dial(which, deadline, error{errc::timed_out, "no handshake before the deadline"});
  }
  if (!to.up()) return fail_dial(which, now_, error{errc::closed, "the other side closed"});
  if (to.ready_at() > now_) {
    if (to.ready_at() < deadline) return queue_.push({to.ready_at() + 1, which, happening::dial});
    return fail_dial(which, deadline, error{errc::timed_out, "no handshake before the deadline"});
  }
  if (!same_workspace(*hosts_[on.from], to)) {
    return fail_dial(which, now_, error{errc::unauthenticated, "the other side does not know the workspace's secret"});
  }
  if (on.request.expected && *on.request.expected != to.self.id) {
    return fail_dial(which, now_, error{errc::unauthenticated, "another node answered"});
  }
  auto done = std::move(on);
  free_dials_.push_back(which);
  link(done);
}

void world::fail_dial(std::uint32_t which, tick when, error why) {
  dials_[which].step = 2;
  dials_[which].why = std::move(why);
  queue_.push({std::max(now_, when), which, happening::dial});
}

void world::link(dial_state& made) {
  auto& from = *hosts_[made.from];
  auto& to = *hosts_[made.to];
  const auto link = bring_up(from, to, true, made.request.dial);
  if (link == no_link) return;
  const auto wire = add_wire(from.index, to.index);
  wires_[wire].links[0] = link;
  from.add(link, {wire, 0});
  send(wire * 2, parcel::kind::greeting, {});
  observer_.on_link_up(from, to);
}

link_id world::bring_up(host& at, const host& peer, bool dialed, mesh::dial_id dial) {
  auto& members = at.core->members();
  auto who = observer_.admit(at, peer);
  auto outcome =
      who ? members.on_link_up(time(), {.id = peer.self.id,
                                        .life = peer.up() ? peer.core->members().self().life : peer.self.life,
                                        .name = peer.self.name,
                                        .who = std::move(who).value(),
                                        .dialed = dialed,
                                        .dial = dial,
                                        .address = peer.address.to_string(),
                                        .round_trip = microseconds(2 * net_.latency(at.index, peer.index))})
          : result<link_id>(who.error());
  if (outcome) return *outcome;
  if (dial != 0) members.on_dial_failed(time(), dial, outcome.error(), peer.index == at.index);
  return no_link;
}

/// The responder knows now who is there.
void world::greet(host& to, std::uint32_t direction) {
  const auto which = direction / 2;
  const auto& from = *hosts_[wires_[which].hosts[0]];
  const bool lives = from.up() && wires_[which].links[0] != no_link;
  const auto link = lives ? bring_up(to, from, false, 0) : no_link;
  if (link == no_link) return end_direction(direction ^ 1);
  wires_[which].links[1] = link;
  to.add(link, {which, 1});
  observer_.on_link_up(to, from);
}

// --- beacons

void world::send_beacon(host& from) {
  if (!net_.options().multicast) return;
  if (free_beacons_.empty()) {
    free_beacons_.push_back(static_cast<std::uint32_t>(beacons_.size()));
    beacons_.emplace_back();
  }
  const auto made = free_beacons_.back();
  free_beacons_.pop_back();
  beacons_[made] = {from.index,
                    {.id = from.self.id,
                     .life = from.self.life,
                     .counter = from.core->members().next_beacon_counter(),
                     .sent = wall_time(from),
                     .port = from.address.port,
                     .addresses = {from.address.host}}};
  ++from.core->counts().beacons_sent;
  queue_.push({now_ + static_cast<tick>(net_.options().latency.count()), made, happening::beacon});
}

/// One event for all who hear it: there are many beacons, and most are no news.
void world::deliver_beacon(std::uint32_t which) {
  const auto sent = std::move(beacons_[which]);
  free_beacons_.push_back(which);
  for (auto& each : hosts_) {
    if (!each->up() || each->ready_at() > now_ || !each->options.beacon || each->index == sent.from) continue;
    if (!net_.hears_beacons_of(each->index, sent.from) || !same_workspace(*each, *hosts_[sent.from])) continue;
    inside_ = each.get();
    each->core->members().on_beacon(time(), sent.what);
    inside_ = nullptr;
    end_turn(*each);
  }
}

}  // namespace askr::simulated
