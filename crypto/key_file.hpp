// SPDX-License-Identifier: MIT
#pragma once

/// Secrets on disk: a node's identity and a workspace's secret, each one line of text in a file that only its owner can
/// read. Files are made at once and whole (temporary file, fsync, rename that never replaces), so two processes that
/// start together end up with the same secret, and a crash leaves either the file or nothing.

#include "crypto/identity.hpp"
#include "crypto/secret.hpp"

#include <askr/error.hpp>
#include <askr/random.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace askr::crypto {

inline constexpr std::size_t key_file_bytes_max = 4096;
inline constexpr std::size_t list_file_bytes_max = 1 << 20;
inline constexpr std::size_t workspace_secret_characters_min = 32;
inline constexpr std::size_t workspace_secret_characters_max = 1023;

/// A file's text, without the line's end; zeroed when it goes.
struct secret_text {
  secret<key_file_bytes_max> room;
  std::size_t length = 0;

  std::string_view view() const noexcept { return as_text(room.span().first(length)); }
};

/// Fails with errc::bad_key_file unless it is a regular file of this user with mode 0600 or less, of at most
/// key_file_bytes_max bytes.
result<secret_text> read_key_file(const std::string& path);
/// Makes the file (and its folder, 0700) with mode 0600. Fails with errc::bad_key_file if it exists, else io_failed.
result<void> create_key_file(const std::string& path, std::string_view text, const entropy& random);

/// Who else may read a file that decides who comes in. Nobody else but root may write it.
enum class list_access : std::uint8_t { secret, readable };
/// The text of a file of keys, tokens or the like. Fails with errc::bad_key_file, as read_key_file().
result<std::string> read_list_file(const std::string& path, list_access access);

enum class file_kind : std::uint8_t {
  new_secret,   ///< 0600; an existing file is errc::bad_key_file.
  secret_list,  ///< 0600; replaces what was there.
  public_list,  ///< 0644; replaces what was there.
};
/// Writes a file at once and whole, and its folder (0700) if there is none.
result<void> write_whole_file(const std::string& path, std::string_view text, file_kind kind, const entropy& random);

/// "askr-identity 1 " and the seed as 64 hexadecimal digits; what load_or_create_identity reads and writes.
secret_text identity_text(const identity& self);
result<identity> identity_from_text(std::string_view text);
/// Makes a new identity if there is no such file.
result<identity> load_or_create_identity(const std::string& path, const entropy& random);

/// Ed25519 keys of clients and authorities: "askr-client-key 1 " or "askr-authority 1 ", and the seed as 64 digits.
enum class signing_key_kind : std::uint8_t { client, authority };
result<sign_key_pair> create_signing_key(const std::string& path, signing_key_kind kind, const entropy& random);
result<sign_key_pair> load_signing_key(const std::string& path, signing_key_kind kind);

/// What `askr keygen` prints: 64 hexadecimal digits from the operating system's random source.
secret_text generate_workspace_secret(const entropy& random);
/// A hash of the text, without white space at its end. Fails with errc::bad_options below 32 or above 1,023 characters.
result<secret<32>> workspace_secret_from_text(std::string_view text);
result<secret<32>> load_workspace_secret(const std::string& path);
/// Of each line that is not blank, the newest first. Fails also for none, for more than `most`, and for one twice.
result<std::vector<secret<32>>> load_workspace_secrets(const std::string& path, std::size_t most);
/// For the secret that the nodes of one user share on one host: whoever comes first makes the file.
result<secret<32>> load_or_create_workspace_secret(const std::string& path, const entropy& random);

}  // namespace askr::crypto
