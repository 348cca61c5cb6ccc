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
    print_json(value{{"event", "identity"}, {"file", path}, {"id", made->id.to_string()}, {"key", made->key}});
  } else {
    print_line("wrote the identity of node " + made->id.to_string() + " to " + path + " (0600)");
    print_line("its public key: " + made->key);
    print_line("use it on one host only: askr node --identity-file " + path);
  }
  return exit_done;
}

int make_authority_file(const global_options& global, const std::string& path) {
  const auto made = generate_authority_file(path);
  if (!made) throw failure(made.error());
  if (global.json) {
    print_json(value{{"event", "authority"}, {"file", path}, {"key", *made}});
  } else {
    print_line("wrote an authority's key to " + path + " (0600): keep it away from the nodes");
    print_line("its public key is in " + path + ".pub: askr node --authority " + path + ".pub --certificate FILE");
  }
  return exit_done;
}

int make_client_key_file(const global_options& global, const std::string& path) {
  const auto made = generate_client_key_file(path);
  if (!made) throw failure(made.error());
  if (global.json) {
    print_json(value{{"event", "client_key"}, {"file", path}, {"key", *made}});
  } else {
    print_line("wrote a client's key to " + path + " (0600)");
    print_line("a line for the nodes' --client-keys file: " + *made + " NAME");
  }
  return exit_done;
}

/// On stdout only what belongs into the file, so that it can be appended: askr keygen --token NAME >> FILE
/// With a file: only the token, this once; the file keeps its hash.
int make_token(const global_options& global, const std::string& name) {
  const auto token = generate_token();
  if (!global.token_file.empty()) {
    if (const auto added = add_token(global.token_file, name, token); !added) throw failure(added.error());
    if (global.json) {
      print_json(value{{"event", "token"}, {"name", name}, {"token", token}, {"file", global.token_file}});
    } else {
      print_line(token);
    }
    return exit_done;
  }
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
  if (!arguments.authority_file.empty()) return make_authority_file(global, arguments.authority_file);
  if (!arguments.client_key_file.empty()) return make_client_key_file(global, arguments.client_key_file);
  if (!arguments.token_name.empty()) return make_token(global, arguments.token_name);
  const auto secret = generate_workspace_secret();
  global.json ? print_json(value{{"event", "secret"}, {"secret", secret}}) : print_line(secret);
  return exit_done;
}

}  // namespace askr::cli
