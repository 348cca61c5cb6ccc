// SPDX-License-Identifier: MIT
#include "crypto/key_list.hpp"

#include "crypto/hex.hpp"
#include "crypto/identity.hpp"
#include "crypto/key_file.hpp"

#include <algorithm>

namespace askr::crypto {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.substr(0, line.find('#'));
}

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const auto end = std::min(line.find_first_of(blanks), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

error wrong(std::size_t number, std::string_view why) {
  return {errc::bad_key_file, "line " + std::to_string(number) + ": " + std::string(why)};
}

}  // namespace

bool is_plain_word(std::string_view text, std::size_t bytes_max) noexcept {
  return !text.empty() && text.size() <= bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

result<std::vector<key_line>> parse_key_list(std::string_view text) {
  std::vector<key_line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto rest = take_line(text);
    const auto key = take_word(rest);
    if (key.empty()) continue;
    if (lines.size() >= key_list_lines_max) return wrong(number, "more than 16,384 keys");
    if (!is_plain_word(key)) return wrong(number, "a key has at most 256 printable characters");
    key_line line{.key = std::string(key), .name = {}, .roles = {}};
    if (const auto name = take_word(rest); !name.empty() && name != "-") line.name = name;
    if (!line.name.empty() && !is_plain_word(line.name)) {
      return wrong(number, "a name has at most 256 printable characters");
    }
    for (auto role = take_word(rest); !role.empty(); role = take_word(rest)) {
      if (!is_plain_word(role, key_list_role_bytes_max))
        return wrong(number, "a role has at most 64 printable characters");
      if (line.roles.size() >= key_list_roles_max) return wrong(number, "more than 16 roles");
      line.roles.emplace_back(role);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

result<std::vector<key_line>> read_key_list(const std::string& path) {
  const auto text = read_list_file(path, list_access::readable);
  if (!text) return text.error();
  auto lines = parse_key_list(*text);
  if (!lines) return error{errc::bad_key_file, path + ": " + lines.error().detail};
  return lines;
}

std::optional<node_id> node_of_key(std::string_view text) {
  node_id id;
  if (from_hex(id.bytes, text)) return id;
  std::array<std::uint8_t, 64> keys;
  if (!from_hex(keys, text)) return std::nullopt;
  public_key noise_key, sign_key;
  std::copy_n(keys.begin(), 32, noise_key.begin());
  std::copy_n(keys.begin() + 32, 32, sign_key.begin());
  return node_id_of(noise_key, sign_key);
}

std::string public_key_text(const public_key& noise_key, const public_key& sign_key) {
  return to_hex(noise_key) + to_hex(sign_key);
}

}  // namespace askr::crypto
