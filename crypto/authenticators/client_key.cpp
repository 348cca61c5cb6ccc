// SPDX-License-Identifier: MIT
#include "crypto/hex.hpp"
#include "crypto/key_list.hpp"

#include <askr/authenticators.hpp>

#include <map>

namespace askr {

struct client_key::table {
  struct row {
    std::string name;
    std::vector<std::string> roles;
  };
  std::map<crypto::public_key, row> clients;
};

client_key::client_key(std::string path) : path_(std::move(path)) {
  if (const auto read = reload(); !read) throw failure(read.error());
}

client_key::~client_key() = default;

std::vector<std::string> client_key::files() const { return {path_}; }

result<void> client_key::reload() {
  const auto lines = crypto::read_key_list(path_);
  if (!lines) return lines.error();
  auto made = std::make_shared<table>();
  for (const auto& each : *lines) {
    crypto::public_key key;
    if (!crypto::from_hex(key, each.key)) {
      return error{errc::bad_key_file, path_ + ": a client's key has 64 hexadecimal digits, unlike " + each.key};
    }
    if (each.name.empty()) return error{errc::bad_key_file, path_ + ": a line is KEY NAME [ROLE...]"};
    if (!made->clients.emplace(key, table::row{each.name, each.roles}).second) {
      return error{errc::bad_key_file, path_ + ": twice there: " + each.key};
    }
  }
  table_.set(std::move(made));
  return {};
}

void client_key::authenticate_client(client_credential shown, verdict_handler answer) {
  const auto known = table_.get();
  if (!shown.key) return answer(error{errc::unauthenticated, "this node knows its clients by their keys"});
  const auto found = known->clients.find(*shown.key);
  if (found == known->clients.end()) return answer(error{errc::unauthenticated, "unknown key"});
  principal who;
  who.name = found->second.name;
  who.roles = found->second.roles;
  who.rights = permissions::member();
  answer(std::move(who));
}

}  // namespace askr
