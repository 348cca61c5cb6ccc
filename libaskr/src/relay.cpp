// SPDX-License-Identifier: MIT
#include "libaskr/src/relay.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t number_bytes = 4;           // Of the envelope in its session, before the messages.
constexpr milliseconds flow_kept = seconds(360);  // Longer than any command may take.
constexpr milliseconds sweep_interval = seconds(60);
constexpr duration reroute_after = seconds(10);  // What was sent so long ago is not under way any more.

std::uint64_t to_us(time_point when) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(when.time_since_epoch()).count());
}

void append_number(byte_buffer& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t number_at_front(byte_span text) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < number_bytes; ++i) number = number << 8 | text[i];
  return number;
}

/// One that the other end knows.
std::uint64_t session_of(const peer& far) { return far.heard_session != 0 ? far.heard_session : far.session; }

crypto::public_key noise_key_of(const mesh::signed_record& record) { return record.header().keys.noise; }

}  // namespace

relay::relay(const node_options& options, const self_description& self, message_seal& seal, peer_table& peers,
             membership& members, counters& counts)
    : options_(options),
      self_(self),
      seal_(seal),
      peers_(peers),
      view_(members.view()),
      neighbours_(members.links()),
      counts_(counts),
      routes_(view_.links()) {}

// --- this node's own messages

peer* relay::reach(time_point now, const node_id& node) {
  if (auto* linked = peers_.find(peers_.link_to(node)); linked != nullptr && !linked->closing) return linked;
  auto* known = peers_.find(peers_.far_to(node));
  if (known != nullptr && !is_quiet(now, *known)) return known;
  const auto via = next_link(now, node, mesh::hops_max);
  if (via == no_link && known != nullptr) lose(*known, error{errc::peer_lost, "no path leads to " + known->name});
  if (via == no_link) return nullptr;
  if (known != nullptr) return known;
  const auto opened = open_far(now, node, via);
  return opened ? *opened : nullptr;
}

bool relay::is_quiet(time_point now, const peer& far) const {
  return far.commands_pending == 0 && far.out.empty() && now - std::max(far.last_sent, far.last_heard) >= reroute_after;
}

std::uint8_t relay::hops_to(time_point now, const node_id& node) {
  if (peers_.link_to(node) != no_link) return 1;
  const auto found = routes_.to(now, node);
  return found ? found->hops : 0;
}

link_id relay::next_link(time_point now, const node_id& target, std::uint8_t hops_left) {
  if (const auto* direct = peers_.find(peers_.link_to(target)); direct != nullptr && !direct->closing)
    return direct->id;
  const auto found = routes_.to(now, target, hops_left);
  if (!found) return no_link;
  const auto* next = peers_.find(peers_.link_to(found->next_hop));
  return next == nullptr || next->closing ? no_link : next->id;
}

result<peer*> relay::open_far(time_point now, const node_id& node, link_id via) {
  const auto record = view_.find(node);
  auto who = view_.admitted(node);
  if (!record || !who) return error{errc::denied, "not admitted here"};
  if (peers_.far_count() >= options_.limits.far_peers_max) return error{errc::overloaded, "too many far peers"};
  auto& far = peers_.add_far(node);
  far.life = record->stamp().life;
  far.name = record->described()->name;
  far.who = std::move(*who);
  far.via = via;
  far.session = last_session_ = std::max(last_session_ + 1, to_us(now));
  far.last_heard = far.last_sent = now;
  next_sweep_ = std::min<time_point>(next_sweep_, now + sweep_interval);
  return &far;
}

void relay::end_turn(time_point now) {
  if (!peers_.has_dirty_far()) return;
  peers_.take_dirty_far(dirty_);
  for (const auto id : dirty_) {
    if (auto* far = peers_.find(id)) seal_all(now, *far);
  }
}

// Nothing of this node's is under way there, so nothing can be overtaken: the session goes on by what is the best way
// now. Links of the old one may have been let go since.
void relay::choose_way(time_point now, peer& far) {
  const bool heard = now - far.last_heard < reroute_after && way_back(far) != nullptr;
  const auto via = heard ? far.heard_via : next_link(now, far.node, mesh::hops_max);
  if (via != no_link) far.via = via;
}

void relay::seal_all(time_point now, peer& far) {
  if (now - far.last_sent >= reroute_after) choose_way(now, far);
  while (!far.closing) {
    const auto messages = far.out.next_record(record_);
    if (messages.empty()) return;
    if (send(now, far, messages)) continue;
    give_up(now, far, error{errc::overloaded, "the link on the way to " + far.name + " is full"});
  }
}

bool relay::send(time_point now, peer& far, byte_span messages) {
  auto* via = peers_.find(far.via);
  const auto record = view_.find(far.node);
  if (via == nullptr || !record) return false;
  text_.clear();
  append_number(text_, far.sent_number++);
  append(text_, messages);
  sealed_.clear();
  const crypto::seal_label label{self_.id, self_.life, far.node, far.life, far.session};
  if (!seal_.seal(sealed_, label, noise_key_of(*record), text_)) return false;
  body_.clear();
  write_message(body_, transport::routed_message{.source = self_.id,
                                                 .source_life = self_.life,
                                                 .target = far.node,
                                                 .target_life = far.life,
                                                 .session = far.session,
                                                 .hops_left = mesh::hops_max - 1,
                                                 .sealed = sealed_});
  if (via->out.append_routed(body_) != transport::admission::queued) return false;
  far.last_sent = via->carried = now;
  peers_.mark_dirty(*via);
  neighbours_.on_message(now, far.node);
  return true;
}

// --- what comes

std::optional<relay::delivery> relay::on_routed(time_point now, peer& from, const transport::routed_message& message) {
  from.carried = now;
  if (message.source == self_.id) {
    on_loop(now, message);
    return std::nullopt;
  }
  if (message.target != self_.id) {
    pass_on(now, from, message);
    return std::nullopt;
  }
  if (!is_early(message)) return receive(now, from, message);
  if (!early_.hold(now, from.id, message)) refuse(from, message, {errc::overloaded, "too much waits here to be known"});
  return std::nullopt;
}

void relay::pass_on(time_point now, const peer& from, const transport::routed_message& message) {
  const ends which{message.source, message.target};
  const auto known = flows_.find(which);
  const bool goes_on = known != flows_.end() && known->second.session == message.session;
  const bool came_back = goes_on && known->second.to == from.id;
  const auto to = way_on(now, from, message, goes_on ? &known->second : nullptr);
  if (message.hops_left == 0 || to == no_link) {
    return turn_back(from, message, error{errc::no_node, "no path to it from here"});
  }
  if (known == flows_.end() && flows_.size() >= options_.limits.flows_max) {
    return turn_back(from, message, error{errc::overloaded, "too many paths lead through here"});
  }
  body_.clear();
  auto next = message;
  --next.hops_left;
  write_message(body_, next);
  if (body_.size() > transport::chunk_bytes_max) {
    return turn_back(from, message, error{errc::too_large, "an envelope that is too large"});
  }
  auto& link = peers_.at(to);
  if (link.out.append_routed(body_) != transport::admission::queued) {
    return turn_back(from, message, error{errc::overloaded, "the next link is full"});
  }
  link.carried = now;
  ++counts_.messages_relayed;
  if (to != from.id) {
    flows_[which] = {
        .from = came_back ? known->second.from : from.id, .to = to, .session = message.session, .used = now};
  }
  next_sweep_ = std::min<time_point>(next_sweep_, now + sweep_interval);
  peers_.mark_dirty(link);
}

// A session keeps to its way, since nothing of it may overtake; a new one goes back as the other end's came, or by the
// best way there is. A node that still follows an older path gets the message back, and finds another: hops end what
// goes to and fro. The source finds none by itself.
link_id relay::way_on(time_point now, const peer& from, const transport::routed_message& message, const flow* kept) {
  auto to = no_link;
  if (kept != nullptr) {
    to = kept->to;
  } else if (const auto back = flows_.find({message.target, message.source}); back != flows_.end()) {
    to = back->second.from;
  }
  const auto* next = peers_.find(to);
  if (to == from.id || next == nullptr || next->node == message.source) {
    to = next_link(now, message.target, message.hops_left);
    next = peers_.find(to);
  }
  return next == nullptr || next->node == message.source ? no_link : to;
}

// What this node said comes back to it. Relays keep to a way that was chosen from views that did not agree.
void relay::on_loop(time_point now, const transport::routed_message& message) {
  ++counts_.routed_refused;
  routes_.doubt();
  const auto* far = peers_.find(peers_.far_to(message.target));
  if (far == nullptr || message.session != far->session) return;
  give_up(now, *far, error{errc::peer_lost, "the way to " + far->name + " led back here"});
}

// Whose source is known here in this life or a later one, judged, and seen by a path.
bool relay::is_settled(const transport::routed_message& message) const {
  const auto record = view_.find(message.source);
  if (!record || record->stamp().life < message.source_life) return false;
  return !view_.is_judging(message.source) && view_.is_up(message.source);
}

bool relay::is_early(const transport::routed_message& message) const {
  if (early_.has_of(message.source)) return true;  // It keeps its place.
  return peers_.far_to(message.source) == no_link && !is_settled(message);
}

std::optional<relay::delivery> relay::next_early(time_point now) {
  while (const auto held = early_.take(now, [&](const auto& message) { return is_settled(message); })) {
    const auto* from = peers_.find(held->from);
    if (from == nullptr) continue;  // The other end of that link told the source.
    if (auto said = receive(now, *from, held->message)) return said;
  }
  return std::nullopt;
}

std::optional<relay::delivery> relay::receive(time_point now, const peer& from,
                                              const transport::routed_message& message) {
  const auto record = view_.find(message.source);
  if (!record || record->stamp().life != message.source_life || message.target_life != self_.life) {
    return refuse(from, message, {errc::no_node, "not known here, or not in this life"});
  }
  opened_.clear();
  const crypto::seal_label label{message.source, message.source_life, self_.id, self_.life, message.session};
  const auto opened = seal_.open(opened_, label, noise_key_of(*record), message.sealed);
  if (!opened || opened_.size() < number_bytes) {
    ++counts_.routed_refused;  // Whoever altered it gets no answer.
    return std::nullopt;
  }
  const auto* known = peers_.find(peers_.far_to(message.source));
  auto* far = known != nullptr && known->heard_session == message.session ? peers_.find(known->id) : nullptr;
  if (far == nullptr) {
    const auto begun = begin_session(now, from, message);
    if (!begun) return refuse(from, message, begun.error());
    far = *begun;
  }
  if (far->closing || number_at_front(opened_) != far->heard_number) {
    if (!far->closing) lose(*far, error{errc::peer_lost, "messages on the way were lost"});
    return refuse(from, message, {errc::peer_lost, "messages on the way were lost"});
  }
  ++far->heard_number;
  far->heard_via = from.id;
  neighbours_.on_message(now, far->node);
  return delivery{far->id, byte_span(opened_).subspan(number_bytes)};
}

std::nullopt_t relay::refuse(const peer& from, const transport::routed_message& message, const error& why) {
  ++counts_.routed_refused;
  turn_back(from, message, why);
  return std::nullopt;
}

// A later session of the source ends what it said before.
result<peer*> relay::begin_session(time_point now, const peer& from, const transport::routed_message& message) {
  auto* known = peers_.find(peers_.far_to(message.source));
  if (known != nullptr && message.session < known->heard_session) {
    return error{errc::peer_lost, "a later session has begun"};
  }
  if (known != nullptr && (known->closing || known->heard_session != 0)) {
    lose(*known, error{errc::peer_lost, "the other end began anew"});
    known = nullptr;
  }
  if (known == nullptr) {
    const auto opened = open_far(now, message.source, from.id);
    if (!opened) return opened.error();
    known = *opened;
  }
  known->heard_session = message.session;
  return known;
}

// --- paths that break

void relay::lose(const peer& far, error why) {
  auto* which = peers_.find(far.id);
  if (which == nullptr || std::exchange(which->closing, true)) return;
  peers_.forget_far(*which);
  lost_.push_back({which->id, std::move(why)});
}

// What the other end says from here on would be of a session that is not known here any more.
void relay::give_up(time_point now, const peer& far, const error& why) {
  if (far.heard_session != 0) tell(now, far, why);
  lose(far, why);
}

void relay::drop(time_point now, const peer& far, const error& why) {
  tell(now, far, why);
  lose(far, why);
}

std::string relay::why_lost(const peer& far) const {
  if (view_.is_outdated(far.node, far.life)) return far.name + " has begun a later life";
  if (view_.is_up(far.node)) return far.name + " is not admitted any more";
  return "no path leads to " + far.name + " any more";
}

void relay::on_lost(const node_id& node) {
  const auto* far = peers_.find(peers_.far_to(node));
  if (far == nullptr) return;
  error lost{errc::peer_lost, why_lost(*far)};
  auto* back = way_back(*far);
  if (back == nullptr) back = peers_.find(far->via);
  if (back != nullptr && !back->closing) {
    send_broken(*back, route_broken({node, self_.id}, session_of(*far), lost));  // Perhaps it lives, and waits.
  }
  lose(*far, std::move(lost));
}

void relay::on_let_go(time_point now, link_id link) {
  peers_.for_each_far([&](peer& far) {
    if (far.via != link) return;
    if (const auto via = next_link(now, far.node, mesh::hops_max); via != no_link) far.via = via;
  });
  std::erase_if(flows_, [&](const auto& each) { return each.second.from == link || each.second.to == link; });
}

void relay::on_link_down(time_point now, const peer& link) {
  const error why{errc::peer_lost, "the link to " + link.name + " went"};
  peers_.for_each_far([&](peer& far) {
    if (far.via != link.id) return;
    tell(now, far, why);  // Perhaps there is another way.
    lose(far, why);
  });
  std::vector<std::pair<ends, flow>> broken;
  for (const auto& each : flows_) {
    if (each.second.from == link.id || each.second.to == link.id) broken.push_back(each);
  }
  for (const auto& [which, path] : broken) {
    const bool ahead = path.to == link.id;
    const auto session = path.session;
    // Both ends: one may hear of it by the other direction's path only.
    if (ahead || which.source != link.node) send_broken(now, route_broken({which.source, which.target}, session, why));
    if (!ahead || which.target != link.node) send_broken(now, route_broken({which.target, which.source}, session, why));
    flows_.erase(which);
  }
}

void relay::tell(time_point now, const peer& far, const error& why) {
  const auto news = route_broken({far.node, self_.id}, session_of(far), why);
  auto* back = way_back(far);
  back == nullptr ? send_broken(now, news) : send_broken(*back, news);
}

// As the other end's messages come: the relays on that way know it, whatever paths are known here. If that way is
// broken too, the relay next to the break tells.
peer* relay::way_back(const peer& far) {
  auto* link = peers_.find(far.heard_via);
  return link == nullptr || link->closing ? nullptr : link;
}

// The source hears of it by the way the message came: perhaps no other is known here.
void relay::turn_back(const peer& from, const transport::routed_message& message, const error& why) {
  auto* back = peers_.find(from.id);
  if (back == nullptr || back->closing) return;
  send_broken(*back, route_broken({message.source, message.target}, message.session, why));
}

/// To the source, about the target. `why` must outlive it.
transport::route_broken_message relay::route_broken(const ends& whose, std::uint64_t session, const error& why) const {
  return {.to = whose.source,
          .about = whose.target,
          .session = session,
          .hops_left = mesh::hops_max,
          .code = why.code,
          .relay = self_.id,
          .text = why.detail};
}

void relay::send_broken(time_point now, const transport::route_broken_message& message) {
  const auto flow = flows_.find({message.to, message.about});
  auto* back = flow == flows_.end() ? nullptr : peers_.find(flow->second.from);
  if (back == nullptr || back->closing) back = peers_.find(next_link(now, message.to, message.hops_left));
  if (back != nullptr) send_broken(*back, message);
}

void relay::send_broken(peer& by, const transport::route_broken_message& message) {
  body_.clear();
  write_message(body_, message);
  (void)by.out.append_control(body_);  // If that is refused the link closes, and all who wait behind it are told.
  peers_.mark_dirty(by);
}

void relay::on_route_broken(time_point now, const transport::route_broken_message& message) {
  if (message.to != self_.id) {
    if (message.hops_left == 0) return;
    auto next = message;
    --next.hops_left;
    send_broken(now, next);
    flows_.erase({message.to, message.about});
    return;
  }
  routes_.doubt();
  const auto* far = peers_.find(peers_.far_to(message.about));
  if (far == nullptr || (message.session != far->session && message.session != far->heard_session)) return;
  const auto* noticed = view_.find(message.relay) ? view_.find(message.relay)->described().get() : nullptr;
  const error why{message.code, (noticed == nullptr ? message.relay.to_string() : noticed->name) +
                                    " on the way: " + std::string(message.text)};
  // Who has lost this node's session may have begun one of its own since, which ends here too.
  const bool knows = message.relay == message.about && message.session != far->session;
  knows ? lose(*far, why) : give_up(now, *far, why);
}

void relay::on_timeout(time_point now) {
  if (now < next_sweep_) return;
  std::erase_if(flows_, [&](const auto& each) { return now - each.second.used >= flow_kept; });
  peers_.for_each_far([&](peer& far) {
    const bool quiet = far.commands_pending == 0 && now - std::max(far.last_heard, far.last_sent) >= flow_kept;
    if (quiet) give_up(now, far, error{errc::closed, "nothing was said for long"});
  });
  const bool idle = flows_.empty() && peers_.far_count() == 0;
  next_sweep_ = idle ? time_point::max() : now + sweep_interval;
}

}  // namespace askr
