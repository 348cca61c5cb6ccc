// SPDX-License-Identifier: MIT
// Answers in parts: from a handler or a client here or over a link, to the node's own code, a session or a link; and
// the credit that goes the other way.
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/session_table.hpp"

#include <algorithm>

namespace askr {
namespace {

/// Whoever does not read is looked at again after this long.
constexpr duration held_check = milliseconds(10);

}  // namespace

// --- parts

void dispatcher::on_part(time_point now, link_id from, std::uint64_t mid, std::uint64_t number,
                         result<payload_view> part) {
  auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->link != from || !waiting->parts) {
    ++counts_.parts_unasked;
    return;
  }
  auto& parts = *waiting->parts;
  const auto broken = [&]() -> std::optional<error> {
    if (number != parts.count + 1) return error{errc::bad_message, "a part of the answer is missing"};
    if (parts.credit <= 0) return error{errc::overloaded, "the server sent more than there was room for"};
    if (!part) return part.error();
    return std::nullopt;
  }();
  if (broken) return give_up(now, mid, *broken);
  parts.credit -= part_cost(part->bytes().size());
  pass_on(now, mid, *part);
}

// What a client sends costs it bytes of its own encoding, which say nothing about what the caller has room for. So its
// parts wait here, as many as it has credit for, and it gets more when they have all been passed on.
void dispatcher::on_client_part(time_point now, session_id from, std::uint64_t mid, const client_part& part) {
  auto* waiting = pending_.find(mid);
  if (waiting == nullptr || waiting->server != from || !waiting->parts || waiting->parts->last) {
    ++counts_.parts_unasked;
    return;
  }
  auto& parts = *waiting->parts;
  if (part.number != ++parts.arrived) return give_up(now, mid, {errc::bad_message, "a part of the answer is missing"});
  if (parts.credit <= 0) {
    return give_up(now, mid, {errc::overloaded, "the client that serves it sent more than there was room for"});
  }
  const auto cost = static_cast<std::int64_t>(part.message_bytes);
  parts.credit -= cost;
  parts.ungranted += cost;
  if (!is_held(mid) && parts.feed->pass_by(part.data.bytes().size())) {
    pass_on(now, mid, part.data);
    return grant_client(mid);
  }
  parts.feed->push(payload(part.data));
  on_parts(now, mid);
}

// The handler's thread has put parts in.
void dispatcher::on_parts(time_point now, std::uint64_t serving) {
  auto* at_work = pending_.find(serving);
  if (at_work == nullptr || !at_work->parts || !at_work->parts->feed) return;
  const auto feed = at_work->parts->feed;
  while (!is_held(serving)) {
    const auto part = feed->take();
    if (!part) break;
    pass_on(now, serving, part->view());
    if (pending_.find(serving) == nullptr) return;  // Whoever heard it has given up.
  }
  feed->release_waiting();
  grant_client(serving);
  finish_after_parts(now, serving);
}

void dispatcher::pass_on(time_point now, std::uint64_t mid, payload_view part) {
  auto& command = *pending_.find(mid);
  auto& parts = *command.parts;
  const auto number = ++parts.count;
  const auto cost = part_cost(part.bytes().size());
  const auto& to = command.from;
  switch (to.what) {
    case caller::kind::self: {
      const auto receiver = to.parts;  // It may end the command.
      if (receiver && *receiver) (*receiver)(part);
      if (pending_.find(mid) != nullptr) grant(mid, cost);
      return;
    }
    case caller::kind::session:
      if (const auto sent = sessions_.send_part(to.id, to.ticket, number, part); !sent) {
        return give_up(now, mid, sent.error());
      }
      if (!sessions_.is_slow(to.id)) return grant(mid, cost);
      parts.owed += cost;
      return hold(now, mid);
    case caller::kind::link:
      if (const auto sent = peers_.send_part(to.id, to.ticket, number, part); !sent) {
        return give_up(now, mid, sent.error());
      }
      if (peers_.is_slow(to.id)) hold(now, mid);
      return;
    case caller::kind::gather:
      return;
  }
}

// --- credit

void dispatcher::on_credit(time_point, link_id from, std::uint64_t ticket, std::uint32_t bytes) {
  const auto mid = pending_.asked_by(caller::kind::link, from, ticket);
  if (mid != 0 && pending_.find(mid)->parts) grant(mid, bytes);
}

// Whoever makes the parts of this command may make so many more.
void dispatcher::grant(std::uint64_t mid, std::int64_t bytes) {
  auto& command = *pending_.find(mid);
  auto& parts = *command.parts;
  if (parts.feed) {
    parts.feed->add_credit(bytes);
    if (!parts.feed->is_empty()) on_parts_later(mid);
    parts.feed->release_waiting();
    return;
  }
  parts.ungranted += bytes;
  if (command.link == no_link || parts.ungranted < stream_credit / 2) return;
  parts.credit += parts.ungranted;
  peers_.send_credit(command.link, mid, static_cast<std::uint32_t>(std::exchange(parts.ungranted, 0)));
}

// A client may fill again what it had filled before, when nothing of that is left here.
void dispatcher::grant_client(std::uint64_t mid) {
  auto* command = pending_.find(mid);
  if (command == nullptr || command->server == no_session || !command->parts) return;
  auto& parts = *command->parts;
  if (parts.ungranted < stream_credit / 2 || !parts.feed->is_empty() || parts.last) return;
  parts.credit += parts.ungranted;
  sessions_.send_credit(command->server, mid, static_cast<std::uint64_t>(std::exchange(parts.ungranted, 0)));
}

// --- slow readers

bool dispatcher::is_held(std::uint64_t mid) const { return std::find(held_.begin(), held_.end(), mid) != held_.end(); }

void dispatcher::hold(time_point now, std::uint64_t mid) {
  if (!is_held(mid)) held_.push_back(mid);
  held_due_ = std::min(held_due_, now + held_check);
}

void dispatcher::on_parts_later(std::uint64_t mid) {
  if (std::find(ready_.begin(), ready_.end(), mid) == ready_.end()) ready_.push_back(mid);
}

void dispatcher::check_held(time_point now) {
  held_due_ = time_point::max();
  for (const auto mid : std::exchange(held_, {})) {
    const auto* command = pending_.find(mid);
    if (command == nullptr) continue;
    const auto& to = command->from;
    const bool slow = to.what == caller::kind::session ? sessions_.is_slow(to.id)
                      : to.what == caller::kind::link  ? peers_.is_slow(to.id)
                                                       : false;
    if (slow) {
      hold(now, mid);
      continue;
    }
    if (const auto owed = std::exchange(command->parts->owed, 0); owed > 0) grant(mid, owed);
    on_parts(now, mid);
  }
}

void dispatcher::end_turn(time_point now) {
  for (const auto mid : std::exchange(ready_, {})) on_parts(now, mid);
}

// --- the end

// The outcome waits behind the parts.
bool dispatcher::wait_for_parts(time_point now, std::uint64_t serving, const result<payload_view>& outcome) {
  on_parts(now, serving);
  auto* at_work = pending_.find(serving);
  if (at_work == nullptr || !at_work->parts || !at_work->parts->feed || at_work->parts->feed->is_empty()) return false;
  at_work->parts->last = outcome ? result<payload>(payload(*outcome)) : outcome.error();
  return true;
}

void dispatcher::finish_after_parts(time_point now, std::uint64_t serving) {
  auto* at_work = pending_.find(serving);
  if (at_work == nullptr || !at_work->parts->last || !at_work->parts->feed->is_empty()) return;
  const auto outcome = std::move(*at_work->parts->last);
  at_work->parts->last.reset();
  end_served(now, serving, outcome ? result<payload_view>(outcome->view()) : outcome.error());
}

}  // namespace askr
