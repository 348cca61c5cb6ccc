// SPDX-License-Identifier: MIT
#pragma once

/// Files of public keys: one a line, with a name and roles, and remarks behind `#`. Nothing in them is secret, but who
/// can write them can let anybody in. Formats: docs/protocol.md, "Files of keys".

#include "crypto/primitives.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace askr::crypto {

inline constexpr std::size_t key_list_lines_max = 16'384;
inline constexpr std::size_t key_list_word_bytes_max = 256;
inline constexpr std::size_t key_list_role_bytes_max = 64;
inline constexpr std::size_t key_list_roles_max = 16;

struct key_line {
  std::string key;   ///< As it stands there.
  std::string name;  ///< Empty: none was given.
  std::vector<std::string> roles;
};

/// The words of each line that has any. Fails with errc::bad_key_file, naming the line but not what stands there, for
/// words that are too long, too many or not printable ASCII, and for too many lines.
result<std::vector<key_line>> parse_key_list(std::string_view text);

/// The same of a file that others may read, but not write. Fails with errc::bad_key_file, naming the file.
result<std::vector<key_line>> read_key_list(const std::string& path);

/// A node's id (32 digits) or its public key, noise_key and sign_key (128 digits). Nothing for any other text.
std::optional<node_id> node_of_key(std::string_view text);
/// What identifies a node in such a file in full.
std::string public_key_text(const public_key& noise_key, const public_key& sign_key);

/// 1 to `bytes_max` characters of printable ASCII without blanks and `#`.
bool is_plain_word(std::string_view text, std::size_t bytes_max = key_list_word_bytes_max) noexcept;

}  // namespace askr::crypto
