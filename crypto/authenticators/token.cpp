// SPDX-License-Identifier: MIT
#include "crypto/key_file.hpp"
#include "crypto/primitives.hpp"

#include <askr/authenticator.hpp>

#include <algorithm>
#include <sstream>

namespace askr {
namespace {

constexpr std::size_t token_characters_min = 32;
constexpr std::size_t token_characters_max = 256;

using token_hash = std::array<std::uint8_t, 32>;

token_hash hash_of(std::string_view secret) {
  token_hash hash{};
  crypto::blake2b(hash, {as_bytes("askr-token"), as_bytes(secret)});
  return hash;
}

}  // namespace

struct token::hashed_entry {
  std::string name;
  token_hash hash{};
  permissions rights;
  std::vector<std::string> roles;
};

token::token(const std::vector<entry>& entries) {
  for (const auto& each : entries) {
    if (each.secret.size() < token_characters_min || each.secret.size() > token_characters_max) {
      throw failure(errc::bad_options, "the token of " + each.name + " must have 32 to 256 characters");
    }
    const auto hash = hash_of(each.secret);
    const auto taken = std::any_of(entries_.begin(), entries_.end(), [&](const auto& e) { return e.hash == hash; });
    if (taken) throw failure(errc::bad_options, "the token of " + each.name + " is given twice");
    entries_.push_back({each.name, hash, each.rights, each.roles});
  }
}

token::~token() = default;

std::shared_ptr<token> token::from_file(const std::string& path) {
  const auto text = crypto::read_key_file(path);
  if (!text) throw failure(text.error());
  std::istringstream lines{std::string(text->view())};
  std::vector<entry> entries;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.find(' ');
    if (space == std::string::npos) throw failure(errc::bad_key_file, path + ": a line is NAME SECRET");
    entries.push_back({.name = line.substr(0, space), .secret = line.substr(space + 1)});
  }
  try {
    return std::make_shared<token>(entries);
  } catch (const failure& why) {
    throw failure(errc::bad_key_file, path + ": " + why.detail());
  }
}

void token::authenticate_client(client_credential shown, verdict_handler answer) {
  const auto hash = hash_of(shown.token);
  // All entries are compared, so the time taken does not say which one came close.
  const hashed_entry* match = nullptr;
  for (const auto& each : entries_) {
    if (crypto::equal_in_constant_time(each.hash, hash)) match = &each;
  }
  if (match == nullptr) return answer(error{errc::unauthenticated, "unknown token"});
  principal who;
  who.name = match->name;
  who.roles = match->roles;
  who.rights = match->rights;
  answer(std::move(who));
}

}  // namespace askr
