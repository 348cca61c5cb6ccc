// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"

#include <askr/keys.hpp>

namespace askr {

std::string generate_workspace_secret() { return std::string(crypto::generate_workspace_secret(entropy{}).view()); }

std::string generate_token() { return generate_workspace_secret(); }

result<void> generate_workspace_secret_file(const std::string& path) {
  return crypto::create_key_file(path, crypto::generate_workspace_secret(entropy{}).view(), entropy{});
}

result<node_id> generate_identity_file(const std::string& path) {
  const auto made = crypto::identity::generate(entropy{});
  const auto written = crypto::create_key_file(path, crypto::identity_text(made).view(), entropy{});
  if (!written) return written.error();
  return made.id();
}

result<std::string> read_token_file(const std::string& path) {
  const auto text = crypto::read_key_file(path);
  if (!text) return text.error();
  const auto line = text->view().substr(0, text->view().find('\n'));
  const auto space = line.find(' ');
  const auto secret = space == std::string_view::npos ? line : line.substr(space + 1);
  if (secret.empty()) return error{errc::bad_key_file, path + ": the first line has no token"};
  return std::string(secret);
}

}  // namespace askr
