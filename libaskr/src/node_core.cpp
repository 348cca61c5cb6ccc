// SPDX-License-Identifier: MIT
#include "libaskr/src/node_core.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr int rounds_max = 3;

principal own_principal(const self_description& self) {
  principal who;
  who.what = principal::kind::node;
  who.name = self.name;
  who.entry = self.id;
  who.rights = permissions::everything();
  return who;
}

}  // namespace

node_core::node_core(const node_options& options, const self_description& self, const core_keys& keys,
                     std::uint64_t seed)
    : options_(options),
      self_(self),
      random_(seed),
      peers_(options.links),
      sessions_(options.sessions, counts_),
      rights_(self.id, options.roles),
      events_(options, self_, rights_, peers_, sessions_, directory_, relay_, counts_),
      membership_(options, self_, keys, peers_, directory_, events_.others(), random_, counts_),
      relay_(options, self_, keys.seal, peers_, membership_, counts_),
      dispatcher_(options.limits, self.id, rights_, peers_, relay_, sessions_, directory_, random_, counts_),
      client_door_(options, self_, rights_, sessions_, dispatcher_, events_, counts_),
      peer_door_(options, peers_, dispatcher_, events_, membership_, relay_, counts_),
      state_(options.limits),
      self_principal_(own_principal(self_)) {
  add_builtins();
}

node_core::~node_core() = default;

void node_core::start(time_point now, std::vector<std::string> endpoints) {
  membership_.set_interest(dispatcher_.table().announced(), events_.announce());
  membership_.start(now, std::move(endpoints));
}

void node_core::stop(time_point now) {
  dispatcher_.stop(now);
  membership_.stop(now);
  client_door_.close_all(now, websocket::close_codes::going_away, "the node stops");
}

result<void> node_core::add_handler(std::string name, std::shared_ptr<detail::handler> handler) {
  if (dispatcher_.table().size() >= options_.limits.handlers_max) return error{errc::overloaded, "too many handlers"};
  dispatcher_.table().set(std::move(name), std::move(handler));
  interest_changed_ = true;
  return {};
}

void node_core::remove_handler(std::string_view name) { interest_changed_ |= dispatcher_.table().remove(name); }

void node_core::send(time_point now, const command_request& request, node::completion done, command_id number,
                     std::shared_ptr<part_receiver> parts) {
  ++counts_.commands_sent;
  dispatcher_.submit(
      now, request, {.what = caller::kind::self, .ticket = number, .done = std::move(done), .parts = std::move(parts)});
}

bool node_core::try_forward(time_point now, const command_request& request, node::completion& done) {
  if (!dispatcher_.try_forward(now, request, done)) return false;
  ++counts_.commands_sent;
  return true;
}

result<void> node_core::emit(time_point now, std::string_view topic, payload_view data) {
  return events_.emit(now, self_principal_, topic, data);
}

bool node_core::try_emit(time_point now, std::string_view topic, payload_view data) {
  return events_.try_emit(now, self_principal_, topic, data);
}

result<void> node_core::add_listener(time_point now, listener_id id, std::string_view pattern,
                                     detail::listener listener, listen_options options) {
  if (events_.add_listener(now, id, pattern, std::move(listener), std::move(options))) return {};
  return error{errc::overloaded, "too many listeners"};
}

void node_core::remove_listener(listener_id listener) { events_.remove_listener(listener); }

std::vector<node_info> node_core::nodes() const {
  std::vector<node_info> all;
  for (const auto& record : directory_.records()) {
    const auto* linked = peers_.find(peers_.link_to(record->id));
    all.push_back({.name = record->name,
                   .id = record->id,
                   .version = record->app_version,
                   .endpoints = record->endpoints,
                   .commands = record->commands,
                   .topics = record->topics,
                   .self = record->id == self_.id,
                   .link = linked == nullptr ? std::string() : linked->address});
  }
  std::stable_partition(all.begin(), all.end(), [](const node_info& each) { return each.self; });
  return all;
}

void node_core::on_link_down(time_point now, link_id link, const error& why) {
  auto* gone = peers_.find(link);
  if (gone == nullptr) return;
  gone->closing = true;
  relay_.on_link_down(now, *gone);
  dispatcher_.on_link_down(now, *gone, why);
  membership_.on_link_down(now, link);
}

wall_ms node_core::end_expired(time_point now, wall_ms wall) {
  const auto nodes = membership_.end_expired(wall);
  const auto clients = client_door_.end_expired(now, wall);
  return nodes == 0 || clients == 0 ? nodes + clients : std::min(nodes, clients);
}

void node_core::on_timeout(time_point now) {
  dispatcher_.on_timeout(now);
  membership_.on_timeout(now);
  relay_.on_timeout(now);
  events_.on_timeout(now);
}

time_point node_core::next_timeout() const noexcept {
  return std::min(
      {dispatcher_.next_timeout(), membership_.next_timeout(), relay_.next_timeout(), events_.next_timeout()});
}

void node_core::end_turn(time_point now) {
  while (const auto said = relay_.next_early(now)) peer_door_.on_record(now, said->from, said->messages);
  dispatcher_.end_turn(now);
  if (std::exchange(interest_changed_, false) | client_door_.take_interest_changed() | events_.interest_changed()) {
    membership_.set_interest(dispatcher_.table().announced(), events_.announce());
  }
  membership_.set_asking(events_.asking());
  membership_.end_turn(now);
  for (const auto link : membership_.take_let_go()) relay_.on_let_go(now, link);
  events_.end_turn(now);
  for (const auto& id : membership_.take_lost()) relay_.on_lost(id);
  // What ends for want of a path may be tried again by another.
  for (int rounds = 0; rounds < rounds_max && (relay_.has_lost() || peers_.has_dirty_far()); ++rounds) {
    end_lost_paths(now);
    relay_.end_turn(now);
  }
}

void node_core::end_lost_paths(time_point now) {
  for (const auto& [far, why] : relay_.take_lost()) {
    if (auto* which = peers_.find(far)) {
      dispatcher_.on_link_down(now, *which, why);
      events_.others().note_new_way(which->node);
    }
    peers_.erase(far);
  }
}

}  // namespace askr
