// SPDX-License-Identifier: MIT
#include "libaskr/src/node_setup.hpp"

#include "crypto/key_file.hpp"

#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace askr {
namespace {

/// Where the user's own loopback secret lies.
std::string default_secret_path() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/') {
    return std::string(config) + "/askr/loopback.secret";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') {
    const auto* user = getpwuid(getuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home == nullptr) throw failure(errc::bad_key_file, "no home directory for the user's secret: give secret_file");
  return std::string(home) + "/.config/askr/loopback.secret";
}

template <class T>
T value_or_throw(result<T> outcome) {
  if (!outcome) throw failure(outcome.error());
  return std::move(outcome).value();
}

}  // namespace

node_options validated(node_options options) {
  if (const auto checked = validate(options); !checked) throw failure(checked.error());
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur != RLIM_INFINITY) {
    options.limits.sessions_max = std::min<std::size_t>(options.limits.sessions_max, descriptors.rlim_cur / 2);
  }
  return options;
}

std::size_t connections_allowed() {
  constexpr rlim_t spare_descriptors = 32;
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return std::max(descriptors.rlim_cur / 2, descriptors.rlim_cur - std::min(descriptors.rlim_cur, spare_descriptors));
}

crypto::identity load_identity(const node_options& options) {
  if (options.identity_file.empty()) return crypto::identity::generate(entropy{});
  return value_or_throw(crypto::load_or_create_identity(options.identity_file, entropy{}));
}

crypto::keyring load_keyring(const node_options& options) {
  const auto derive = [&](const crypto::secret<32>& secret) {
    return crypto::workspace_keys::derive(secret.span(), options.workspace);
  };
  std::vector<crypto::workspace_keys> keys;
  if (!options.secret.empty()) {
    keys.push_back(derive(value_or_throw(crypto::workspace_secret_from_text(options.secret))));
    for (const auto& older : options.older_secrets) {
      keys.push_back(derive(value_or_throw(crypto::workspace_secret_from_text(older))));
    }
    return crypto::keyring(std::move(keys));
  }
  if (!options.secret_file.empty()) {
    const auto secrets =
        value_or_throw(crypto::load_workspace_secrets(options.secret_file, crypto::keyring::secrets_max));
    for (const auto& each : secrets) keys.push_back(derive(each));
    return crypto::keyring(std::move(keys));
  }
  if (options.open) return crypto::keyring(crypto::workspace_keys::derive(std::nullopt, options.workspace));
  auto own = derive(value_or_throw(crypto::load_or_create_workspace_secret(default_secret_path(), entropy{})));
  own.secret_given = false;
  return crypto::keyring(std::move(own));
}

self_description describe(const node_options& options, const crypto::identity& self) {
  return {.id = self.id(), .life = wall_now(), .name = mesh::full_name(options.name, self.id())};
}

std::shared_ptr<authenticator> default_authenticator(const node_options& options) {
  if (options.open) return std::make_shared<open_workspace>();
  return std::make_shared<workspace_secret>();
}

wall_ms wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<wall_ms>(std::chrono::duration_cast<milliseconds>(now).count());
}

}  // namespace askr
