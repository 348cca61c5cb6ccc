// SPDX-License-Identifier: MIT
#include "crypto/certificate.hpp"
#include "crypto/hex.hpp"
#include "crypto/key_file.hpp"
#include "crypto/key_list.hpp"
#include "crypto/revocations.hpp"

#include <askr/authenticators.hpp>

#include <map>

namespace askr {
namespace {

constexpr std::string_view certificate_prefix = "askr-certificate 1 ";
constexpr std::size_t authorities_max = 8;
constexpr std::size_t verified_max = 16'384;

error in_file(const std::string& path, const error& why) { return {errc::bad_key_file, path + ": " + why.detail}; }

result<std::vector<crypto::public_key>> read_authorities(const std::string& path) {
  const auto lines = crypto::read_key_list(path);
  if (!lines) return lines.error();
  if (lines->empty() || lines->size() > authorities_max) {
    return error{errc::bad_key_file, path + ": 1 to 8 keys of authorities, one a line"};
  }
  std::vector<crypto::public_key> keys;
  for (const auto& each : *lines) {
    if (!crypto::from_hex(keys.emplace_back(), each.key)) {
      return error{errc::bad_key_file, path + ": an authority's key has 64 hexadecimal digits, unlike " + each.key};
    }
  }
  return keys;
}

result<byte_buffer> read_certificate(const std::string& path) {
  const auto text = crypto::read_list_file(path, crypto::list_access::readable);
  if (!text) return text.error();
  auto line = std::string_view(*text);
  line = line.substr(0, line.find_last_not_of(" \r\n") + 1);
  byte_buffer bytes(line.size() < certificate_prefix.size() ? 0 : (line.size() - certificate_prefix.size()) / 2);
  if (!line.starts_with(certificate_prefix) || !crypto::from_hex(bytes, line.substr(certificate_prefix.size()))) {
    return error{errc::bad_key_file, path + ": not a certificate"};
  }
  return bytes;
}

}  // namespace

struct workspace_authority::state {
  std::vector<crypto::public_key> authorities;
  byte_buffer own;
  crypto::revocation_list revoked;
  // A certificate is shown by a link and by a record, and again at each review.
  mutable std::mutex mutex;
  mutable std::map<byte_buffer, crypto::certificate> verified;

  result<crypto::certificate> check(byte_span shown, std::string_view workspace) const {
    const byte_buffer key(shown.begin(), shown.end());
    {
      const std::lock_guard lock(mutex);
      if (const auto known = verified.find(key); known != verified.end()) return known->second;
    }
    auto made = crypto::verified_certificate(shown, workspace, authorities);
    if (!made) return made;
    const std::lock_guard lock(mutex);
    if (verified.size() >= verified_max) verified.clear();
    verified.emplace(key, *made);
    return made;
  }
};

workspace_authority::workspace_authority(std::string workspace, sources from)
    : workspace_(std::move(workspace)), from_(std::move(from)) {
  if (const auto read = reload(); !read) throw failure(read.error());
}

workspace_authority::~workspace_authority() = default;

std::vector<std::string> workspace_authority::files() const {
  std::vector<std::string> all{from_.authority_file, from_.certificate_file};
  if (!from_.revocations_file.empty()) all.push_back(from_.revocations_file);
  return all;
}

result<void> workspace_authority::reload() {
  auto made = std::make_shared<state>();
  auto authorities = read_authorities(from_.authority_file);
  if (!authorities) return authorities.error();
  made->authorities = std::move(*authorities);
  auto own = read_certificate(from_.certificate_file);
  if (!own) return own.error();
  if (const auto good = made->check(*own, workspace_); !good) return in_file(from_.certificate_file, good.error());
  made->own = std::move(*own);
  if (!from_.revocations_file.empty()) {
    const auto text = crypto::read_list_file(from_.revocations_file, crypto::list_access::readable);
    if (!text) return text.error();
    auto list = crypto::verified_revocations(*text, workspace_, made->authorities);
    if (!list) return in_file(from_.revocations_file, list.error());
    if (const auto before = state_.get(); before && list->number < before->revoked.number) {
      return error{errc::bad_key_file, from_.revocations_file + ": older than the list in force"};
    }
    made->revoked = std::move(*list);
  }
  state_.set(std::move(made));
  return {};
}

byte_buffer workspace_authority::credential() const { return state_.get()->own; }

void workspace_authority::authenticate_peer(peer_credential shown, verdict_handler answer) {
  const auto now = state_.get();
  if (shown.credential.empty()) return answer(error{errc::unauthenticated, "it shows no certificate"});
  const auto good = now->check(shown.credential, workspace_);
  if (!good) return answer(error{errc::unauthenticated, good.error().detail});
  if (const auto admitted = crypto::admits(*good, shown.id, shown.shown_at); !admitted) return answer(admitted.error());
  if (now->revoked.covers(good->subject, good->serial)) {
    return answer(error{errc::unauthenticated, "the certificate " + std::to_string(good->serial) + " of node " +
                                                   good->subject.to_string() + " is revoked"});
  }
  principal who;
  who.what = principal::kind::node;
  who.name = good->name.empty() ? std::move(shown.name) : good->name;
  who.roles = good->roles;
  who.entry = shown.id;
  who.expires = good->not_after;
  who.rights = good->granted();
  answer(std::move(who));
}

}  // namespace askr
