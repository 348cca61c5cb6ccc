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

namespace askr::crypto {

inline constexpr std::size_t key_file_bytes_max = 1024;
inline constexpr std::size_t workspace_secret_characters_min = 32;

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

/// "askr-identity 1 " and the seed as 64 hexadecimal digits; what load_or_create_identity reads and writes.
secret_text identity_text(const identity& self);
result<identity> identity_from_text(std::string_view text);
/// Makes a new identity if there is no such file.
result<identity> load_or_create_identity(const std::string& path, const entropy& random);

/// What `askr keygen` prints: 64 hexadecimal digits from the operating system's random source.
secret_text generate_workspace_secret(const entropy& random);
/// A hash of the text, without white space at its end. Fails with errc::bad_options below 32 or above 1,023 characters.
result<secret<32>> workspace_secret_from_text(std::string_view text);
result<secret<32>> load_workspace_secret(const std::string& path);
/// For the secret that the nodes of one user share on one host: whoever comes first makes the file.
result<secret<32>> load_or_create_workspace_secret(const std::string& path, const entropy& random);

}  // namespace askr::crypto
