// SPDX-License-Identifier: MIT
// askr node: a node that runs until SIGINT or SIGTERM.
#include "tools/askr/commands.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/log.hpp"
#include "tools/askr/output.hpp"
#include "tools/askr/stop_signal.hpp"

#include <askr/authenticators.hpp>
#include <askr/node.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace askr::cli {
namespace {

std::string_view to_string(log_level level) {
  switch (level) {
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warning:
      return "warning";
    case log_level::error:
      return "error";
  }
  return "info";
}

/// Log lines as JSON objects on stdout. Those from before the "ready" line wait for it, so that it is the first.
class json_log {
 public:
  void write(log_level level, std::string_view line) {
    if (level == log_level::debug) return;
    value object{{"event", "log"}, {"level", to_string(level)}, {"text", line}};
    const std::lock_guard lock(mutex_);
    if (ready_) return print_json(object);
    early_.push_back(std::move(object));
  }
  void say_ready(const value& object) {
    const std::lock_guard lock(mutex_);
    print_json(object);
    for (const auto& each : early_) print_json(each);
    early_.clear();
    ready_ = true;
  }

 private:
  std::mutex mutex_;
  bool ready_ = false;
  std::vector<value> early_;
};

/// "guest send=menu.> listen=>"
role_rule read_role(const std::string& text) {
  const auto space = std::min(text.find(' '), text.size());
  auto rights = permissions::parse(std::string_view(text).substr(space));
  if (!rights) throw failure(rights.error());
  if (space == 0) throw failure(errc::bad_options, "\"" + text + "\" is no role: NAME VERB=PATTERN,... ...");
  return {text.substr(0, space), std::move(rights).value()};
}

/// Null: the default.
std::shared_ptr<authenticator> authenticator_from(const global_options& global, const node_arguments& arguments,
                                                  const std::string& workspace) {
  if (!arguments.trusted_keys.empty() && !arguments.authority_file.empty()) {
    throw usage_error("--trusted-keys and --authority exclude each other", "see: askr help node");
  }
  std::shared_ptr<authenticator> peers = std::make_shared<workspace_secret>();
  if (!arguments.trusted_keys.empty()) peers = std::make_shared<trusted_keys>(arguments.trusted_keys);
  if (!arguments.authority_file.empty()) {
    peers = std::make_shared<workspace_authority>(
        workspace, workspace_authority::sources{.authority_file = arguments.authority_file,
                                                .certificate_file = arguments.certificate_file,
                                                .revocations_file = arguments.revocations_file});
  }
  std::vector<std::shared_ptr<authenticator>> clients;
  if (!global.token_file.empty()) clients.push_back(token::from_file(global.token_file));
  if (!arguments.client_keys.empty()) clients.push_back(std::make_shared<client_key>(arguments.client_keys));
  if (!clients.empty() && !arguments.tls_client_ca_file.empty())
    clients.push_back(std::make_shared<client_certificate>());
  const bool named = !arguments.trusted_keys.empty() || !arguments.authority_file.empty();
  if (clients.empty() && !named) return nullptr;
  if (clients.empty()) {
    clients.push_back(arguments.open ? std::make_shared<open_workspace>() : std::make_shared<workspace_secret>());
  }
  return std::make_shared<peers_and_clients>(std::move(peers), std::move(clients));
}

node_options options_from(const global_options& global, const node_arguments& arguments) {
  node_options options;
  options.name = arguments.name;
  if (!global.workspace.empty()) options.workspace = global.workspace;
  options.bind = arguments.bind;
  options.port = arguments.port;
  options.seeds = arguments.join;
  options.seeds_file = arguments.seeds_file;
  options.unix_links = !arguments.no_unix_links;
  options.busy_poll = microseconds(arguments.busy_poll_us);
  options.beacon = !arguments.no_beacon;
  options.beacon_interfaces = arguments.beacon_interfaces;
  options.beacon_port = arguments.beacon_port;
  options.secret_file = arguments.secret_file;
  options.identity_file = arguments.identity_file;
  options.open = arguments.open;
  options.tls.certificate_file = arguments.tls_certificate_file;
  options.tls.key_file = arguments.tls_key_file;
  options.tls.client_ca_file = arguments.tls_client_ca_file;
  if (arguments.tls_only) options.tls.plain = plain_clients::never;
  for (const auto& each : arguments.roles) options.roles.push_back(read_role(each));
  options.allowed_hosts = arguments.allowed_hosts;
  options.allowed_origins = arguments.allowed_origins;
  options.authenticator = authenticator_from(global, arguments, options.workspace);
  return options;
}

void say_ready(const node& started, const node_arguments& arguments) {
  print_line("node " + started.name() + " ready at " + started.url() + " (workspace " + started.workspace() + ")");
  if (arguments.open) {
    print_line("OPEN: there is no secret, so anybody who reaches this node may join and send commands");
  } else if (arguments.secret_file.empty()) {
    print_line("no secret given, so it listens and beacons on loopback only; for a network: askr keygen --secret FILE");
  }
}

}  // namespace

int run_node(const global_options& global, const node_arguments& arguments) {
  stop_signal stop;
  auto options = options_from(global, arguments);
  const auto as_json = std::make_shared<json_log>();
  if (global.json) {
    options.log = [as_json](log_level level, std::string_view line) { as_json->write(level, line); };
  } else {
    options.log = stderr_log(arguments.verbose ? log_level::debug : log_level::info);
  }
  node serving(std::move(options));
  serving.start();
  if (global.json) {
    as_json->say_ready(value{{"event", "ready"},
                             {"name", serving.name()},
                             {"id", serving.id().to_string()},
                             {"workspace", serving.workspace()},
                             {"url", serving.url()}});
  } else {
    say_ready(serving, arguments);
  }
  stop.wait();
  serving.stop();
  if (global.json) print_json(value{{"event", "stopped"}});
  return exit_done;
}

}  // namespace askr::cli
