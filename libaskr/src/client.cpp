// SPDX-License-Identifier: MIT
#include "libaskr/src/client_shell.hpp"
#include "transport/names.hpp"

#include <askr/assert.hpp>
#include <askr/client.hpp>

namespace askr {
namespace {

constexpr std::size_t message_bytes_limit = 64 << 20;
constexpr std::size_t token_bytes_max = 4096;

void require_name(std::string_view name) {
  if (!transport::is_name(name)) {
    throw failure(errc::bad_options, "a name has 1 to 256 bytes of UTF-8 without spaces and control characters");
  }
}

std::shared_ptr<client_shell> make_shell(client_options options, asio::io_context* context) {
  auto shell = std::make_shared<client_shell>(std::move(options), context);
  shell->start();
  return shell;
}

/// A completion that fulfils the future, and the future.
template <class T>
std::pair<client::completion, std::future<T>> make_future() {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  return {[promise](result<payload> outcome) {
            if (!outcome) {
              promise->set_exception(std::make_exception_ptr(failure(outcome.error())));
            } else if constexpr (std::is_void_v<T>) {
              promise->set_value();
            } else {
              promise->set_value(std::move(outcome).value());
            }
          },
          std::move(future)};
}

}  // namespace

result<void> validate(const client_options& options) {
  const auto broken = [](std::string rule) { return error{errc::bad_options, std::move(rule)}; };
  const auto url = client_url::parse(options.url);
  if (!url) return url.error();
  if (!url->tls && !(options.ca_file + options.certificate_file).empty()) return broken("certificates are for wss://");
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return broken("certificate_file and key_file belong together");
  }
  if (!options.workspace.empty() && !transport::is_name(options.workspace)) return broken("workspace is no name");
  if (options.token.size() > token_bytes_max) return broken("token has at most 4,096 characters");
  if (options.encoding == encoding::raw) return broken("encoding is msgpack or json");
  if (options.connect_timeout <= milliseconds(0)) return broken("connect_timeout is above 0");
  if (options.reconnect_first <= milliseconds(0) || options.reconnect_max < options.reconnect_first) {
    return broken("reconnect_first is above 0 and at most reconnect_max");
  }
  for (const auto bytes : {options.message_bytes_max, options.received_bytes_max}) {
    if (bytes == 0 || bytes > message_bytes_limit) return broken("a message has at most 64 MiB");
  }
  if (options.commands_pending_max == 0) return broken("commands_pending_max is at least 1");
  return {};
}

client::client(client_options options) : shell_(make_shell(std::move(options), nullptr)) {}

client::client(client_options options, asio::io_context& context) : shell_(make_shell(std::move(options), &context)) {}

client::~client() { shell_->stop(); }

void client::connect() {
  ASKR_ASSERT(!shell_->on_own_thread());
  auto [done, connected] = make_future<payload>();
  connect_with(std::move(done));
  connected.get();
}

void client::connect_with(completion done) { shell_->connect(std::move(done)); }

void client::close() { shell_->close(); }

void client::off(std::string name) {
  shell_->run([shell = shell_.get(), name = std::move(name)] { shell->core().remove_handler(name); });
}

void client::unlisten(listener_id listener) {
  shell_->run([shell = shell_.get(), listener] { shell->core().remove_listener(listener); });
}

std::future<void> client::ready() {
  auto [done, acknowledged] = make_future<void>();
  shell_->run_with(std::move(done),
                   [shell = shell_.get()](completion when_done) { shell->core().ready(std::move(when_done)); });
  return std::move(acknowledged);
}

void client::send_with(std::string_view name, payload data, send_options options, completion done) {
  shell_->send(name, std::move(data), options, std::move(done));
}

void client::send_numbered(std::string_view name, payload data, send_options options, completion done,
                           command_id number) {
  shell_->send(name, std::move(data), options, std::move(done), {.name = {}, .number = number});
}

command_id client::send_cancelable(std::string_view name, payload data, send_options options, completion done) {
  const auto number = next_command();
  send_numbered(name, std::move(data), options, std::move(done), number);
  return number;
}

void client::cancel(command_id which) { shell_->cancel(which); }
command_id client::next_command() { return shell_->next_command(); }

std::function<void(command_id)> client::canceler() {
  return [weak = std::weak_ptr(shell_)](command_id which) {
    if (const auto shell = weak.lock()) shell->cancel(which);
  };
}

command_id client::stream(std::string_view name, payload data, send_options options,
                          detail::unique_function<void(payload_view)> on_part, completion done) {
  const auto number = next_command();
  auto parts = std::make_shared<client_commands::part_receiver>(std::move(on_part));
  shell_->send(name, std::move(data), options, std::move(done),
               {.name = {}, .number = number, .parts = std::move(parts)});
  return number;
}

void client::gather(std::string_view name, payload data, send_options options, completion done, command_id number) {
  shell_->send(name, std::move(data), options, std::move(done), {.name = {}, .all = true, .number = number});
}

std::future<std::vector<node_answer>> client::send_all(std::string_view name, payload data, send_options options) {
  auto promise = std::make_shared<std::promise<std::vector<node_answer>>>();
  auto future = promise->get_future();
  const auto done = [promise](result<payload> gathered) {
    const auto answers = gathered ? read_answers(*gathered) : result<std::vector<node_answer>>(gathered.error());
    if (answers) {
      promise->set_value(*answers);
    } else {
      promise->set_exception(std::make_exception_ptr(failure(answers.error())));
    }
  };
  gather(name, std::move(data), options, done, 0);
  return future;
}

const std::string& client::url() const noexcept { return shell_->options().url; }
std::string client::node_name() const { return shell_->node_name(); }
asio::any_io_executor client::get_executor() const { return shell_->executor(); }

void client::add_handler(std::string name, std::shared_ptr<detail::handler> handler) {
  require_name(name);
  shell_->run([shell = shell_.get(), name = std::move(name), handler = std::move(handler)]() mutable {
    shell->core().add_handler(std::move(name), std::move(handler));
  });
}

listener_id client::add_listener(std::string pattern, listen_options options, detail::listener listener) {
  require_name(pattern);
  struct new_listener {
    std::string pattern;
    listen_options options;
    detail::listener call;
  };
  const auto id = shell_->next_listener();
  auto what = std::make_unique<new_listener>(new_listener{std::move(pattern), std::move(options), std::move(listener)});
  shell_->run([shell = shell_.get(), id, what = std::move(what)] {
    shell->core().add_listener(id, std::move(what->pattern), std::move(what->call), std::move(what->options));
  });
  return id;
}

void client::emit_payload(std::string_view topic, payload data) {
  require_name(topic);
  shell_->run([shell = shell_.get(), topic = std::string(topic), data = std::move(data)]() mutable {
    shell->core().emit(clock::now(), std::move(topic), std::move(data));
  });
}

std::future<payload> client::send_payload(std::string_view name, payload data, send_options options) {
  auto [done, answered] = make_future<payload>();
  shell_->send(name, std::move(data), options, std::move(done));
  return std::move(answered);
}

}  // namespace askr
