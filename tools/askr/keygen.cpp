// SPDX-License-Identifier: MIT
// askr keygen: secrets of a workspace, identities of nodes, tokens of clients. Never overwrites a file.
#include "tools/askr/commands.hpp"
#include "tools/askr/output.hpp"

#include <askr/keys.hpp>
#include <askr/value.hpp>

namespace askr::cli {
namespace {

int make_secret_file(const global_options& global, const std::string& path) {
  if (const auto made = generate_workspace_secret_file(path); !made) throw failure(made.error());
  if (global.json) {
    print_json(value{{"event", "secret"}, {"file", path}});
  } else {
    print_line("wrote a workspace secret to " + path + " (0600)");
    print_line("copy it to each host, then: askr node --secret-file " + path);
  }
  return exit_done;
}

int make_identity_file(const global_options& global, const std::string& path) {
  const auto made = generate_identity_file(path);
  if (!made) throw failure(made.error());
  if (global.json) {
    print_json(value{{"event", "identity"}, {"file", path}, {"id", made->to_string()}});
  } else {
    print_line("wrote the identity of node " + made->to_string() + " to " + path + " (0600)");
    print_line("use it on one host only: askr node --identity-file " + path);
  }
  return exit_done;
}

/// On stdout only what belongs into the file, so that it can be appended: askr keygen --token NAME >> FILE
int make_token(const global_options& global, const std::string& name) {
  const auto token = generate_token();
  if (global.json) {
    print_json(value{{"event", "token"}, {"name", name}, {"token", token}});
  } else {
    print_line(name + " " + token);
  }
  return exit_done;
}

}  // namespace

int run_keygen(const global_options& global, const keygen_arguments& arguments) {
  if (!arguments.secret_file.empty()) return make_secret_file(global, arguments.secret_file);
  if (!arguments.identity_file.empty()) return make_identity_file(global, arguments.identity_file);
  if (!arguments.token_name.empty()) return make_token(global, arguments.token_name);
  const auto secret = generate_workspace_secret();
  global.json ? print_json(value{{"event", "secret"}, {"secret", secret}}) : print_line(secret);
  return exit_done;
}

}  // namespace askr::cli
