// SPDX-License-Identifier: MIT
#include "libaskr/src/client_door.hpp"

#include "libaskr/src/authoriser.hpp"
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/event_router.hpp"
#include "libaskr/src/membership.hpp"
#include "transport/msgpack_writer.hpp"

#include <askr/assert.hpp>
#include <askr/version.hpp>

#include <algorithm>

namespace askr {
namespace {

using transport::client_message;
using kind = client_message::kind;
namespace close_codes = websocket::close_codes;

constexpr std::array<std::uint8_t, 1> msgpack_true{0xc3};

/// As a Host header has it.
std::string in_url(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

transport::session_options make_session_options(const node_options& options, const self_description& self) {
  const auto& limits = options.sessions;
  transport::session_options made;
  made.head = {limits.head_bytes_max, limits.headers_max};
  made.head_deadline = limits.head_deadline;
  // Not a wildcard: pages reach loopback by 0.0.0.0, too.
  const bool bound_to_all = options.bind == "0.0.0.0" || options.bind == "::";
  if (!bound_to_all) made.handshake.allowed_hosts.push_back(in_url(options.bind));
  for (const auto& host : options.allowed_hosts) made.handshake.allowed_hosts.push_back(host);
  made.handshake.allowed_origins = options.allowed_origins;
  made.handshake.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
  made.handshake.deflate = limits.deflate;
  made.unadmitted_bytes_max = limits.unadmitted_bytes_max;
  made.stream.limits.message_bytes_max = limits.message_bytes_max;
  made.stream.limits.fragments_max = limits.fragments_max;
  made.stream.ping_interval = limits.ping_interval;
  made.stream.dead_after = limits.dead_after;
  made.stream.message_deadline = limits.message_deadline;
  made.stream.close_deadline = limits.close_deadline;
  made.about = "askr " + std::string(version) + "\nnode " + self.name + "\nworkspace " + options.workspace +
               "\nConnect a WebSocket here (subprotocols askr.v1.json, askr.v1.msgpack).\n";
  return made;
}

}  // namespace

client_door::client_door(const node_options& options, const self_description& self, const authoriser& rights,
                         session_table& sessions, dispatcher& commands, event_router& events, counters& counts)
    : options_(options),
      self_(self),
      rights_(rights),
      sessions_(sessions),
      commands_(commands),
      events_(events),
      counts_(counts),
      guard_(options),
      tokens_(entropy_),
      session_options_(make_session_options(options, self)) {}

result<session_id> client_door::open(transport::arrival how) {
  const auto& limits = options_.limits;
  if (sessions_.size() >= limits.sessions_max) return error{errc::overloaded, "too many sessions"};
  auto& from_there = per_address_[how.address];
  if (!how.loopback && from_there >= limits.sessions_per_address_max) {
    return error{errc::overloaded, "too many sessions from " + how.address};
  }
  ++from_there;
  ++counts_.sessions_opened;
  const auto id = sessions_.next_id();
  sessions_.add(std::make_unique<client_row>(id, session_options_, entropy_, deflate_, std::move(how)));
  return id;
}

void client_door::on_closed(time_point now, session_id session) {
  auto* which = sessions_.find(session);
  if (which == nullptr) return;
  ++counts_.sessions_closed;
  end_business(now, *which);
  leave_queue(now, *which);
  const auto found = per_address_.find(which->wire.shown().address);
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
  sessions_.erase(session);
}

void client_door::end_business(time_point now, client_row& of) {
  commands_.on_session_down(now, of.id);
  for (std::size_t place = 0; place < of.subscribed.size(); ++place) unsubscribe(of, place);
  const bool served = commands_.table().remove_client_everywhere(of.id);
  interest_changed_ |= served;
}

void client_door::on_bytes(time_point now, session_id from, mutable_byte_span received) {
  auto* which = sessions_.find(from);
  if (which == nullptr) return;
  which->wire.on_bytes(now, received);
  pump(now, *which);
}

void client_door::pump(time_point now, client_row& from) {
  if (from.wire.upgraded() && !from.asked) {
    from.auth_due = now + options_.sessions.auth_deadline;
    from.asked = true;
    auto token = from.wire.take_token();
    auto shown = from.wire.shown();
    shown.token = std::move(token);
    if (!has_credential(shown) || !turned_away(now, from, {})) ask(now, from, std::move(shown));
  }
  // A message may be changed in place while it is decoded.
  while (const auto next = from.wire.next()) {
    receive(now, from, next->text, mutable_byte_span(const_cast<std::uint8_t*>(next->data.data()), next->data.size()));
  }
  sessions_.mark_dirty(from);
}

void client_door::receive(time_point now, client_row& from, bool text, mutable_byte_span data) {
  if (from.verdict_pending) return keep_for_later(now, from, text, data);
  auto& codec = sessions_.codec();
  const auto how = text ? transport::client_encoding::json : transport::client_encoding::msgpack;
  const auto said = codec.decode(data, how);
  if (!from.admitted) {
    if (said && said->what == kind::auth) return on_auth(now, from, *said);
    refuse(from, codec.last_mid(), {errc::unauthenticated, "say {\"type\":\"auth\",\"token\":...} first"});
    return from.wire.close(now, close_codes::policy_violation, "unauthenticated");
  }
  if (said) return handle(now, from, *said, data.size());
  ++counts_.client_messages_malformed;
  refuse(from, codec.last_mid(), said.error());
}

void client_door::keep_for_later(time_point now, client_row& from, bool text, byte_span data) {
  from.backlog_bytes += data.size();
  if (from.backlog_bytes > options_.sessions.unadmitted_bytes_max) {
    return from.wire.close(now, close_codes::policy_violation, "wait for the answer to auth");
  }
  from.backlog.push_back({text, byte_buffer(data.begin(), data.end())});
}

void client_door::close_all(time_point now, websocket::close_code code, std::string_view reason) {
  sessions_.for_each([&](client_row& each) {
    each.wire.close(now, code, reason);
    sessions_.mark_dirty(each);
  });
}

// --- what it says

void client_door::handle(time_point now, client_row& from, const message& said, std::size_t message_bytes) {
  ASKR_ASSERT(from.admitted);
  if (!said.workspace.empty() && said.workspace != options_.workspace) {
    return refuse(from, said.mid, {errc::wrong_workspace, "this node belongs to workspace " + options_.workspace});
  }
  switch (said.what) {
    case kind::command:
      return on_command(now, from, said);
    case kind::event:
      return on_emit(now, from, said);
    case kind::subscription:
      return on_subscription(now, from, said);
    case kind::unsubscription:
      return on_unsubscription(from, said);
    case kind::serve:
      return on_serve(from, said);
    case kind::unserve:
      return on_unserve(from, said);
    case kind::cancel:
      return on_cancel(now, from, said);
    case kind::reply:
    case kind::failure:
      return on_outcome(now, from, said);
    case kind::hello:
      return welcome(from, said.mid);
    case kind::auth:
      return acknowledge(from, said);  // It is in already.
    case kind::part:
      return on_part(now, from, said, message_bytes);
    case kind::gap:
    case kind::credit:
    case kind::challenge:
    case kind::welcome:
      break;
  }
  ++counts_.client_messages_malformed;
  refuse(from, said.mid, {errc::bad_message, "a client does not say this"});
}

void client_door::on_command(time_point now, client_row& from, const message& said) {
  ++counts_.commands_from_clients;
  if (from.mids.size() >= options_.sessions.commands_pending_max) {
    ++counts_.commands_refused;
    return refuse(from, said.mid, {errc::overloaded, "too many commands of this session are pending"});
  }
  const auto ticket = from.mids.add(said.mid);
  if (ticket == 0) {
    ++counts_.commands_refused;
    return refuse(from, said.mid, {errc::duplicate_mid, "a command with this mid is still pending"});
  }
  commands_.submit(now,
                   {.name = said.name,
                    .data = payload_view(said.data, said.data_encoding),
                    .who = &from.who,
                    .to = said.to,
                    .remaining = said.timeout.value_or(send_options{}.timeout),
                    .idempotent = said.idempotent,
                    .stream = said.stream,
                    .all = said.all,
                    .balance = said.balance,
                    .key = said.key},
                   {.what = caller::kind::session, .id = from.id, .ticket = ticket});
}

void client_door::on_emit(time_point now, client_row& from, const message& said) {
  const auto emitted = events_.emit(now, from.who, said.name, payload_view(said.data, said.data_encoding));
  if (!emitted) return refuse(from, said.mid, emitted.error());
  acknowledge(from, said);
}

void client_door::on_subscription(time_point now, client_row& from, const message& said) {
  if (const auto allowed = rights_.check(from.who, verb::listen, said.name); !allowed) {
    return refuse(from, said.mid, allowed.error());
  }
  if (from.place_of(said.name) == client_row::no_place) {
    if (from.subscribed_count >= options_.sessions.subscriptions_max) {
      return refuse(from, said.mid, {errc::overloaded, "too many subscriptions of this session"});
    }
    subscribe(now, from, said);
  }
  if (!said.ready) return acknowledge(from, said);
  events_.wait_until_ready(now, said.timeout.value_or(listen_options{}.ready_timeout),
                           [this, session = from.id, mid = said.mid](const listen_ready& how) {
                             if (auto* to = sessions_.find(session)) say_ready(*to, mid, how);
                           });
}

void client_door::subscribe(time_point now, client_row& from, const message& said) {
  std::vector<event_position> since;
  const auto epoch = said.epoch.value_or(0);
  if (said.since) since.push_back({std::string(said.name), std::string(said.from), epoch, *said.since});
  for (const auto& each : said.positions) {
    since.push_back({std::string(each.topic), std::string(each.from), each.epoch, each.sequence});
  }
  const auto place = from.add_subscription(said.name, said.overflow);
  events_.add_subscriber(now, said.name, {subscriber::kind::session, subscription_number(from.id, place)},
                         said.last.value_or(0), since);
}

void client_door::on_unsubscription(client_row& from, const message& said) {
  const auto place = from.place_of(said.name);
  if (place != client_row::no_place) unsubscribe(from, place);
  acknowledge(from, said);
}

void client_door::unsubscribe(client_row& from, std::size_t place) {
  auto& which = from.subscribed[place];
  if (which.pattern.empty()) return;
  events_.remove_subscriber(which.pattern, {subscriber::kind::session, subscription_number(from.id, place)});
  which = {};
  --from.subscribed_count;
}

void client_door::on_serve(client_row& from, const message& said) {
  if (const auto allowed = rights_.check(from.who, verb::serve, said.name); !allowed) {
    return refuse(from, said.mid, allowed.error());
  }
  if (commands_.table().size() >= options_.limits.handlers_max) {
    return refuse(from, said.mid, {errc::overloaded, "too many handlers"});
  }
  interest_changed_ |= commands_.table().add_client(said.name, from.id);
  acknowledge(from, said);
}

void client_door::on_unserve(client_row& from, const message& said) {
  interest_changed_ |= commands_.table().remove_client(said.name, from.id);
  acknowledge(from, said);
}

void client_door::on_cancel(time_point now, client_row& from, const message& said) {
  const auto ticket = from.mids.find(said.mid);
  if (ticket != 0) commands_.cancel(now, caller::kind::session, from.id, ticket);
}

void client_door::on_outcome(time_point now, client_row& from, const message& said) {
  if (said.mid.what() != transport::message_id::kind::unsigned_integer) {
    ++counts_.replies_late;
    return;
  }
  if (said.what == kind::reply) {
    return commands_.on_client_reply(now, from.id, said.mid.number(), payload_view(said.data, said.data_encoding));
  }
  commands_.on_client_reply(now, from.id, said.mid.number(), error{said.code, std::string(said.text)});
}

void client_door::on_part(time_point now, client_row& from, const message& said, std::size_t message_bytes) {
  if (said.mid.what() != transport::message_id::kind::unsigned_integer) {
    ++counts_.parts_unasked;
    return;
  }
  commands_.on_client_part(now, from.id, said.mid.number(),
                           {said.part, message_bytes, payload_view(said.data, said.data_encoding)});
}

// --- answers

client_door::message client_door::introduction(transport::client_message::kind what) const {
  message said;
  said.what = what;
  said.node_name = self_.name;
  said.node = self_.id;
  said.version = version;
  said.workspace = options_.workspace;
  return said;
}

void client_door::welcome(client_row& to, const transport::message_id& mid) {
  auto said = introduction(kind::welcome);
  said.mid = mid;
  sessions_.send(to, said);
}

void client_door::acknowledge(client_row& to, const message& said) {
  if (said.mid.is_none()) return;
  message answer;
  answer.what = kind::reply;
  answer.mid = said.mid;
  answer.data = msgpack_true;
  sessions_.send(to, answer);
}

void client_door::say_ready(client_row& to, const transport::message_id& mid, const listen_ready& how) {
  byte_buffer packed;
  transport::write_map_header(packed, 2);
  transport::write_str(packed, "ready");
  transport::write_uint(packed, how.ready);
  transport::write_str(packed, "of");
  transport::write_uint(packed, how.of);
  message answer;
  answer.what = kind::reply;
  answer.mid = mid;
  answer.data = packed;
  sessions_.send(to, answer);
}

void client_door::refuse(client_row& to, const transport::message_id& mid, const error& why) {
  sessions_.send(to, transport::failure_message(mid, why));
}

}  // namespace askr
