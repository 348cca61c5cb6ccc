// SPDX-License-Identifier: MIT
#include "libaskr/src/dispatcher.hpp"

#include "libaskr/src/handler_errors.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/relay.hpp"
#include "libaskr/src/session_table.hpp"

#include <askr/assert.hpp>
#include <askr/value.hpp>

#include <algorithm>

namespace askr {
namespace {

/// A command and the memory it refers to, for handlers that outlive the call.
struct owned_command {
  std::string name;
  byte_buffer data;
  principal who;
};

command make_owned(const command_request& request, time_point deadline) {
  auto owned = std::make_shared<owned_command>();
  owned->name = request.name;
  append(owned->data, request.data.bytes());
  owned->who = *request.who;
  return {.name = owned->name,
          .data = payload_view(owned->data, request.data.kind()),
          .asked_by = &owned->who,
          .deadline = deadline,
          .depth = request.depth,
          .keeper = owned};
}

/// The connected state has verbs of its own. They are checked where a client enters, since only that node knows all of
/// its rights, and again where the command is served.
result<void> may_touch_state(const command_request& request) {
  const bool sets = request.name == "STATE_SET";
  if (!sets && request.name != "STATE_REQUEST") return {};
  const auto said = request.data.try_as<value>();
  const auto* key = said ? said->find("key") : nullptr;
  // Without a key it is about all of the state.
  const std::string which = key != nullptr && key->is_string() ? key->as_string() : ">";
  if (request.who->rights.may(sets ? verb::state_write : verb::state_read, which)) return {};
  return error{errc::denied, request.who->name + " may not " + (sets ? "set" : "read") + " state " + which};
}

error no_handler(std::string_view name) {
  return {errc::no_handler, "Command's callback for " + std::string(name) + " not found"};
}

}  // namespace

dispatcher::dispatcher(const node_limits& limits, const node_id& self, peer_table& peers, relay& paths, session_table& sessions,
                       const mesh::directory& directory, rng& random, counters& counts)
    : limits_(limits),
      self_(self),
      peers_(peers),
      relay_(paths),
      sessions_(sessions),
      directory_(directory),
      random_(random),
      counts_(counts),
      table_(directory, limits.commands_known_max),
      pending_(limits.commands_pending_max) {}

// The one place where commands are authorised, whoever sends them.
bool dispatcher::admit(const command_request& request, caller& from) {
  if (stopped_) {
    refuse(from, {errc::closed, "the node was stopped"});
    return false;
  }
  if (!request.who->rights.may(verb::send, request.name)) {
    refuse(from, {errc::denied, request.who->name + " may not send " + std::string(request.name)});
    return false;
  }
  if (const auto allowed = may_touch_state(request); !allowed) {
    refuse(from, allowed.error());
    return false;
  }
  if (request.depth > limits_.call_depth_max) {
    refuse(from, {errc::denied, "commands led to commands more than " + std::to_string(limits_.call_depth_max) +
                                    " deep: " + std::string(request.name)});
    return false;
  }
  if (request.remaining <= milliseconds(0)) {
    refuse(from, {errc::timed_out, "the deadline had passed before " + std::string(request.name) + " was sent"});
    return false;
  }
  return true;
}

void dispatcher::submit(time_point now, const command_request& request, caller from) {
  if (!admit(request, from)) return;
  if (!request.to.empty()) {
    const auto target = directory_.resolve(request.to);
    if (!target) return refuse(from, target.error());
    return submit_to(now, request, *target, std::move(from));
  }
  auto* row = table_.find(request.name);
  if (row == nullptr) return refuse(from, no_handler(request.name));
  if (row->is_served_here() && request.key.empty()) return run(now, *row, request, std::move(from));
  auto* to = choose(now, *row, request);
  if (to != nullptr) return forward(now, request, row, to, std::move(from));
  if (row->is_served_here()) return run(now, *row, request, std::move(from));
  refuse(from, no_handler(request.name));
}

void dispatcher::submit_to(time_point now, const command_request& request, const node_id& target, caller from) {
  if (target == self_) return serve_here(now, request, std::move(from));
  auto* to = relay_.reach(now, target);
  if (to == nullptr) return refuse(from, {errc::no_node, "no path to " + std::string(request.to)});
  forward(now, request, table_.find(request.name), to, std::move(from));
}

bool dispatcher::try_forward(time_point now, const command_request& request,
                             detail::unique_function<void(result<payload>)>& done) {
  if (stopped_ || !request.to.empty() || request.depth > limits_.call_depth_max || pending_.full() ||
      request.remaining <= milliseconds(0)) {
    return false;
  }
  auto* row = table_.find(request.name);
  if (row == nullptr || row->is_served_here()) return false;
  auto* to = choose(now, *row, request);
  if (to == nullptr || !peers_.send_command(*to, last_mid_ + 1, request)) return false;
  note_forwarded(now, request, row, *to, {.what = caller::kind::self, .done = std::move(done)});
  return true;
}

void dispatcher::serve(time_point now, const command_request& request, caller from) {
  if (admit(request, from)) serve_here(now, request, std::move(from));
}

void dispatcher::serve_here(time_point now, const command_request& request, caller from) {
  auto* row = table_.find(request.name);
  if (row == nullptr || !row->is_served_here()) return refuse(from, no_handler(request.name));
  run(now, *row, request, std::move(from));
}

// --- which node

peer* dispatcher::choose(time_point now, command_row& row, const command_request& request) {
  const auto among = table_.servers(row);
  const auto how = request.key.empty() ? request.balance : balance::sticky;
  const auto chosen = row.balancer.pick(now, among, how, request.key, random_);
  if (!chosen) return nullptr;
  if (auto* to = relay_.reach(now, among[*chosen].id)) return to;
  for (const auto& each : among) {  // Gone a moment ago.
    if (auto* to = relay_.reach(now, each.id)) return to;
  }
  return nullptr;
}

// --- at work here

void dispatcher::run(time_point now, command_row& row, const command_request& request, caller from) {
  if (!row.own) {
    const auto client = row.clients[row.turn++ % row.clients.size()];
    return forward_to_client(now, request, client, std::move(from));
  }
  ++counts_.commands_served;
  if (row.own->how != detail::handler::mode::immediate) return start(now, row.own, request, std::move(from));
  last_served_ = request.name;
  const auto keep = row.own;  // The handler may replace or remove itself.
  const command asked{.name = request.name,
                      .data = request.data,
                      .asked_by = request.who,
                      .deadline = now + request.remaining,
                      .depth = request.depth};
  run_now(*keep, asked, from);
}

void dispatcher::run_now(detail::handler& handler, const command& asked, caller& from) {
  scratch_.clear();
  depth_ = static_cast<std::uint8_t>(asked.depth + 1);
  const auto packed = answer_or_error(handler.answer, asked, scratch_);
  depth_ = 0;
  if (packed) return finish(from, payload_view(scratch_, *packed));
  ++counts_.handlers_failed;
  finish(from, packed.error());
}

void dispatcher::start(time_point now, std::shared_ptr<detail::handler> handler, const command_request& request,
                       caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are being served"});
  const auto serving = ++last_mid_;
  const auto deadline = now + request.remaining;
  pending_.add({.mid = serving, .from = std::move(from), .sent = now}, deadline);
  jobs_.push_back({serving, std::move(handler), make_owned(request, deadline)});
}

void dispatcher::on_answer(time_point, std::uint64_t serving, result<payload> outcome) {
  if (pending_.find(serving) == nullptr) {
    ++counts_.replies_late;
    return;
  }
  auto ended = take(serving);
  ASKR_ASSERT(ended.link == no_link && ended.server == no_session);
  if (outcome) return finish(ended.from, outcome->view());
  ++counts_.handlers_failed;
  finish(ended.from, outcome.error());
}

// --- at work elsewhere

void dispatcher::forward(time_point now, const command_request& request, command_row* row, peer* to, caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  const auto sent = peers_.send_command(*to, last_mid_ + 1, request);
  if (!sent) return refuse(from, sent.error());
  note_forwarded(now, request, row, *to, std::move(from));
}

void dispatcher::note_forwarded(time_point now, const command_request& request, command_row* row, peer& to,
                                caller from) {
  ++counts_.commands_forwarded;
  ++to.commands_pending;
  if (row != nullptr) {
    ++row->pending;
    row->balancer.on_sent(now, to.node);
  }
  pending_.add({.mid = ++last_mid_, .from = std::move(from), .link = to.id, .sent = now, .row = row},
               now + request.remaining);
}

void dispatcher::forward_to_client(time_point now, const command_request& request, session_id client, caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  const auto mid = ++last_mid_;
  const auto sent = sessions_.send_command(client, mid, request);
  if (!sent) return refuse(from, sent.error());
  ++counts_.commands_served;
  pending_.add({.mid = mid, .from = std::move(from), .server = client, .sent = now}, now + request.remaining);
}

void dispatcher::on_reply(time_point now, link_id from, std::uint64_t mid, result<payload_view> outcome,
                          bool maybe_executed) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->link != from) {
    ++counts_.replies_late;
    return;
  }
  auto ended = take(mid);
  note_outcome(now, ended, outcome ? errc{} : outcome.code());
  finish(ended.from, std::move(outcome), maybe_executed);
}

void dispatcher::note_outcome(time_point now, const pending_command& command, errc outcome) {
  if (command.row == nullptr || command.link == no_link) return;
  const auto& server = peers_.at(command.link).node;
  if (outcome == errc::canceled) return command.row->balancer.on_canceled(server);
  const bool well = outcome != errc::peer_lost && outcome != errc::timed_out && outcome != errc::overloaded;
  command.row->balancer.on_reply(now, server, now - command.sent, well);
}

void dispatcher::on_client_reply(session_id from, std::uint64_t mid, result<payload_view> outcome) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->server != from) {
    ++counts_.replies_late;
    return;
  }
  auto ended = take(mid);
  finish(ended.from, std::move(outcome));
}

void dispatcher::cancel(time_point now, caller::kind what, std::uint32_t id, std::uint64_t ticket) {
  const auto mid = pending_.asked_by(what, id, ticket);
  if (mid != 0) give_up(now, mid, {errc::canceled, "the caller gave up"});
}

void dispatcher::give_up(time_point now, std::uint64_t mid, const error& why) {
  auto ended = take(mid);
  withdraw(ended);
  note_outcome(now, ended, why.code);
  finish(ended.from, why, why.code != errc::canceled);  // Who gave up does not ask.
}

void dispatcher::on_link_down(time_point now, peer& gone, const error& why) {
  gone.closing = true;
  const error lost{errc::peer_lost,
                   "the link to " + gone.name + " was lost (" + why.message() + "); the command may have run"};
  while (const auto mid = pending_.first_served_by_link(gone.id)) {
    ++counts_.commands_peer_lost;
    auto ended = take(mid);
    if (ended.row != nullptr) ended.row->balancer.on_lost(gone.node);
    finish(ended.from, lost, true);
  }
  while (const auto mid = pending_.first_asked_by(caller::kind::link, gone.id)) {
    const auto ended = take(mid);
    withdraw(ended);
    note_outcome(now, ended, errc::canceled);
  }
}

void dispatcher::on_session_down(time_point now, session_id session) {
  while (const auto mid = pending_.first_asked_by(caller::kind::session, session)) {
    give_up(now, mid, {errc::canceled, "the client went away"});
  }
  while (const auto mid = pending_.first_served_by_session(session)) {
    ++counts_.commands_peer_lost;
    auto ended = take(mid);
    finish(ended.from, error{errc::peer_lost, "the client that served it went away; the command may have run"}, true);
  }
}

void dispatcher::stop() {
  stopped_ = true;
  const error why{errc::closed, "the node was stopped"};
  for (const auto mid : pending_.mids()) {
    if (pending_.find(mid) == nullptr) continue;  // The completion of another one has ended it meanwhile.
    auto ended = take(mid);
    finish(ended.from, why);
  }
}

void dispatcher::on_timeout(time_point now) {
  for (const auto mid : pending_.expire(now)) {
    if (pending_.find(mid) == nullptr) continue;
    ++counts_.commands_timed_out;
    give_up(now, mid, {errc::timed_out, "no answer before the deadline"});
  }
}

void dispatcher::withdraw(const pending_command& command) {
  if (command.link != no_link) peers_.send_cancel(command.link, command.mid);
  if (command.server != no_session) sessions_.send_cancel(command.server, command.mid);
}

pending_command dispatcher::take(std::uint64_t mid) {
  auto taken = pending_.take(mid);
  if (taken.link != no_link) --peers_.at(taken.link).commands_pending;
  if (taken.row != nullptr) --taken.row->pending;
  return taken;
}

void dispatcher::refuse(caller& to, error why) {
  ++counts_.commands_refused;
  finish(to, std::move(why));
}

void dispatcher::finish(caller& to, result<payload_view> outcome, bool maybe_executed) {
  switch (to.what) {
    case caller::kind::self:
      if (!to.done) return;  // The caller did not want to know.
      if (!outcome) return to.done(outcome.error());
      return to.done(payload(*outcome));
    case caller::kind::session:
      return sessions_.send_reply(to.id, to.ticket, outcome, maybe_executed);
    case caller::kind::link:
      return peers_.send_reply(to.id, to.ticket, outcome, maybe_executed);
  }
}

}  // namespace askr
