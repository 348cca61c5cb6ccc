// SPDX-License-Identifier: MIT
#include <askr/authority.hpp>

#include "crypto/certificate.hpp"
#include "crypto/hex.hpp"
#include "crypto/key_file.hpp"
#include "crypto/key_list.hpp"
#include "crypto/revocations.hpp"

#include <algorithm>
#include <filesystem>
#include <span>

namespace askr {
namespace {

constexpr std::size_t workspace_characters_max = 64;

result<node_id> node_named(const std::string& text) {
  const auto id = crypto::node_of_key(text);
  if (!id) return error{errc::bad_options, "neither a node's id nor its public key: " + text};
  return *id;
}

result<crypto::revocation_list> read_list(const std::string& path, const std::string& workspace,
                                          const crypto::public_key& authority) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return crypto::revocation_list{};
  const auto text = crypto::read_list_file(path, crypto::list_access::readable);
  if (!text) return text.error();
  auto list = crypto::verified_revocations(*text, workspace, std::span(&authority, 1));
  if (!list) return error{errc::bad_key_file, path + ": " + list.error().detail};
  return list;
}

}  // namespace

result<admitted_node> admit_node(const std::string& authority_file, const admission& what,
                                 const std::string& certificate_file) {
  const auto authority = crypto::load_signing_key(authority_file, crypto::signing_key_kind::authority);
  if (!authority) return authority.error();
  const auto id = node_named(what.node);
  if (!id) return id.error();
  if (what.workspace.empty() || what.workspace.size() > workspace_characters_max) {
    return error{errc::bad_options, "a workspace's name has 1 to 64 characters"};
  }
  crypto::certificate made{.subject = *id,
                           .serial = entropy{}.next(),
                           .not_before = what.not_before,
                           .not_after = what.not_after,
                           .name = what.name,
                           .roles = what.roles,
                           .rights = {}};
  if (!what.rights.empty()) {
    auto& rights = made.rights.emplace();
    for (const auto& [verb, pattern] : what.rights) rights.push_back({verb, pattern});
  }
  const auto serial = made.serial;
  const auto bytes = crypto::sign_certificate(std::move(made), what.workspace, *authority);
  if (!bytes) return bytes.error();
  const auto written = crypto::write_whole_file(certificate_file, "askr-certificate 1 " + crypto::to_hex(*bytes),
                                                crypto::file_kind::public_list, entropy{});
  if (!written) return written.error();
  return admitted_node{*id, serial};
}

result<std::size_t> revoke(const std::string& authority_file, const std::string& workspace,
                           const std::string& revocations_file, const std::vector<std::string>& nodes,
                           const std::vector<std::uint64_t>& serials, wall_ms now) {
  const auto authority = crypto::load_signing_key(authority_file, crypto::signing_key_kind::authority);
  if (!authority) return authority.error();
  auto list = read_list(revocations_file, workspace, authority->shown);
  if (!list) return list.error();
  for (const auto& each : nodes) {
    const auto id = node_named(each);
    if (!id) return id.error();
    list->nodes.insert(*id);
  }
  list->serials.insert(serials.begin(), serials.end());
  list->number = std::max(list->number + 1, now);
  auto text = crypto::sign_revocations(*list, workspace, *authority);
  text.pop_back();  // The file's last line end is written with it.
  const auto written = crypto::write_whole_file(revocations_file, text, crypto::file_kind::public_list, entropy{});
  if (!written) return written.error();
  return list->nodes.size() + list->serials.size();
}

}  // namespace askr
