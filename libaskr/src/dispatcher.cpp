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

command make_owned(const command_request& request, time_point deadline, std::stop_token stop) {
  auto owned = std::make_shared<owned_command>();
  owned->name = request.name;
  append(owned->data, request.data.bytes());
  owned->who = *request.who;
  return {.name = owned->name,
          .data = payload_view(owned->data, request.data.kind()),
          .asked_by = &owned->who,
          .deadline = deadline,
          .depth = request.depth,
          .stop = std::move(stop),
          .keeper = owned};
}

/// Commands that change how a node runs have a verb of their own.
constexpr std::string_view admin_prefix = "askr.admin.";

}  // namespace

error dispatcher::no_handler(std::string_view name) {
  return {errc::no_handler, "Command's callback for " + std::string(name) + " not found"};
}

dispatcher::dispatcher(const node_limits& limits, const node_id& self, const authoriser& rights, peer_table& peers,
                       relay& paths, session_table& sessions, const mesh::directory& directory, rng& random,
                       counters& counts)
    : limits_(limits),
      self_(self),
      rights_(rights),
      peers_(peers),
      relay_(paths),
      sessions_(sessions),
      directory_(directory),
      random_(random),
      counts_(counts),
      table_(directory, self, limits.commands_known_max),
      pending_(limits.commands_pending_max),
      kept_(limits.kept_bytes_max),
      budget_(limits.retry_share, limits.retries_per_second, limits.retry_window),
      results_(limits.results_kept_for, limits.results_bytes_max),
      gathers_(limits.gathered_bytes_max) {}

// The one place where commands are authorised, whoever sends them: a client of this node, a peer for itself or for a
// client of its own, or this node's own code.
result<void> dispatcher::judge(const command_request& request) const {
  if (stopped_) return error{errc::closed, "the node was stopped"};
  if (auto allowed = judge_rights(request); !allowed) return allowed;
  if (request.depth > limits_.call_depth_max) {
    return error{errc::denied, "commands led to commands more than " + std::to_string(limits_.call_depth_max) +
                                   " deep: " + std::string(request.name)};
  }
  if (request.remaining <= milliseconds(0)) {
    return error{errc::timed_out, "the deadline had passed before " + std::string(request.name) + " was sent"};
  }
  return {};
}

// The connected state has verbs of its own, for keys. They are checked where a client enters, since only that node
// knows all of its rights, and again where the command is served.
result<void> dispatcher::judge_rights(const command_request& request) const {
  const bool is_admin = request.name.starts_with(admin_prefix);
  auto allowed = rights_.check(*request.who, is_admin ? verb::admin : verb::send, request.name);
  const bool sets = request.name == "STATE_SET";
  if (!allowed || (!sets && request.name != "STATE_REQUEST")) return allowed;
  const auto said = request.data.try_as<value>();
  const auto* key = said ? said->find("key") : nullptr;
  // Without a key it is about all of the state.
  const std::string which = key != nullptr && key->is_string() ? key->as_string() : ">";
  return rights_.check(*request.who, sets ? verb::state_write : verb::state_read, which);
}

bool dispatcher::admit(const command_request& request, caller& from) {
  auto allowed = judge(request);
  if (!allowed) refuse(from, allowed.error());
  return allowed.ok();
}

void dispatcher::submit(time_point now, const command_request& request, caller from) {
  if (!admit(request, from)) return;
  if (request.all) return submit_to_all(now, request, std::move(from));
  if (!request.to.empty()) {
    const auto target = directory_.resolve(request.to);
    if (!target) return refuse(from, target.error());
    return submit_to(now, request, *target, std::move(from));
  }
  auto* row = table_.find(request.name);
  if (row == nullptr) return refuse(from, no_handler(request.name));
  send_anywhere(now, request, *row, std::move(from));
}

void dispatcher::submit_to(time_point now, const command_request& request, const node_id& target, caller from) {
  if (target == self_) return serve_here(now, request, std::move(from));
  auto* to = relay_.reach(now, target);
  if (to == nullptr) return refuse(from, {errc::no_node, "no path to " + std::string(request.to)});
  forward(now, request, table_.find(request.name), to, std::move(from));
}

// --- from peers

void dispatcher::serve(time_point now, const command_request& request, caller from) {
  if (is_news(now, from) && admit(request, from)) serve_here(now, request, std::move(from));
}

// What a caller sends twice, because its first answer was lost with a link, is not run twice.
bool dispatcher::is_news(time_point now, caller& from) {
  const auto& asker = peers_.at(from.id);
  const auto verdict = note_mid(asker, from.ticket);
  if (verdict == mesh::mid_verdict::fresh) return true;
  ++counts_.commands_duplicate;
  if (verdict == mesh::mid_verdict::too_old) {
    refuse(from, {errc::duplicate_mid, "a mid behind the window: it may have been seen before"}, true);
    return false;
  }
  if (pending_.asked_by(from.what, from.id, from.ticket) != 0) return false;  // Its answer is yet to come.
  const auto* known = results_.find(now, {asker.node, asker.life, from.ticket});
  if (known == nullptr) {
    refuse(from, {errc::duplicate_mid, "this command was here before"}, true);
  } else if (known->outcome) {
    const auto& outcome = *known->outcome;
    finish(from, outcome ? result<payload_view>(outcome->view()) : result<payload_view>(outcome.error()), true);
  } else {
    pending_.reassign(known->serving, std::move(from));
  }
  return false;
}

mesh::mid_verdict dispatcher::note_mid(const peer& asker, std::uint64_t mid) {
  if (seen_.is_full() && !seen_.knows(asker.node)) {
    seen_.erase_if([this](const node_id& caller) { return peers_.link_to(caller) == no_link; });
  }
  return seen_.accept(asker.node, asker.life, mid);
}

void dispatcher::serve_here(time_point now, const command_request& request, caller from) {
  auto* row = table_.find(request.name);
  if (row == nullptr || !row->is_served_here()) return refuse(from, no_handler(request.name));
  if (auto taken = run(now, *row, request, from); !taken) refuse(from, taken.error());
}

// --- at work here

result<void> dispatcher::run(time_point now, command_row& row, const command_request& request, caller& from) {
  if (!row.own) return forward_to_client(now, row, request, from);
  if (row.own->how != detail::handler::mode::immediate) return start(now, row, request, from);
  ++counts_.commands_served;
  run_now(now, row, request, from);
  return {};
}

void dispatcher::run_now(time_point now, command_row& row, const command_request& request, caller& from) {
  last_served_ = request.name;
  const auto keep = row.own;  // The handler may replace or remove itself.
  auto* remembered = remember(now, request, from, 0);
  scratch_.clear();
  depth_ = static_cast<std::uint8_t>(request.depth + 1);
  const auto packed = answer_or_error(keep->answer,
                                      {.name = request.name,
                                       .data = request.data,
                                       .asked_by = request.who,
                                       .deadline = now + request.remaining,
                                       .depth = request.depth},
                                      scratch_);
  depth_ = 0;
  if (!packed) ++counts_.handlers_failed;
  const auto outcome =
      packed ? result<payload_view>(payload_view(scratch_, *packed)) : result<payload_view>(packed.error());
  if (remembered != nullptr) results_.finish(now, *remembered, outcome);
  finish(from, outcome, !packed && may_go_elsewhere(packed.code()));
}

result<void> dispatcher::start(time_point now, command_row& row, const command_request& request, caller& from) {
  if (pending_.full()) return error{errc::overloaded, "too many commands are being served"};
  if (row.own->streams && !request.stream) {
    return error{errc::unsupported, std::string(request.name) + " answers in parts: ask for a stream"};
  }
  ++counts_.commands_served;
  const auto serving = ++last_mid_;
  const auto deadline = now + request.remaining;
  auto* remembered = remember(now, request, from, serving);
  std::stop_source stop;
  auto asked = make_owned(request, deadline, stop.get_token());
  auto feed = row.own->streams ? std::make_shared<stream_feed>() : nullptr;
  asked.parts = feed;
  jobs_.push_back({serving, row.own, std::move(asked), feed});
  auto& added = pending_.add({.mid = serving,
                              .from = std::move(from),
                              .sent = now,
                              .deadline = deadline,
                              .remembered = remembered,
                              .stop = std::move(stop)});
  if (feed) added.parts = std::make_unique<pending_parts>(pending_parts{.feed = std::move(feed)});
  return {};
}

// A client that does not read is passed over, as long as there is another.
result<void> dispatcher::forward_to_client(time_point now, command_row& row, const command_request& request,
                                           caller& from) {
  if (pending_.full()) return error{errc::overloaded, "too many commands are pending"};
  const auto mid = ++last_mid_;
  session_id client = no_session;
  result<void> sent;
  for (std::size_t i = 0; i < row.clients.size(); ++i) {
    client = row.clients[row.turn++ % row.clients.size()];
    sent = sessions_.send_command(client, mid, request);
    if (sent) break;
  }
  if (!sent) return sent.error();
  ++counts_.commands_served;
  auto* remembered = remember(now, request, from, mid);
  auto& added = pending_.add({.mid = mid,
                              .from = std::move(from),
                              .server = client,
                              .sent = now,
                              .deadline = now + request.remaining,
                              .remembered = remembered});
  if (!request.stream) return {};
  auto feed = std::make_shared<stream_feed>();
  feed->open({}, false);
  added.parts = std::make_unique<pending_parts>(pending_parts{.feed = std::move(feed)});
  return {};
}

served_results::entry* dispatcher::remember(time_point now, const command_request& request, const caller& from,
                                            std::uint64_t serving) {
  if (!request.idempotent || request.stream || from.what != caller::kind::link) return nullptr;
  const auto& asker = peers_.at(from.id);
  const served_key key{asker.node, asker.life, from.ticket};
  if (results_.find(now, key) != nullptr) return nullptr;
  auto& entry = results_.begin(key);
  entry.serving = serving;
  return &entry;
}

}  // namespace askr
