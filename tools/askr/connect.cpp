// SPDX-License-Identifier: MIT
#include "tools/askr/connect.hpp"

#include "tools/askr/log.hpp"

#include <askr/keys.hpp>

namespace askr::cli {

client_options client_for(const global_options& global) {
  client_options options;
  options.url = global.url;
  options.workspace = global.workspace;
  options.ca_file = global.ca_file;
  options.certificate_file = global.certificate_file;
  options.key_file = global.key_file;
  options.reconnect = false;
  options.signing_key_file = global.signing_key_file;
  if (!global.token_file.empty()) {
    auto token = read_token_file(global.token_file);
    if (!token) throw failure(token.error());
    options.token = std::move(token).value();
  }
  return options;
}

client_options lasting_client_for(const global_options& global) {
  auto options = client_for(global);
  options.reconnect = true;
  options.log = stderr_log(log_level::warning);
  return options;
}

}  // namespace askr::cli
