// SPDX-License-Identifier: MIT
// What a client_core says and hears over its connection.
#include "libaskr/src/client_core.hpp"

#include <algorithm>
#include <utility>

namespace askr {
namespace {

using transport::client_encoding;
using transport::client_message;
using transport::message_id;
using kind = client_message::kind;

/// What waits for a connection may take this much.
constexpr std::size_t unsent_bytes_max = 4 << 20;
constexpr std::size_t envelope_bytes = 256;
constexpr std::uint64_t stream_credit_max = 1 << 30;  // More is a mistake.

std::size_t size_of(std::string_view name, const payload& data) {
  return name.size() + data.bytes().size() + envelope_bytes;
}

}  // namespace

// --- heard

void client_core::receive(time_point now, const websocket::message& received) {
  const auto how = received.text ? client_encoding::json : client_encoding::msgpack;
  const auto said = codec_.decode(received.data, how);
  if (said && transport::is_from_node(said->what)) return handle(now, *said);
  const error why = said ? error{errc::bad_message, "a node does not say this"} : said.error();
  log(log_level::warning, "client: message not understood why=" + why.message());
  const auto& mid = codec_.last_mid();
  if (mid.what() == message_id::kind::unsigned_integer) commands_.on_outcome(mid.number(), why);
}

void client_core::handle(time_point now, const client_message& said) {
  const auto mid = said.mid.number();
  switch (said.what) {
    case kind::challenge:
      return on_challenge(said);
    case kind::reply:
      if (phase_ == phase::greeting) return say_hello();  // It is in already, and needs no proof.
      on_ready(mid, said);
      if (awaited_.contains(mid)) return acknowledge(mid);
      commands_.on_outcome(mid, payload(payload_view(said.data, said.data_encoding)));
      return;
    case kind::part:
      commands_.on_part(mid, payload_view(said.data, said.data_encoding));
      return;
    case kind::failure:
      return on_failure(now, said);
    case kind::event:
      return on_event(said);
    case kind::gap:
      return on_gap(said);
    case kind::command:
      return on_command(now, said);
    case kind::cancel:
      return services_.cancel(said.mid);
    case kind::credit:
      return on_credit(said);
    case kind::welcome:
      if (phase_ == phase::greeting) on_welcome(now, said);
      return acknowledge(mid);
    default:
      return;
  }
}

void client_core::on_failure(time_point now, const client_message& said) {
  const error why{said.code, std::string(said.text)};
  if (phase_ == phase::greeting) {
    if (!wire_->refused) wire_->refused = why;
    return wire_->stream->close(now, websocket::close_codes::normal);
  }
  const auto mid = said.mid.number();
  if (const auto found = awaited_.find(mid); found != awaited_.end()) {
    problem(why, found->second);
    return acknowledge(mid);
  }
  if (said.mid.is_none()) return problem(why, "message");
  commands_.on_outcome(mid, why);
}

void client_core::on_command(time_point now, const client_message& said) {
  const auto mid = said.mid;
  const auto outcome = services_.run(now, said);
  if (outcome) answer(mid, *outcome);
}

void client_core::on_answer(std::uint64_t serving, result<payload> outcome) {
  if (auto* at_work = services_.find(serving); at_work != nullptr && at_work->feed) {
    at_work->last = std::move(outcome);  // It follows its parts.
    return on_parts(serving);
  }
  const auto* at_work = services_.find(serving);
  if (at_work == nullptr) return;
  answer(at_work->mid, outcome ? result<payload_view>(outcome->view()) : result<payload_view>(outcome.error()));
  services_.finish(serving);
}

void client_core::on_parts(std::uint64_t serving) {
  auto* at_work = services_.find(serving);
  if (at_work == nullptr || !at_work->feed) return;
  const auto feed = at_work->feed;
  while (const auto part = feed->take()) {
    if (!say_part(*at_work, part->view())) return services_.finish(serving);
  }
  if (at_work->last && feed->is_empty()) {
    const auto& last = *at_work->last;
    answer(at_work->mid, last ? result<payload_view>(last->view()) : result<payload_view>(last.error()));
    return services_.finish(serving);
  }
  feed->release_waiting();
}

// The node counts the message; the feed, which does not know how long it will be, has counted the payload.
bool client_core::say_part(served_command& which, payload_view data) {
  client_message part;
  part.what = kind::part;
  part.mid = which.mid;
  part.part = ++which.parts;
  part.data = data.bytes();
  part.data_encoding = data.kind();
  if (const auto written = write(part); !written) {
    (void)write(transport::failure_message(which.mid, written.error()));
    return false;
  }
  which.feed->add_credit(part_cost(data.bytes().size()) - static_cast<std::int64_t>(encoded_.size()));
  return true;
}

void client_core::on_credit(const client_message& said) {
  const auto serving = services_.find(said.mid);
  if (serving == 0) return;
  const auto& feed = services_.find(serving)->feed;
  if (!feed) return;
  feed->add_credit(static_cast<std::int64_t>(std::min(said.bytes, stream_credit_max)));
  on_parts(serving);
}

void client_core::answer(const message_id& mid, const result<payload_view>& outcome) {
  if (!outcome) return (void)write(transport::failure_message(mid, outcome.error()));
  client_message reply;
  reply.what = kind::reply;
  reply.mid = mid;
  reply.data = outcome->bytes();
  reply.data_encoding = outcome->kind();
  const auto written = write(reply);
  if (!written) (void)write(transport::failure_message(mid, written.error()));
}

void client_core::on_event(const client_message& said) {
  const event heard{.topic = said.name,
                    .data = payload_view(said.data, said.data_encoding),
                    .origin = {},
                    .origin_name = said.from,
                    .epoch = said.epoch.value_or(0),
                    .sequence = said.sequence.value_or(0)};
  if (!listeners_.hear(heard)) log(log_level::warning, "listener: threw topic=" + std::string(said.name));
}

void client_core::on_gap(const client_message& said) {
  const event_gap gap{.topic = said.name,
                      .origin = {},
                      .origin_name = said.from,
                      .epoch = said.epoch.value_or(0),
                      .from = said.sequence.value_or(0),
                      .to = said.until.value_or(0),
                      .why = said.why};
  if (!listeners_.report(gap)) log(log_level::warning, "listener: threw at a gap topic=" + std::string(said.name));
}

// --- commands and events out

bool client_core::accepts(std::size_t more_bytes, const completion& done) {
  const bool command = static_cast<bool>(done);
  if (command && commands_.size() >= options_.commands_pending_max) return false;
  if (is_open()) return wire_->stream->output_bytes() + more_bytes <= options_.output_bytes_max;
  return unsent_bytes_ + more_bytes <= unsent_bytes_max;
}

void client_core::send(time_point now, question what, completion done) {
  if (phase_ == phase::closed) return done(error{errc::closed, "the client was closed"});
  if (!accepts(size_of(what.name, what.data), done))
    return done(error{errc::overloaded, "too many commands are pending"});
  const auto mid = ++last_mid_;
  commands_.add(mid, now + what.timeout, std::move(done), what.number, what.parts);
  outgoing command{mid, std::move(what)};
  is_open() ? transmit(now, command) : wait(std::move(command));
}

void client_core::cancel(command_id number) {
  const auto mid = commands_.find(number);
  if (mid == 0) return;
  if (is_open() && commands_.was_sent(mid)) {
    client_message message;
    message.what = kind::cancel;
    message.mid = message_id::from_uint(mid);
    (void)write(message);
  }
  commands_.on_outcome(mid, error{errc::canceled, "the caller gave up"});
}

void client_core::emit(time_point now, std::string topic, payload data) {
  if (phase_ == phase::closed) return problem({errc::closed, "the client was closed"}, topic);
  if (!accepts(size_of(topic, data), {})) return problem({errc::overloaded, "events are not taken fast enough"}, topic);
  outgoing event{0, {.name = std::move(topic), .data = std::move(data)}};
  is_open() ? transmit(now, event) : wait(std::move(event));
}

void client_core::wait(outgoing command) {
  unsent_bytes_ += size_of(command.what.name, command.what.data);
  unsent_.push_back(std::move(command));
}

void client_core::transmit(time_point now, const outgoing& command) {
  const auto& what = command.what;
  client_message message;
  message.what = command.mid == 0 ? kind::event : kind::command;
  message.name = what.name;
  message.data = what.data.bytes();
  message.data_encoding = what.data.kind();
  message.to = what.to;
  message.idempotent = what.idempotent;
  message.all = what.all;
  message.stream = what.parts != nullptr;
  message.balance = what.balance;
  message.key = what.key;
  if (command.mid == 0) {
    const auto written = write(message);
    if (!written) problem(written.error(), what.name);
    return;
  }
  message.mid = message_id::from_uint(command.mid);
  message.timeout = commands_.remaining(now, command.mid);
  if (message.timeout->count() == 0) return;  // Ended already, or about to.
  const auto written = write(message);
  if (!written) {
    commands_.on_outcome(command.mid, written.error());
  } else {
    commands_.mark_sent(command.mid);
  }
}

// --- serving and listening

void client_core::add_handler(std::string name, std::shared_ptr<detail::handler> handler) {
  const bool added = services_.set(name, std::move(handler));
  if (added && is_open()) declare(kind::serve, name);
}

void client_core::remove_handler(std::string_view name) {
  if (services_.remove(name) && is_open()) declare(kind::unserve, name);
}

void client_core::add_listener(std::uint64_t id, std::string pattern, detail::listener listener,
                               listen_options options) {
  const bool asks = static_cast<bool>(options.on_ready);
  const bool is_first = listeners_.add(id, pattern, std::move(listener), std::move(options));
  if ((is_first || asks) && is_open()) subscribe(pattern, false);
}

void client_core::remove_listener(std::uint64_t id) {
  const auto unused = listeners_.remove(id);
  if (unused && is_open()) declare(kind::unsubscription, *unused);
}

void client_core::declare(kind what, std::string_view name) {
  client_message message;
  message.what = what;
  message.mid = message_id::from_uint(await());
  message.name = name;
  awaited_[last_mid_] = name;
  (void)write(message);
}

/// The past that its first listener wants, or, after a lost connection, what came since.
void client_core::subscribe(std::string_view pattern, bool again) {
  client_message message;
  message.what = kind::subscription;
  message.mid = message_id::from_uint(await());
  message.name = pattern;
  const auto wanted = listeners_.wanted(pattern);
  message.positions = again ? listeners_.positions(pattern) : std::vector<transport::client_position>{};
  if (message.positions.empty()) {
    if (wanted.last > 0) message.last = wanted.last;
    for (const auto& each : wanted.since) {
      message.positions.push_back({each.topic, each.origin, each.epoch, each.sequence});
    }
  }
  message.overflow = wanted.overflow;
  if (wanted.ready_timeout) {
    message.ready = true;
    message.timeout = *wanted.ready_timeout;
    ready_asked_[last_mid_] = pattern;
  }
  awaited_[last_mid_] = pattern;
  (void)write(message);
}

void client_core::on_ready(std::uint64_t mid, const client_message& said) {
  const auto asked = ready_asked_.find(mid);
  if (asked == ready_asked_.end()) return;
  const auto pattern = asked->second;
  ready_asked_.erase(asked);
  const auto counts = payload_view(said.data, said.data_encoding).try_as<std::map<std::string, std::uint64_t>>();
  if (!counts || !counts->contains("ready") || !counts->contains("of")) return;
  listeners_.on_ready(pattern, {counts->at("ready"), counts->at("of")});
}

/// After a welcome: first what this client is to the node, then what has waited, in the order in which it was said.
void client_core::say_again(time_point now) {
  for (const auto& [name, handler] : services_.handlers()) declare(kind::serve, name);
  for (const auto& [pattern, count] : listeners_.patterns()) subscribe(pattern, true);
  unsent_bytes_ = 0;
  for (const auto& each : std::exchange(unsent_, {})) transmit(now, each);
  if (waiters_.empty()) return;
  fence();
  for (auto& each : waiters_) each.mid = last_mid_;
}

// --- acknowledgements

/// A mid whose answer ready() waits for.
std::uint64_t client_core::await() {
  awaited_.emplace(++last_mid_, std::string());
  return last_mid_;
}

/// The node handles a session's messages in order: its answer to this one says that it has seen all before it.
void client_core::fence() {
  client_message hello;
  hello.what = kind::hello;
  hello.mid = message_id::from_uint(await());
  (void)write(hello);
}

void client_core::ready(completion done) {
  if (phase_ == phase::closed) return done(error{errc::closed, "the client was closed"});
  if (is_open()) fence();
  waiters_.push_back({last_mid_, std::move(done)});
}

void client_core::acknowledge(std::uint64_t mid) {
  if (awaited_.erase(mid) > 0) complete_waiters();
}

void client_core::complete_waiters() {
  while (!waiters_.empty() && (awaited_.empty() || awaited_.begin()->first > waiters_.front().mid)) {
    auto done = std::move(waiters_.front().done);
    waiters_.pop_front();
    const auto refused = std::exchange(problem_, std::nullopt);
    done(refused ? result<payload>(*refused) : result<payload>(payload{}));
  }
}

void client_core::problem(error why, std::string_view about) {
  log(log_level::warning, "client: refused about=" + std::string(about) + " why=" + why.message());
  if (!problem_) problem_ = std::move(why);
}

result<void> client_core::write(const client_message& message) {
  encoded_.clear();
  if (auto encoded = codec_.encode(message, encoding_, encoded_); !encoded) return encoded;
  if (encoded_.size() > options_.message_bytes_max) return error{errc::too_large, "the message is too long for a node"};
  auto& stream = *wire_->stream;
  const bool taken = encoding_ == client_encoding::json ? stream.send_text(encoded_) : stream.send_binary(encoded_);
  if (!taken) return error{errc::closed, "the connection is closing"};
  return {};
}

}  // namespace askr
