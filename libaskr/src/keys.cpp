// SPDX-License-Identifier: MIT
#include "crypto/hex.hpp"
#include "crypto/key_file.hpp"
#include "crypto/key_list.hpp"

#include <askr/authenticators.hpp>
#include <askr/keys.hpp>

#include <filesystem>

namespace askr {

std::string generate_workspace_secret() { return std::string(crypto::generate_workspace_secret(entropy{}).view()); }

std::string generate_token() { return generate_workspace_secret(); }

result<void> generate_workspace_secret_file(const std::string& path) {
  return crypto::create_key_file(path, crypto::generate_workspace_secret(entropy{}).view(), entropy{});
}

result<public_identity> generate_identity_file(const std::string& path) {
  const auto made = crypto::identity::generate(entropy{});
  const auto written = crypto::create_key_file(path, crypto::identity_text(made).view(), entropy{});
  if (!written) return written.error();
  return public_identity{made.id(), crypto::public_key_text(made.noise_key(), made.sign_key())};
}

result<std::string> generate_client_key_file(const std::string& path) {
  const auto made = crypto::create_signing_key(path, crypto::signing_key_kind::client, entropy{});
  if (!made) return made.error();
  return crypto::to_hex(made->shown);
}

result<std::string> generate_authority_file(const std::string& path) {
  const auto made = crypto::create_signing_key(path, crypto::signing_key_kind::authority, entropy{});
  if (!made) return made.error();
  auto key = crypto::to_hex(made->shown);
  const auto shown = crypto::write_whole_file(path + ".pub", key, crypto::file_kind::public_list, entropy{});
  if (!shown) return shown.error();
  return key;
}

result<void> add_token(const std::string& path, const std::string& name, const std::string& token) {
  if (!crypto::is_plain_word(name)) {
    return error{errc::bad_options, "a name has 1 to 256 printable characters without blanks"};
  }
  std::string text;
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) {
    auto before = crypto::read_list_file(path, crypto::list_access::secret);
    if (!before) return before.error();
    text = std::move(*before);
    if (!text.empty() && text.back() != '\n') text += '\n';
  }
  text += name + " " + hash_token(token);
  return crypto::write_whole_file(path, text, crypto::file_kind::secret_list, entropy{});
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
