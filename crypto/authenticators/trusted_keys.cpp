// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"
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
  const auto text = crypto::read_list_file(path_, crypto::list_access::readable);
  if (!text) return text.error();
  const auto lines = crypto::parse_key_list(*text);
  if (!lines) return error{errc::bad_key_file, path_ + ": " + lines.error().detail};
  auto made = std::make_shared<table>();
  for (const auto& each : *lines) {
    const auto id = crypto::node_of_key(each.key);
    if (!id) return error{errc::bad_key_file, path_ + ": neither a node's id nor its public key: " + each.key};
    if (!made->nodes.emplace(*id, table::row{each.name, each.roles}).second) {
      return error{errc::bad_key_file, path_ + ": twice there: " + each.key};
    }
  }
  const std::lock_guard lock(mutex_);
  table_ = std::move(made);
  return {};
}

void trusted_keys::authenticate_peer(peer_credential shown, verdict_handler answer) {
  const auto known = [&] {
    const std::lock_guard lock(mutex_);
    return table_;
  }();
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
