// SPDX-License-Identifier: MIT
// The command line of askr: which commands there are, what they take, and what becomes of errors. CLI11 is expensive to
// compile, so it stays in this file.
#include "tools/askr/commands.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/output.hpp"

#include <askr/command.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace askr::cli {
namespace {

/// "2", "0.5", "500ms", "2s", "1m". Throws CLI::ValidationError.
milliseconds read_duration(const std::string& text) {
  std::size_t digits = 0;
  double number = 0;
  try {
    number = std::stod(text, &digits);
  } catch (const std::exception&) {
    digits = 0;
  }
  const auto unit = text.substr(digits);
  const double factor = unit == "ms" ? 1 : unit.empty() || unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  const double result = number * factor;
  if (digits == 0 || factor == 0 || !(result >= 1) || result > static_cast<double>(send_timeout_max.count())) {
    throw CLI::ValidationError("--timeout", "\"" + text + "\" is no time of 1ms to 300s (2, 0.5, 500ms, 2s)");
  }
  return milliseconds(static_cast<milliseconds::rep>(result));
}

/// Everything the command line sets, and what to run in the end.
struct command_line {
  global_options global;
  node_arguments node;
  serve_arguments serve;
  send_arguments send;
  emit_arguments emit;
  listen_arguments listen;
  keygen_arguments keygen;
  admit_arguments admit;
  revoke_arguments revoke;
  std::vector<std::string> help_about;
  std::function<int()> run;
};

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& about, command_line& line,
                      std::function<int()> run) {
  auto* command = app.add_subcommand(name, about);
  command->fallthrough();  // Global options may stand behind the command, too.
  command->callback([&line, run = std::move(run)] { line.run = run; });
  return command;
}

void add_global_options(CLI::App& app, global_options& global) {
  app.add_option("--url", global.url, "The node to talk to")->envname("ASKR_URL")->capture_default_str();
  app.add_option("--token-file", global.token_file,
                 "0600 file; for `node`: lines of NAME TOKEN of the clients it lets in; else: the token to show");
  app.add_option("--ca", global.ca_file, "PEM file of whom to believe about a wss:// node (default: the system's)");
  app.add_option("--client-cert", global.certificate_file, "PEM certificate to show to a wss:// node");
  app.add_option("--client-key", global.key_file, "0600 PEM file with its private key");
  app.add_option("--key-file", global.signing_key_file, "0600 file with the key to prove instead of a token");
  app.add_option("--workspace", global.workspace, "Workspace of the node (default: global; for clients: the node's)");
  app.add_flag("--json", global.json, "One JSON object a line, for programs");
}

void add_node(CLI::App& app, command_line& line) {
  auto& node = line.node;
  auto* command =
      add_command(app, "node", "Run a node until Ctrl-C", line, [&line] { return run_node(line.global, line.node); });
  command->add_option("--name", node.name, "Label; the full name is askr-LABEL-xxxxxx")->capture_default_str();
  command->add_option("--port", node.port, "TCP port; taken: the next free one; 0: any")->capture_default_str();
  command->add_option("--bind", node.bind, "IP address to listen on; 0.0.0.0 or :: for all")->capture_default_str();
  command->add_option("--join", node.join, "HOST:PORT of nodes to join by, where beacons do not reach");
  command->add_option("--secret-file", node.secret_file, "0600 file with the workspace's secret (askr keygen)");
  command->add_option("--identity-file", node.identity_file, "0600 file with the node's identity, made if absent");
  command->add_option("--trusted-keys", node.trusted_keys, "File with the ids of the nodes it lets in, no others");
  auto* authority =
      command->add_option("--authority", node.authority_file,
                          "File with the authority's public key: only nodes with its certificate come in");
  auto* membership = command->add_option("--certificate", node.certificate_file, "This node's own (askr admit)");
  authority->needs(membership);
  membership->needs(authority);
  command->add_option("--revocations", node.revocations_file, "What the authority has taken back (askr revoke)")
      ->needs(authority);
  command->add_option("--client-keys", node.client_keys, "File with lines KEY NAME of the clients it lets in");
  command->add_option("--seeds-file", node.seeds_file,
                      "File with more of them, one a line; read again when it changes");
  command->add_flag("--no-unix-links", node.no_unix_links, "Link to nodes on this host by TCP, too");
  command->add_option("--busy-poll", node.busy_poll_us,
                      "Microseconds to look for more to do before sleeping: hears sooner, keeps a processor busy");
  command->add_option("--beacon-interface", node.beacon_interfaces,
                      "Names (eth0) to beacon on (default: all that can)");
  command->add_flag("--no-beacon", node.no_beacon, "Neither find nor be found by multicast");
  command->add_option("--beacon-port", node.beacon_port, "UDP port of the beacons")->capture_default_str();
  auto* certificate =
      command->add_option("--tls-cert", node.tls_certificate_file, "PEM certificate: offer wss://, too");
  auto* key = command->add_option("--tls-key", node.tls_key_file, "0600 PEM file with its private key");
  key->needs(certificate);
  certificate->needs(key);
  command->add_option("--tls-client-ca", node.tls_client_ca_file, "PEM file: let clients in by certificates of these")
      ->needs(certificate);
  command->add_flag("--tls-only", node.tls_only, "No clients without TLS (default: those of this host)")
      ->needs(certificate);
  command->add_option(
      "--role", node.roles,
      "\"NAME VERB=PATTERN,... ...\": what clients with this role may do here (send, serve, emit, listen,\n"
      "state_read, state_write, admin; or member, everything)");
  command->add_flag("--open", node.open, "No secret: anybody may join. Think twice");
  command->add_option("--allow-host", node.allowed_hosts, "Host names that clients may use for this node");
  command->add_option("--allow-origin", node.allowed_origins, "scheme://host[:port] of web pages that may connect");
  command->add_flag("-v,--verbose", node.verbose, "Log details");
}

void add_serve(CLI::App& app, command_line& line) {
  auto* command = add_command(app, "serve", "Make a program a service: askr serve COMMAND -- PROGRAM ARGS...", line,
                              [&line] { return run_serve(line.global, line.serve); });
  command->add_option("command", line.serve.command, "Name of the command to serve")->required();
  command->add_option("--jobs", line.serve.jobs, "How many run at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->footer(
      "For each command PROGRAM is started with the data as JSON on its stdin; what it writes is the\n"
      "answer, JSON or text. A status other than 0 is handler_failed, with the first line of stderr.");
}

void add_send(CLI::App& app, command_line& line) {
  auto& send = line.send;
  auto* command = add_command(app, "send", "Send a command and print its answer", line,
                              [&line] { return run_send(line.global, line.send); });
  command->add_option("command", send.command, "Name of the command")->required();
  command->add_option("data", send.data, "JSON; - reads it from stdin");
  command->add_option("--to", send.to, "Name, label or id of the node that shall serve it");
  command->add_option_function<std::string>(
      "--timeout", [&send](const std::string& text) { send.timeout = read_duration(text); },
      "Seconds, or 500ms (default 10)");
  command->add_flag("--idempotent", send.idempotent, "It may safely run more than once");
  command->add_option("--balance", send.balance, "How to choose among several nodes (default p2c: the better of two)")
      ->check(CLI::IsMember({"p2c", "round_robin", "sticky"}));
  command->add_option("--key", send.key, "The same key, the same node");
  auto* all = command->add_flag("--all", send.all, "Ask every node that serves it: a line for each");
  command->add_flag("--stream", send.stream, "Print parts of the answer as they come")->excludes(all);
}

void add_events(CLI::App& app, command_line& line) {
  auto* emit = add_command(app, "emit", "Emit an event", line, [&line] { return run_emit(line.global, line.emit); });
  emit->add_option("topic", line.emit.topic, "Topic")->required();
  emit->add_option("data", line.emit.data, "JSON; - reads it from stdin");
  auto* listen =
      add_command(app, "listen", "Print events", line, [&line] { return run_listen(line.global, line.listen); });
  listen->add_option("topics", line.listen.topics, "Topics or patterns: sensor.*.temp, sensor.>")->required();
  listen->add_option("--count", line.listen.count, "End after so many (default: never)");
  listen->add_option("--last", line.listen.last, "First so many past events of each topic and node");
  listen->add_flag("--ready", line.listen.ready, "Say how many of the nodes will send their events here");
}

void add_authority(CLI::App& app, command_line& line) {
  auto& admit = line.admit;
  auto* admits = add_command(app, "admit", "Sign a certificate for a node of the workspace", line,
                             [&line] { return run_admit(line.global, line.admit); });
  admits->add_option("node", admit.node, "The node's id or public key (askr keygen --identity)")->required();
  admits->add_option("--authority", admit.authority_file, "0600 file with the authority's key")->required();
  admits->add_option("--certificate", admit.certificate_file, "File to write, in place of an older one")->required();
  admits->add_option("--name", admit.name, "What others call it (default: its own name)");
  admits->add_option("--role", admit.roles, "Roles that handlers can ask for");
  admits->add_option("--allow", admit.rights, "VERB=PATTERN it may, and no more (default: all but admin)");
  admits->add_option("--days", admit.days, "How long")->check(CLI::Range(1U, 36'500U))->capture_default_str();
  auto& revoke = line.revoke;
  auto* revokes = add_command(app, "revoke", "Take certificates back", line,
                              [&line] { return run_revoke(line.global, line.revoke); });
  revokes->add_option("--authority", revoke.authority_file, "0600 file with the authority's key")->required();
  revokes->add_option("--revocations", revoke.revocations_file, "The signed list, made if absent")->required();
  revokes->add_option("--node", revoke.nodes, "All certificates of these nodes, for ever");
  revokes->add_option("--serial", revoke.serials, "These certificates");
}

void add_others(CLI::App& app, command_line& line) {
  add_command(app, "nodes", "List the nodes of the workspace", line, [&line] { return run_nodes(line.global); });
  add_command(app, "doctor", "Explain why a node sees whom it sees", line, [&line] { return run_doctor(line.global); });
  auto* keygen = add_command(app, "keygen", "Make a workspace secret (stdout), or a file or token", line,
                             [&line] { return run_keygen(line.global, line.keygen); });
  auto* kinds = keygen->add_option_group("kind");
  kinds->add_option("--secret", line.keygen.secret_file, "Write a workspace secret to this new file");
  kinds->add_option("--identity", line.keygen.identity_file, "Write a node's identity to this new file");
  kinds->add_option("--authority", line.keygen.authority_file,
                    "Write an authority's key to this new file, and FILE.pub");
  kinds->add_option("--key", line.keygen.client_key_file, "Write a client's key to this new file");
  kinds->add_option(
      "--token", line.keygen.token_name,
      "Print a line NAME TOKEN for a token file; with --token-file: print TOKEN, add NAME HASH to the file");
  kinds->require_option(0, 1);
  add_command(app, "version", "Print the version", line, [&line] { return run_version(line.global); });
  auto* help = add_command(app, "help", "Explain a command", line, [&app, &line] {
    if (line.help_about.empty()) {
      print_line(app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
      return exit_done;
    }
    const auto& name = line.help_about.front();
    const auto known = app.get_subcommands([&](const CLI::App* each) { return each->get_name() == name; });
    if (known.empty()) throw usage_error("there is no command " + name, "see: askr help");
    print_line(known.front()->help(app.get_name()));
    return exit_done;
  });
  help->add_option("command", line.help_about, "Which one")->expected(0, 1);
}

/// `askr serve COMMAND -- PROGRAM ARGS...`: what stands behind the dashes is the program's alone.
std::vector<std::string> cut_program(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const bool serves = std::find(arguments.begin(), dashes, "serve") != dashes;
  if (!serves || dashes == arguments.end()) return {};
  std::vector<std::string> program(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return program;
}

/// What nobody expected, by its name alone: what stands behind it may be a secret.
std::string describe_extras(const CLI::App& app) {
  for (const auto& each : app.remaining(true)) {
    if (each.starts_with('-')) return "unknown option " + each.substr(0, each.find('='));
  }
  return "too many arguments";
}

int parse_and_run(std::vector<std::string> arguments) {
  command_line line;
  CLI::App app("askr: a mesh of nodes that send each other commands and events", "askr");
  app.require_subcommand(1);
  add_global_options(app, line.global);
  add_node(app, line);
  add_serve(app, line);
  add_send(app, line);
  add_events(app, line);
  add_authority(app, line);
  add_others(app, line);
  line.serve.program = cut_program(arguments);
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back.
    app.parse(std::move(arguments));
    if (app.got_subcommand("serve") && line.serve.program.empty()) throw CLI::RequiredError("a PROGRAM behind --");
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::Error& wrong) {
    const auto commands = app.get_subcommands();
    const bool extras = dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr;
    print_error(extras ? describe_extras(app) : wrong.what(),
                "see: askr help" + (commands.empty() ? "" : " " + commands.front()->get_name()));
    return exit_usage;
  }
  return line.run();
}

int run(std::vector<std::string> arguments) {
  try {
    return parse_and_run(std::move(arguments));
  } catch (const usage_error& wrong) {
    print_error(wrong.what(), wrong.hint);
    return exit_usage;
  } catch (const failure& failed) {
    const error why{static_cast<errc>(failed.code().value()), failed.detail()};
    print_error(why);
    return why.code == errc::bad_options ? exit_usage : exit_error;
  } catch (const std::exception& failed) {
    print_error(failed.what(), {});
    return exit_error;
  }
}

}  // namespace
}  // namespace askr::cli

int main(int count, char** words) { return askr::cli::run({words + 1, words + count}); }
