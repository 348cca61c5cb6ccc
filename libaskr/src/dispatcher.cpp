// SPDX-License-Identifier: MIT
#include "libaskr/src/dispatcher.hpp"

#include "libaskr/src/handler_errors.hpp"
#include "libaskr/src/peer_table.hpp"
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

dispatcher::dispatcher(const node_limits& limits, const node_id& self, peer_table& peers, session_table& sessions,
                       const mesh::directory& directory, rng& random, counters& counts)
    : limits_(limits),
      self_(self),
      peers_(peers),
      sessions_(sessions),
      directory_(directory),
      random_(random),
      counts_(counts),
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
  if (auto* row = handlers_.find(request.name)) return run(now, *row, request, std::move(from));
  const auto link = choose(request.name);
  if (link == no_link) return refuse(from, no_handler(request.name));
  forward(now, request, link, std::move(from));
}

void dispatcher::submit_to(time_point now, const command_request& request, const node_id& target, caller from) {
  if (target == self_) {
    auto* row = handlers_.find(request.name);
    if (row == nullptr) return refuse(from, no_handler(request.name));
    return run(now, *row, request, std::move(from));
  }
  const auto link = peers_.link_to(target);
  if (link == no_link) return refuse(from, {errc::no_node, "no link to " + std::string(request.to)});
  forward(now, request, link, std::move(from));
}

bool dispatcher::try_forward(time_point now, const command_request& request,
                             detail::unique_function<void(result<payload>)>& done) {
  if (stopped_ || !request.to.empty() || request.depth > limits_.call_depth_max || pending_.full() ||
      request.remaining <= milliseconds(0) || handlers_.find(request.name) != nullptr) {
    return false;
  }
  const auto link = choose(request.name);
  if (link == no_link || !peers_.send_command(link, last_mid_ + 1, request)) return false;
  note_forwarded(now, request, link, {.what = caller::kind::self, .done = std::move(done)});
  return true;
}

void dispatcher::serve(time_point now, const command_request& request, caller from) {
  if (!admit(request, from)) return;
  auto* row = handlers_.find(request.name);
  if (row == nullptr) return refuse(from, no_handler(request.name));
  run(now, *row, request, std::move(from));
}

link_id dispatcher::choose(std::string_view name) {
  // Power of two choices: of two servers drawn at random, the one with fewer commands of ours under way.
  const auto servers = directory_.servers(name);
  if (servers.empty()) return no_link;
  const auto first = peers_.link_to(servers[random_.below(servers.size())]);
  if (servers.size() == 1) return first;
  const auto second = peers_.link_to(servers[random_.below(servers.size())]);
  if (first == no_link || second == no_link) return std::max(first, second);
  return peers_.at(second).commands_pending < peers_.at(first).commands_pending ? second : first;
}

void dispatcher::run(time_point now, handlers::row& row, const command_request& request, caller from) {
  if (!row.own) {
    const auto client = row.clients[row.turn++ % row.clients.size()];
    return forward_to_client(now, request, client, std::move(from));
  }
  ++counts_.commands_served;
  const auto deadline = now + request.remaining;
  if (row.own->how != detail::handler::mode::immediate) {
    return start(now, row.own, request, std::move(from));
  }
  last_served_ = request.name;
  const auto keep = row.own;  // The handler may replace or remove itself.
  const command asked{.name = request.name,
                      .data = request.data,
                      .asked_by = request.who,
                      .deadline = deadline,
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

void dispatcher::on_answer(std::uint64_t serving, result<payload> outcome) {
  const auto* waiting = pending_.find(serving);
  if (waiting == nullptr) {
    ++counts_.replies_late;
    return;
  }
  ASKR_ASSERT(waiting->link == no_link && waiting->server == no_session);
  if (outcome) return finish_pending(serving, outcome->view());
  ++counts_.handlers_failed;
  finish_pending(serving, outcome.error());
}

void dispatcher::forward(time_point now, const command_request& request, link_id link, caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  const auto sent = peers_.send_command(link, last_mid_ + 1, request);
  if (!sent) return refuse(from, sent.error());
  note_forwarded(now, request, link, std::move(from));
}

void dispatcher::note_forwarded(time_point now, const command_request& request, link_id link, caller from) {
  ++counts_.commands_forwarded;
  ++peers_.at(link).commands_pending;
  pending_.add({.mid = ++last_mid_, .from = std::move(from), .link = link, .sent = now}, now + request.remaining);
}

void dispatcher::forward_to_client(time_point now, const command_request& request, session_id client, caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  const auto mid = ++last_mid_;
  const auto sent = sessions_.send_command(client, mid, request);
  if (!sent) return refuse(from, sent.error());
  ++counts_.commands_served;
  pending_.add({.mid = mid, .from = std::move(from), .server = client, .sent = now}, now + request.remaining);
}

void dispatcher::on_reply(time_point, link_id from, std::uint64_t mid, result<payload_view> outcome,
                          bool maybe_executed) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->link != from) {
    ++counts_.replies_late;
    return;
  }
  finish_pending(mid, std::move(outcome), maybe_executed);
}

void dispatcher::on_client_reply(session_id from, std::uint64_t mid, result<payload_view> outcome) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->server != from) {
    ++counts_.replies_late;
    return;
  }
  finish_pending(mid, std::move(outcome));
}

void dispatcher::cancel(caller::kind what, std::uint32_t id, std::uint64_t ticket) {
  const auto is_from = [&](const caller& from) { return from.what == what && from.id == id && from.ticket == ticket; };
  for (const auto mid : pending_.mids_where([&](const pending_command& each) { return is_from(each.from); })) {
    withdraw(mid);
    finish_pending(mid, error{errc::canceled, "the caller gave up"});
  }
}

void dispatcher::on_link_down(link_id link, std::string_view name, const error& why) {
  const error lost{errc::peer_lost,
                   "the link to " + std::string(name) + " was lost (" + why.message() + "); the command may have run"};
  for (const auto mid : pending_.mids_where([&](const pending_command& each) { return each.link == link; })) {
    ++counts_.commands_peer_lost;
    finish_pending(mid, lost, true);
  }
  const auto asked_by_it = [&](const pending_command& each) {
    return each.from.what == caller::kind::link && each.from.id == link;
  };
  for (const auto mid : pending_.mids_where(asked_by_it)) {
    withdraw(mid);
    pending_.take(mid);
  }
}

void dispatcher::on_session_down(session_id session) {
  const auto is_from = [&](const caller& from) { return from.what == caller::kind::session && from.id == session; };
  for (const auto mid : pending_.mids_where([&](const pending_command& each) { return is_from(each.from); })) {
    withdraw(mid);
    finish_pending(mid, error{errc::canceled, "the client went away"});
  }
  for (const auto mid : pending_.mids_where([&](const pending_command& each) { return each.server == session; })) {
    ++counts_.commands_peer_lost;
    finish_pending(mid, error{errc::peer_lost, "the client that served it went away; the command may have run"}, true);
  }
}

void dispatcher::stop() {
  stopped_ = true;
  const error why{errc::closed, "the node was stopped"};
  for (const auto mid : pending_.mids_where([](const pending_command&) { return true; })) finish_pending(mid, why);
}

void dispatcher::on_timeout(time_point now) {
  for (const auto mid : pending_.expire(now)) {
    ++counts_.commands_timed_out;
    withdraw(mid);
    finish_pending(mid, error{errc::timed_out, "no answer before the deadline"}, true);
  }
}

void dispatcher::withdraw(std::uint64_t mid) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr) return;
  if (waiting->link != no_link) peers_.send_cancel(waiting->link, mid);
  if (waiting->server != no_session) sessions_.send_cancel(waiting->server, mid);
}

void dispatcher::finish_pending(std::uint64_t mid, result<payload_view> outcome, bool maybe_executed) {
  if (pending_.find(mid) == nullptr) return;  // The completion of another one has ended it meanwhile.
  auto waiting = pending_.take(mid);
  if (waiting.link != no_link) --peers_.at(waiting.link).commands_pending;
  finish(waiting.from, std::move(outcome), maybe_executed);
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
