// SPDX-License-Identifier: MIT
#include "libaskr/src/node_host.hpp"

#include "libaskr/src/call_depth.hpp"
#include "transport/names.hpp"

#include <algorithm>
#include <memory>

namespace askr {

void node_host::send(std::string_view name, payload data, const send_options& options, node::completion done) {
  if (in_turn() && options.timeout <= send_timeout_max) {
    // From a handler or completion: what another node serves goes straight into that link's outbox.
    const command_request request{.name = name,
                                  .data = data.view(),
                                  .who = &core().self_principal(),
                                  .to = options.to,
                                  .remaining = options.timeout,
                                  .depth = depth(),
                                  .idempotent = options.idempotent,
                                  .balance = options.balance,
                                  .key = options.key};
    if (core().try_forward(now(), request, done)) return;
  }
  ask(name, std::move(data), options, {.done = std::move(done)});
}

void node_host::ask(std::string_view name, payload data, const send_options& options, question how) {
  if (!transport::is_name(name)) return how.done(error{errc::bad_options, "this is no name of a command"});
  if (options.timeout > send_timeout_max) return how.done(error{errc::bad_options, "a timeout is at most 5 minutes"});
  struct waiting_command {
    std::string name, to, key;
    payload data;
    send_options options;
    question how;
    time_point sent;
    std::uint8_t depth;
  };
  auto what = std::make_unique<waiting_command>();
  *what = {std::string(name),
           std::string(options.to),
           std::string(options.key),
           std::move(data),
           options,
           std::move(how),
           asked_at(),
           depth()};
  auto* kept = what.get();
  task call_core = [this, what = std::move(what)]() mutable {
    const auto started = now();
    const auto waited = std::chrono::duration_cast<milliseconds>(started - what->sent);
    const bool in_parts = what->how.parts != nullptr;  // Before it is moved from.
    core().send(started,
                {.name = what->name,
                 .data = what->data.view(),
                 .who = &core().self_principal(),
                 .to = what->to,
                 .remaining = what->options.timeout - waited,
                 .depth = what->depth,
                 .idempotent = what->options.idempotent,
                 .stream = in_parts,
                 .all = what->how.all,
                 .balance = what->options.balance,
                 .key = what->key},
                std::move(what->how.done), what->how.number, std::move(what->how.parts));
  };
  if (!run(std::move(call_core))) {
    kept->how.done(error{stopped() ? errc::closed : errc::overloaded, "the node takes no more commands"});
  }
}

void node_host::cancel(command_id number) {
  run([this, number] { core().cancel(now(), number); });
}

std::uint8_t node_host::depth() noexcept {
  return std::max(here() ? core().call_depth() : std::uint8_t{0}, thread_call_depth());
}

void node_host::emit(std::string_view topic, payload data) {
  if (try_emit(topic, data.view())) return;
  const auto taken = run([this, topic = std::string(topic), data = std::move(data)] {
    const auto sent = core().emit(now(), topic, data.view());
    if (!sent) log(log_level::warning, "event: not emitted topic=" + topic + " why=" + sent.error().message());
  });
  if (!taken) ++events_refused_;
}

listener_id node_host::listen(std::string pattern, listen_options options, detail::listener listener) {
  struct new_listener {
    std::string pattern;
    listen_options options;
    detail::listener call;
  };
  const auto id = ++last_listener_;
  auto what = std::make_unique<new_listener>(new_listener{std::move(pattern), std::move(options), std::move(listener)});
  run([this, id, what = std::move(what)] {
    const auto added = core().add_listener(now(), id, what->pattern, std::move(what->call), std::move(what->options));
    if (!added) log(log_level::error, "listener: refused topic=" + what->pattern + " why=" + added.error().message());
  });
  return id;
}

void node_host::log(log_level level, std::string_view line) {
  if (auto& to = sink()) to(level, line);
}

}  // namespace askr
