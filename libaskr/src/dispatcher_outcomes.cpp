// SPDX-License-Identifier: MIT
// How commands end: by an answer, or by the loss of who would give it, or of who would hear it, or of patience.
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/session_table.hpp"

#include <askr/assert.hpp>

namespace askr {

// --- answers

void dispatcher::on_answer(time_point now, std::uint64_t serving, result<payload> outcome) {
  if (pending_.find(serving) == nullptr) {
    ++counts_.replies_late;
    return;
  }
  end_served(now, serving, outcome ? result<payload_view>(outcome->view()) : outcome.error());
}

void dispatcher::on_client_reply(time_point now, session_id from, std::uint64_t mid, result<payload_view> outcome) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->server != from || (waiting->parts && waiting->parts->last)) {
    ++counts_.replies_late;
    return;
  }
  end_served(now, mid, std::move(outcome));
}

// By a handler or a client of this node: it has run, whatever it says.
void dispatcher::end_served(time_point now, std::uint64_t serving, result<payload_view> outcome) {
  if (pending_.find(serving)->parts) {
    if (wait_for_parts(now, serving, outcome)) return;
    if (pending_.find(serving) == nullptr) return;  // Who heard the last parts has given up.
  }
  auto ended = take(serving);
  ASKR_ASSERT(ended.link == no_link);
  if (!outcome && ended.server == no_session) ++counts_.handlers_failed;
  const bool maybe_executed = !outcome && may_go_elsewhere(outcome.code());
  end(now, ended, std::move(outcome), maybe_executed);
}

void dispatcher::on_reply(time_point now, link_id from, std::uint64_t mid, result<payload_view> outcome,
                          bool maybe_executed) {
  const auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->link != from) {
    ++counts_.replies_late;
    return;
  }
  auto ended = take(mid);
  if (!outcome && outcome.code() == errc::closed) outcome = error{errc::peer_lost, outcome.error().detail};
  note_outcome(now, ended, outcome ? errc{} : outcome.code());
  end(now, ended, std::move(outcome), maybe_executed);
}

void dispatcher::note_outcome(time_point now, const pending_command& command, errc outcome) {
  if (command.row == nullptr) return;
  const auto& server = peers_.at(command.link).node;
  if (outcome == errc::canceled) return command.row->balancer.on_canceled(server);
  const bool well = outcome != errc::peer_lost && outcome != errc::timed_out && outcome != errc::overloaded;
  command.row->balancer.on_reply(now, server, now - command.sent, well);
}

void dispatcher::end(time_point now, pending_command& command, result<payload_view> outcome, bool maybe_executed) {
  if (!outcome && may_try_again(now, command, outcome.code(), maybe_executed) &&
      try_again(now, command, outcome.code(), maybe_executed)) {
    return;
  }
  if (command.kept != kept_commands::none && !outcome && outcome.code() == errc::no_handler &&
      kept_.past(command.kept).overloaded) {
    outcome = error{errc::overloaded, "none of those that serve it has room"};
  }
  conclude(now, command, std::move(outcome), maybe_executed);
}

void dispatcher::conclude(time_point now, pending_command& command, result<payload_view> outcome, bool maybe_executed) {
  release(command);
  if (command.remembered != nullptr) results_.finish(now, *command.remembered, outcome);
  finish(command.from, std::move(outcome), maybe_executed);
}

void dispatcher::release(pending_command& command) {
  const auto kept = std::exchange(command.kept, kept_commands::none);
  if (kept != kept_commands::none) kept_.release(kept);
  if (command.parts && command.parts->feed) command.parts->feed->close();
}

// --- losses

void dispatcher::cancel(time_point now, caller::kind what, std::uint32_t id, std::uint64_t ticket) {
  const auto mid = pending_.asked_by(what, id, ticket);
  if (mid != 0) give_up(now, mid, {errc::canceled, "the caller gave up"});
}

void dispatcher::give_up(time_point now, std::uint64_t mid, const error& why) {
  auto ended = take(mid);
  withdraw(ended);
  note_outcome(now, ended, why.code);
  if (ended.gather != no_gather) give_up_gather(now, ended.gather, why);
  conclude(now, ended, why, why.code != errc::canceled);  // Who gave up does not ask.
}

// The bodies of both loops take out what the condition finds; nothing new comes, since `gone` is closing.
void dispatcher::on_link_down(time_point now, peer& gone, const error& why) {
  gone.closing = true;
  const error lost{errc::peer_lost,
                   "the link to " + gone.name + " was lost (" + why.message() + "); the command may have run"};
  while (const auto mid = pending_.first_served_by_link(gone.id)) {
    ++counts_.commands_peer_lost;
    auto ended = take(mid);
    if (ended.row != nullptr) ended.row->balancer.on_lost(gone.node);
    end(now, ended, lost, true);
  }
  while (const auto mid = pending_.first_asked_by(caller::kind::link, gone.id)) leave_alone(now, mid);
}

// Nobody waits for it over this link any more. An idempotent one goes on: it may be asked for over another.
void dispatcher::leave_alone(time_point now, std::uint64_t mid) {
  if (pending_.find(mid)->remembered != nullptr) return pending_.reassign(mid, {});
  auto ended = take(mid);
  withdraw(ended);
  note_outcome(now, ended, errc::canceled);
  release(ended);
}

void dispatcher::on_session_down(time_point now, session_id session) {
  while (const auto mid = pending_.first_asked_by(caller::kind::session, session)) {
    give_up(now, mid, {errc::canceled, "the client went away"});
  }
  while (const auto mid = pending_.first_served_by_session(session)) {
    auto ended = take(mid);
    if (ended.parts && ended.parts->last) {  // It has said all, and the caller has not heard all.
      ended.server = no_session;
      pending_.add(std::move(ended));
      continue;
    }
    ++counts_.commands_peer_lost;
    end(now, ended, error{errc::peer_lost, "the client that served it went away; the command may have run"}, true);
  }
}

void dispatcher::stop(time_point now) {
  stopped_ = true;
  const error why{errc::closed, "the node was stopped"};
  for (const auto mid : pending_.mids()) {
    if (pending_.find(mid) != nullptr) give_up(now, mid, why);  // Else the completion of another one has ended it.
  }
}

void dispatcher::on_timeout(time_point now) {
  if (now >= held_due_) check_held(now);
  for (const auto mid : pending_.expire(now)) {
    if (pending_.find(mid) == nullptr) continue;
    ++counts_.commands_timed_out;
    give_up(now, mid, {errc::timed_out, "no answer before the deadline"});
  }
}

void dispatcher::withdraw(pending_command& command) {
  if (command.link != no_link) peers_.send_cancel(command.link, command.mid);
  if (command.server != no_session) sessions_.send_cancel(command.server, command.mid);
  if (command.stop.stop_possible()) command.stop.request_stop();
}

pending_command dispatcher::take(std::uint64_t mid) {
  auto taken = pending_.take(mid);
  if (taken.link != no_link) --peers_.at(taken.link).commands_pending;
  if (taken.row != nullptr) --taken.row->pending;
  return taken;
}

void dispatcher::refuse(caller& to, error why, bool maybe_executed) {
  ++counts_.commands_refused;
  finish(to, std::move(why), maybe_executed);
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
      return peers_.send_reply(to.id, to.ticket, outcome, maybe_executed, to.in_parts);
    case caller::kind::gather:
      if (gathers_.on_answer(to.id, to.ticket, outcome, maybe_executed)) on_gathered(to.id);
      return;
  }
}

}  // namespace askr
