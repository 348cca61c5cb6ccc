// SPDX-License-Identifier: MIT
#include "crypto/hex.hpp"
#include "crypto/key_file.hpp"
#include "crypto/key_list.hpp"
#include "crypto/primitives.hpp"

#include <askr/authenticators.hpp>

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t token_characters_min = 32;
constexpr std::size_t token_characters_max = 256;
constexpr std::string_view hash_prefix = "blake2b:";

using token_hash = std::array<std::uint8_t, 32>;

token_hash hash_of(std::string_view secret) {
  token_hash hash{};
  crypto::blake2b(hash, {as_bytes("askr-token"), as_bytes(secret)});
  return hash;
}

result<token_hash> read_secret(const token::entry& from) {
  if (from.secret.starts_with(hash_prefix)) {
    token_hash hash{};
    if (crypto::from_hex(hash, std::string_view(from.secret).substr(hash_prefix.size()))) return hash;
    return error{errc::bad_options, "the hash of the token of " + from.name + " is not one"};
  }
  if (from.secret.size() < token_characters_min || from.secret.size() > token_characters_max) {
    return error{errc::bad_options, "the token of " + from.name + " must have 32 to 256 characters"};
  }
  return hash_of(from.secret);
}

}  // namespace

struct token::table {
  struct row {
    std::string name;
    token_hash hash{};
    permissions rights;
    std::vector<std::string> roles;
  };
  std::vector<row> rows;

  static result<std::shared_ptr<const table>> of(const std::vector<entry>& entries) {
    auto made = std::make_shared<table>();
    for (const auto& each : entries) {
      const auto hash = read_secret(each);
      if (!hash) return hash.error();
      const auto taken =
          std::any_of(made->rows.begin(), made->rows.end(), [&](const auto& e) { return e.hash == *hash; });
      if (taken) return error{errc::bad_options, "the token of " + each.name + " is given twice"};
      made->rows.push_back({each.name, *hash, each.rights, each.roles});
    }
    return std::shared_ptr<const table>(std::move(made));
  }
};

token::token(const std::vector<entry>& entries) {
  auto made = table::of(entries);
  if (!made) throw failure(made.error());
  table_.set(std::move(*made));
}

token::~token() = default;

std::shared_ptr<token> token::from_file(const std::string& path) {
  auto made = std::make_shared<token>(std::vector<entry>{});
  made->path_ = path;
  if (const auto read = made->reload(); !read) throw failure(read.error());
  return made;
}

std::vector<std::string> token::files() const {
  return path_.empty() ? std::vector<std::string>{} : std::vector<std::string>{path_};
}

result<void> token::reload() {
  if (path_.empty()) return {};
  auto text = crypto::read_list_file(path_, crypto::list_access::secret);
  if (!text) return text.error();
  // The words of a key list, but the name comes first.
  auto lines = crypto::parse_key_list(*text);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
  if (!lines) return error{errc::bad_key_file, path_ + ": " + lines.error().detail};
  std::vector<entry> entries;
  for (auto& each : *lines) {
    if (each.name.empty()) return error{errc::bad_key_file, path_ + ": a line is NAME TOKEN [ROLE...]"};
    entries.push_back({.name = std::move(each.key), .secret = std::move(each.name), .roles = std::move(each.roles)});
  }
  auto made = table::of(entries);
  for (auto& each : entries) crypto::wipe({reinterpret_cast<std::uint8_t*>(each.secret.data()), each.secret.size()});
  if (!made) return error{errc::bad_key_file, path_ + ": " + made.error().detail};
  table_.set(std::move(*made));
  return {};
}

void token::authenticate_client(client_credential shown, verdict_handler answer) {
  const auto known = table_.get();
  const auto hash = hash_of(shown.token);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(shown.token.data()), shown.token.size()});
  // All are compared, so the time taken does not say which one came close.
  const table::row* match = nullptr;
  for (const auto& each : known->rows) {
    if (crypto::equal_in_constant_time(each.hash, hash)) match = &each;
  }
  if (match == nullptr) return answer(error{errc::unauthenticated, "unknown token"});
  principal who;
  who.name = match->name;
  who.roles = match->roles;
  who.rights = match->rights;
  answer(std::move(who));
}

std::string hash_token(std::string_view token) { return std::string(hash_prefix) + crypto::to_hex(hash_of(token)); }

}  // namespace askr
