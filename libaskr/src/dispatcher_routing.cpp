// SPDX-License-Identifier: MIT
// To another node, and to a third if the second has no room or is lost.
#include "libaskr/src/dispatcher.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/relay.hpp"
#include "transport/outbox.hpp"

#include <algorithm>

namespace askr {
namespace {

using mesh::large_mid;

/// A mid this far behind the last one may not be in the window any more when it arrives.
constexpr std::uint64_t mid_lag_max = mesh::mid_window::bits / 2;

// Of sorted ones.
bool contains(std::span<const node_id> nodes, const node_id& node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}

void insert(std::vector<node_id>& nodes, const node_id& node) {
  const auto place = std::lower_bound(nodes.begin(), nodes.end(), node);
  if (place == nodes.end() || *place != node) nodes.insert(place, node);
}

}  // namespace

std::uint64_t dispatcher::next_mid(const command_request& request) {
  ++last_mid_;
  return request.data.bytes().size() > transport::chunk_bytes_max ? last_mid_ | large_mid : last_mid_;
}

// Those that serve it, each as far away as the links say now.
std::span<const mesh::candidate> dispatcher::servers(time_point now, command_row& row) {
  return table_.servers(row, relay_.paths().update(now), [&](const node_id& id) {
    const auto hops = relay_.hops_to(now, id);
    return hops == 0 ? mesh::hops_max : hops;
  });
}

// Local first; by key the same for all, whoever asks, so this node is one of many there.
dispatcher::route dispatcher::choose(time_point now, command_row& row, const command_request& request,
                                     std::span<const node_id> tried) {
  const bool sticky = !request.key.empty();
  const bool here = row.is_served_here() && !contains(tried, self_);
  if (here && !sticky) return {.here = true};
  auto among = servers(now, row);
  if (sticky || !tried.empty()) {
    among_.assign(among.begin(), among.end());
    if (here) among_.push_back({.id = self_, .hops = 0});
    std::erase_if(among_, [&](const mesh::candidate& each) { return contains(tried, each.id); });
    among = among_;
  }
  for (;;) {
    const auto how = sticky ? balance::sticky : request.balance;
    const auto chosen = row.balancer.pick(now, among, how, request.key, random_);
    if (!chosen) return {};
    const auto node = among[*chosen].id;
    if (node == self_) return {.here = true};
    if (auto* to = relay_.reach(now, node)) return {.to = to};
    if (among.data() != among_.data()) among_.assign(among.begin(), among.end());  // It has gone a moment ago.
    std::erase_if(among_, [&](const mesh::candidate& each) { return each.id == node; });
    among = among_;
  }
}

void dispatcher::send_anywhere(time_point now, const command_request& request, command_row& row, caller from) {
  result<void> why;
  for (tried_.clear();;) {
    const auto [to, here] = choose(now, row, request, tried_);
    if (to == nullptr && !here) return refuse(from, why ? no_handler(request.name) : why.error());
    if (!here && pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
    const auto mid = here ? 0 : next_mid(request);
    const auto sent = here ? run(now, row, request, from) : peers_.send_command(*to, mid, request);
    if (sent && here) return;
    if (sent) return note_forwarded(now, request, &row, *to, mid, std::move(from));
    why = sent.error();
    if (why.code() != errc::overloaded) return refuse(from, why.error());
    insert(tried_, here ? self_ : to->node);  // No room there: is there another?
  }
}

bool dispatcher::try_forward(time_point now, const command_request& request,
                             detail::unique_function<void(result<payload>)>& done) {
  if (!request.to.empty() || pending_.full() || !judge(request)) return false;
  auto* row = table_.find(request.name);
  if (row == nullptr) return false;
  auto* to = choose(now, *row, request, {}).to;
  if (to == nullptr) return false;
  const auto mid = next_mid(request);
  if (!peers_.send_command(*to, mid, request)) return false;
  note_forwarded(now, request, row, *to, mid, {.what = caller::kind::self, .done = std::move(done)});
  return true;
}

void dispatcher::forward(time_point now, const command_request& request, command_row* row, peer* to, caller from) {
  if (pending_.full()) return refuse(from, {errc::overloaded, "too many commands are pending"});
  const auto mid = next_mid(request);
  const auto sent = peers_.send_command(*to, mid, request);
  if (!sent) return refuse(from, sent.error());
  note_forwarded(now, request, row, *to, mid, std::move(from));
}

void dispatcher::note_forwarded(time_point now, const command_request& request, command_row* row, peer& to,
                                std::uint64_t mid, caller from) {
  ++counts_.commands_forwarded;
  budget_.on_sent(now);
  ++to.commands_pending;
  // Kept for a second try: where there may be one, and nobody has asked for this very node.
  const bool keep = row != nullptr && request.to.empty() && (request.idempotent || table_.servers(*row).size() > 1);
  if (row != nullptr) {
    ++row->pending;
    row->balancer.on_sent(now, to.node);
  }
  auto& added = pending_.add({.mid = mid,
                              .from = std::move(from),
                              .link = to.id,
                              .sent = now,
                              .deadline = now + request.remaining,
                              .row = row,
                              .kept = keep ? kept_.keep(request) : kept_commands::none});
  if (request.stream) added.parts = std::make_unique<pending_parts>();
}

// --- once more

// Who refuses a command has not run it: it goes to the next, whatever it is, until nobody is left. An idempotent
// command is tried again whatever has become of it. A lost peer says nothing about the load of the others, so its
// commands need not fit the budget.
bool dispatcher::may_try_again(time_point now, const pending_command& command, errc why, bool maybe_executed) {
  if (stopped_ || command.kept == kept_commands::none || !may_go_elsewhere(why)) return false;
  if (command.deadline - now < milliseconds(1)) return false;
  if (command.parts && command.parts->count > 0) return false;  // The caller has heard the beginning.
  const auto& past = kept_.past(command.kept);
  if (is_refusal(why, maybe_executed)) return past.refusals + 1 < limits_.refusals_max;
  if (maybe_executed && !kept_.request(command.kept).idempotent) return false;
  if (past.tries + 1 >= limits_.tries_max) return false;
  return why == errc::peer_lost || budget_.take(now);
}

// `command` has been taken out of the table; its caller is moved on only if there is somewhere to go.
bool dispatcher::try_again(time_point now, pending_command& command, errc why, bool maybe_executed) {
  const auto last = peers_.at(command.link).node;
  auto& past = kept_.past(command.kept);
  insert(past.servers, last);
  ++(is_refusal(why, maybe_executed) ? past.refusals : past.tries);
  past.overloaded |= why == errc::overloaded;
  auto request = kept_.request(command.kept);
  request.remaining = std::chrono::duration_cast<milliseconds>(command.deadline - now);
  auto& row = *command.row;
  auto next = choose(now, row, request, past.servers);
  for (; next.here || next.to != nullptr; next = choose(now, row, request, past.servers)) {
    if (next.here && run(now, row, request, command.from)) {
      ++counts_.commands_retried;
      release(command);
      return true;
    }
    if (!next.here && move_on(now, command, request, *next.to, why == errc::duplicate_mid)) return true;
    insert(past.servers, next.here ? self_ : next.to->node);
  }
  // Nobody else: the node that was lost may be linked anew. It knows the command by its mid if it was there.
  if (why == errc::peer_lost) next.to = relay_.reach(now, last);
  return next.to != nullptr && move_on(now, command, request, *next.to, false);
}

bool dispatcher::move_on(time_point now, pending_command& command, const command_request& request, peer& to,
                         bool new_mid) {
  if (pending_.full()) return false;
  const bool fresh = new_mid || last_mid_ - (command.mid & ~large_mid) >= mid_lag_max;
  const auto mid = fresh ? next_mid(request) : command.mid;
  if (!peers_.send_command(to, mid, request)) return false;
  ++counts_.commands_retried;
  ++to.commands_pending;
  ++command.row->pending;
  command.row->balancer.on_sent(now, to.node);
  command.mid = mid;
  command.link = to.id;
  command.sent = now;
  pending_.add(std::move(command));
  return true;
}

}  // namespace askr
