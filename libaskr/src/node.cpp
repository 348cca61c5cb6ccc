// SPDX-License-Identifier: MIT
#include "libaskr/src/handler_errors.hpp"
#include "libaskr/src/node_shell.hpp"
#include "transport/names.hpp"

#include <askr/coroutine.hpp>
#include <askr/node.hpp>

namespace askr {
namespace {

void require_name(std::string_view name) {
  if (!transport::is_name(name)) {
    throw failure(errc::bad_options, "a name has 1 to 256 bytes of UTF-8 without spaces and control characters");
  }
}

}  // namespace

node::node(node_options options) : host_(std::make_shared<node_shell>(std::move(options), nullptr)) {}

node::node(node_options options, asio::io_context& context)
    : host_(std::make_shared<node_shell>(std::move(options), &context)) {}

node::node(std::shared_ptr<node_host> host) : host_(std::move(host)) {}

node::~node() { host_->stop(); }

void node::start() { host_->start(); }
void node::stop() { host_->stop(); }

void node::off(std::string name) {
  host_->run([host = host_.get(), name = std::move(name)] { host->core().remove_handler(name); });
}

void node::unlisten(listener_id listener) {
  host_->run([host = host_.get(), listener] { host->core().remove_listener(listener); });
}

void node::send_with(std::string_view name, payload data, send_options options, completion done) {
  host_->send(name, std::move(data), options, std::move(done));
}

void node::send_numbered(std::string_view name, payload data, send_options options, completion done,
                         command_id number) {
  if (number == 0) return host_->send(name, std::move(data), options, std::move(done));
  host_->ask(name, std::move(data), options, {.done = std::move(done), .number = number});
}

command_id node::send_cancelable(std::string_view name, payload data, send_options options, completion done) {
  const auto number = next_command();
  send_numbered(name, std::move(data), options, std::move(done), number);
  return number;
}

void node::cancel(command_id which) { host_->cancel(which); }
command_id node::next_command() { return host_->next_command(); }

std::function<void(command_id)> node::canceler() {
  return [weak = std::weak_ptr(host_)](command_id which) {
    if (const auto host = weak.lock()) host->cancel(which);
  };
}

command_id node::stream(std::string_view name, payload data, send_options options,
                        detail::unique_function<void(payload_view)> on_part, completion done) {
  const auto number = next_command();
  host_->ask(name, std::move(data), options,
             {.done = std::move(done), .number = number, .parts = std::make_shared<part_receiver>(std::move(on_part))});
  return number;
}

void node::gather(std::string_view name, payload data, send_options options, completion done, command_id number) {
  host_->ask(name, std::move(data), options, {.done = std::move(done), .number = number, .all = true});
}

void node::send_all_with(std::string_view name, payload data, send_options options,
                         detail::unique_function<void(result<std::vector<node_answer>>)> done) {
  gather(
      name, std::move(data), options,
      [done = std::move(done)](result<payload> gathered) mutable {
        done(gathered ? read_answers(*gathered) : result<std::vector<node_answer>>(gathered.error()));
      },
      0);
}

std::future<std::vector<node_answer>> node::send_all(std::string_view name, payload data, send_options options) {
  auto promise = std::make_shared<std::promise<std::vector<node_answer>>>();
  auto future = promise->get_future();
  send_all_with(name, std::move(data), options, [promise](result<std::vector<node_answer>> answers) {
    if (answers) {
      promise->set_value(std::move(answers).value());
    } else {
      promise->set_exception(std::make_exception_ptr(failure(answers.error())));
    }
  });
  return future;
}

void node::set_state(std::string key, payload value) {
  host_->run([host = host_.get(), key = std::move(key), value = std::move(value)]() mutable {
    const auto set = host->core().set_state(key, std::move(value));
    if (!set) host->log(log_level::warning, "state: not set key=" + key + " why=" + set.error().message());
  });
}

std::optional<payload> node::state(std::string_view key) const {
  return host_->call([&]() -> std::optional<payload> {
    const auto* value = host_->core().state(key);
    if (value == nullptr) return std::nullopt;
    return *value;
  });
}

void node::watch_state(detail::unique_function<void(std::string_view, payload_view)> watcher) {
  host_->run(
      [host = host_.get(), watcher = std::move(watcher)]() mutable { host->core().watch_state(std::move(watcher)); });
}

std::string node::name() const { return host_->name(); }
node_id node::id() const { return host_->id(); }
std::string node::workspace() const { return host_->options().workspace; }
std::uint16_t node::port() const { return host_->port(); }
std::string node::url() const { return host_->url(); }
std::vector<node_info> node::nodes() const {
  return host_->call([&] { return host_->core().nodes(); });
}
askr::counters node::counters() const {
  return host_->call([&] { return host_->core().counts(); });
}
void node::authenticate_again() {
  host_->run([host = host_.get()] { host->authenticate_again(); });
}
asio::any_io_executor node::get_executor() const { return host_->executor(); }

void node::add_handler(std::string name, std::shared_ptr<detail::handler> handler) {
  require_name(name);
  host_->run([host = host_.get(), name = std::move(name), handler = std::move(handler)]() mutable {
    const auto added = host->core().add_handler(name, std::move(handler));
    if (!added) host->log(log_level::error, "handler: refused name=" + name + " why=" + added.error().message());
  });
}

listener_id node::add_listener(std::string pattern, listen_options options, detail::listener listener) {
  require_name(pattern);
  return host_->listen(std::move(pattern), std::move(options), std::move(listener));
}

void node::emit_payload(std::string_view topic, payload data) {
  require_name(topic);
  host_->emit(topic, std::move(data));
}

std::future<payload> node::send_payload(std::string_view name, payload data, send_options options) {
  auto promise = std::make_shared<std::promise<payload>>();
  auto future = promise->get_future();
  host_->send(name, std::move(data), options, [promise](result<payload> outcome) {
    if (outcome) {
      promise->set_value(std::move(outcome).value());
    } else {
      promise->set_exception(std::make_exception_ptr(failure(outcome.error())));
    }
  });
  return future;
}

}  // namespace askr
