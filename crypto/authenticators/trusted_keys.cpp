// SPDX-License-Identifier: MIT
#include "crypto/key_list.hpp"

#include <askr/authenticators.hpp>

#include <unordered_map>

namespace askr {

struct trusted_keys::table {
  struct row {
    std::string name;
    std::vector<std::string> roles;
  };
  std::unordered_map<node_id, row> nodes;
};

trusted_keys::trusted_keys(std::string path) : path_(std::move(path)) {
  if (const auto read = reload(); !read) throw failure(read.error());
}

trusted_keys::~trusted_keys() = default;

std::vector<std::string> trusted_keys::files() const { return {path_}; }

result<void> trusted_keys::reload() {
  const auto lines = crypto::read_key_list(path_);
  if (!lines) return lines.error();
  auto made = std::make_shared<table>();
  for (const auto& each : *lines) {
    const auto id = crypto::node_of_key(each.key);
    if (!id) return error{errc::bad_key_file, path_ + ": neither a node's id nor its public key: " + each.key};
    if (!made->nodes.emplace(*id, table::row{each.name, each.roles}).second) {
      return error{errc::bad_key_file, path_ + ": twice there: " + each.key};
    }
  }
  table_.set(std::move(made));
  return {};
}

void trusted_keys::authenticate_peer(peer_credential shown, verdict_handler answer) {
  const auto known = table_.get();
  const auto found = known->nodes.find(shown.id);
  if (found == known->nodes.end()) {
    return answer(error{errc::unauthenticated, "node " + shown.id.to_string() + " is not among the trusted keys"});
  }
  principal who;
  who.what = principal::kind::node;
  who.name = found->second.name.empty() ? std::move(shown.name) : found->second.name;
  who.roles = found->second.roles;
  who.entry = shown.id;
  who.rights = permissions::member();
  answer(std::move(who));
}

}  // namespace askr
