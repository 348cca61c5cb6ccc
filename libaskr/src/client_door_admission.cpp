// SPDX-License-Identifier: MIT
// How clients come in, and how they are put out again: credentials, verdicts, refusals and reviews.
#include "libaskr/src/client_door.hpp"

#include "crypto/client_proof.hpp"
#include "crypto/hex.hpp"
#include "crypto/secret.hpp"
#include "libaskr/src/membership.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/wire_messages.hpp"

#include <algorithm>

namespace askr {
namespace {

namespace close_codes = websocket::close_codes;
using kind = transport::client_message::kind;

constexpr int auth_attempts_max = 3;  // Besides the question at the upgrade, which may have had no token to show.

/// A principal travels with the commands that are forwarded for it.
bool fits_the_wire(const principal& who) {
  const auto fits = [](const std::string& text, std::size_t bytes_max) {
    return text.size() <= bytes_max && transport::is_utf8(as_bytes(text));
  };
  return fits(who.name, transport::name_bytes_max) && who.roles.size() <= transport::roles_max &&
         std::all_of(who.roles.begin(), who.roles.end(),
                     [&](const auto& role) { return fits(role, transport::role_bytes_max); });
}

}  // namespace

/// Its address has shown too many wrong credentials.
bool client_door::turned_away(time_point now, client_row& which, const transport::message_id& mid) {
  const auto& from = which.wire.shown();
  if (from.loopback || guard_.may_try(now, from.address)) return false;
  ++counts_.clients_throttled;
  refuse(which, mid, {errc::overloaded, "too many wrong credentials from " + from.address + ": wait a minute"});
  which.wire.close(now, close_codes::policy_violation, "too many wrong credentials");
  return true;
}

void client_door::ask(time_point now, client_row& about, client_credential shown) {
  about.verdict_pending = true;
  ++about.attempts;
  about.token = tokens_.keep(shown.token);
  about.key = shown.key;
  if (has_credential(shown) && !shown.loopback) {
    if (!guard_.begin(now, shown.address, about.id)) return;  // Its turn comes.
    about.trying = true;
  }
  credentials_.emplace_back(about.id, std::move(shown));
}

client_credential client_door::recall(const client_row& of) {
  auto shown = of.wire.shown();
  shown.token = tokens_.read(of.token);
  shown.key = of.key;
  return shown;
}

// --- taking turns: so many are judged at a time as could be wrong

void client_door::end_try(time_point now, client_row& which) {
  if (!std::exchange(which.trying, false)) return;
  const auto address = which.wire.shown().address;
  guard_.end(address);
  judge_waiting(now, address);
}

void client_door::judge_waiting(time_point now, const std::string& address) {
  while (const auto next = guard_.next(now, address)) {
    const bool begun = guard_.may_try(now, address);
    auto* which = sessions_.find(*next);
    if (which == nullptr || !which->verdict_pending) {
      if (begun) guard_.end(address);
    } else if (begun) {
      which->trying = true;
      credentials_.emplace_back(which->id, recall(*which));
    } else {
      which->verdict_pending = false;
      which->backlog.clear();
      turned_away(now, *which, std::exchange(which->auth_mid, {}));
      sessions_.mark_dirty(*which);
    }
  }
}

// Who does not wait for the answer has tried all the same.
void client_door::leave_queue(time_point now, client_row& which) {
  if (which.trying) {
    guard_.on_refused(now, which.wire.shown().address);
    end_try(now, which);
  } else if (which.verdict_pending && !which.wire.shown().loopback) {
    guard_.forget(which.wire.shown().address, which.id);
  }
}

void client_door::on_auth(time_point now, client_row& from, const message& said) {
  if (from.attempts > auth_attempts_max) {
    refuse(from, said.mid, {errc::unauthenticated, "too many attempts"});
    return from.wire.close(now, close_codes::policy_violation, "unauthenticated");
  }
  if (turned_away(now, from, said.mid)) return;
  if (!said.key.empty() && said.signature.empty()) return challenge(from, said);
  auto shown = from.wire.shown();
  shown.token = said.token;
  from.auth_mid = said.mid;
  if (!said.key.empty() && !prove_key(from, said, shown)) {
    ++from.attempts;
    from.verdict_pending = true;
    return on_refused(now, from, {errc::unauthenticated, "the signature does not prove this key"});
  }
  ask(now, from, std::move(shown));
}

// --- keys of clients

void client_door::challenge(client_row& to, const message& said) {
  entropy_.fill(to.challenge.emplace());
  const auto nonce = crypto::to_hex(*to.challenge);
  auto out = introduction(kind::challenge);
  out.mid = said.mid;
  out.nonce = nonce;
  sessions_.send(to, out);
}

bool client_door::prove_key(client_row& from, const message& said, client_credential& shown) {
  const auto challenge = std::exchange(from.challenge, std::nullopt);
  crypto::public_key key;
  crypto::signature proof;
  if (!challenge || !crypto::from_hex(key, said.key) || !crypto::from_hex(proof, said.signature)) return false;
  const crypto::client_proof_text text{options_.workspace, self_.id, from.wire.host(), *challenge};
  if (!crypto::verify(key, text.encode(key), proof)) return false;
  shown.key = key;
  return true;
}

// --- verdicts

void client_door::on_verdict(time_point now, session_id session, result<principal> verdict) {
  auto* which = sessions_.find(session);
  if (which == nullptr) return;
  if (verdict && !fits_the_wire(*verdict))
    verdict = error{errc::unauthenticated, "a principal whose name or roles are too long, or not UTF-8"};
  if (which->admitted) return on_review(now, *which, std::move(verdict));
  if (!which->verdict_pending || which->refusal) return;
  if (verdict) {
    let_in(now, *which, std::move(verdict).value());
  } else {
    on_refused(now, *which, verdict.error());
  }
  end_try(now, *which);
}

void client_door::let_in(time_point now, client_row& who, principal as) {
  who.who = std::move(as);
  who.who.what = principal::kind::client;
  who.who.entry = self_.id;
  who.admitted = true;
  who.wire.admit();
  on_admitted(now, who);
  end_wait(now, who);
}

void client_door::on_admitted(time_point, client_row& who) {
  who.auth_due = time_point::max();
  who.challenge.reset();
  if (!who.auth_mid.is_none() || who.attempts > 1) welcome(who, std::exchange(who.auth_mid, {}));
}

// Who has shown nothing is told nothing; who has shown something wrong, after a while.
void client_door::on_refused(time_point now, client_row& which, error why) {
  const bool tried = !which.token.sealed.empty() || which.key || !which.auth_mid.is_none() || which.attempts > 1;
  if (!tried) return end_wait(now, which);
  ++counts_.clients_refused;
  if (!which.wire.shown().loopback) guard_.on_refused(now, which.wire.shown().address);
  which.refusal = std::move(why);
  which.refusal_due = now + options_.sessions.refusal_delay;
  if (options_.sessions.refusal_delay.count() == 0) say_refusal(now, which);
}

void client_door::say_refusal(time_point now, client_row& which) {
  which.refusal_due = time_point::max();
  refuse(which, std::exchange(which.auth_mid, {}), *std::exchange(which.refusal, std::nullopt));
  end_wait(now, which);
}

/// What it said meanwhile is heard now.
void client_door::end_wait(time_point now, client_row& which) {
  which.verdict_pending = false;
  which.backlog_bytes = 0;
  for (auto& each : std::exchange(which.backlog, {})) receive(now, which, each.text, each.data);
  sessions_.mark_dirty(which);
}

// --- those who are in

void client_door::review() {
  sessions_.for_each([&](client_row& each) {
    if (!each.admitted || std::exchange(each.under_review, true)) return;
    credentials_.emplace_back(each.id, recall(each));
  });
}

void client_door::on_review(time_point now, client_row& which, result<principal> verdict) {
  if (!std::exchange(which.under_review, false)) return;
  if (!verdict) return dismiss(now, which, verdict.error());
  // It has subscribed and served under its old rights.
  if (verdict->rights != which.who.rights || verdict->roles != which.who.roles) {
    return dismiss(now, which, {errc::unauthenticated, "your rights have changed: connect again"});
  }
  which.who.name = std::move(verdict->name);
  which.who.expires = verdict->expires;
}

void client_door::dismiss(time_point now, client_row& which, const error& why) {
  if (!std::exchange(which.admitted, false)) return;
  ++counts_.admissions_ended;
  end_business(now, which);
  refuse(which, {}, why);
  which.wire.close(now, close_codes::policy_violation, "no longer admitted");
  sessions_.mark_dirty(which);
}

wall_ms client_door::end_expired(time_point now, wall_ms wall) {
  wall_ms next = 0;
  sessions_.for_each([&](client_row& each) {
    if (!each.admitted || each.who.expires == 0) return;
    if (each.who.expires <= wall) return dismiss(now, each, {errc::unauthenticated, "your credential has expired"});
    if (next == 0 || each.who.expires < next) next = each.who.expires;
  });
  return next;
}

// --- time

void client_door::on_timeout(time_point now, session_id session) {
  auto* which = sessions_.find(session);
  if (which == nullptr) return;
  which->wire.on_timeout(now);
  if (now >= which->refusal_due) say_refusal(now, *which);
  if (now >= which->auth_due) {
    which->auth_due = time_point::max();
    which->wire.close(now, close_codes::policy_violation, "not authenticated in time");
  }
}

time_point client_door::next_timeout(const client_row& which) const noexcept {
  return std::min({which.wire.next_timeout(), which.auth_due, which.refusal_due});
}

}  // namespace askr
