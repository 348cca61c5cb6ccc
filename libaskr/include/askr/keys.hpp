// SPDX-License-Identifier: MIT
#pragma once

/// Makes the secrets that options name: a workspace's secret, a node's identity, and clients' tokens. Files get mode
/// 0600, are made whole or not at all, and are never overwritten.

#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <string>

namespace askr {

/// For node_options::secret and secret_file: 64 hexadecimal digits from the operating system's random source.
std::string generate_workspace_secret();
/// For authenticator `token`: what a client shows.
std::string generate_token();

/// Fails with errc::bad_key_file if the file exists, else io_failed.
result<void> generate_workspace_secret_file(const std::string& path);
/// What tells a node from all others: it follows from its identity.
struct public_identity {
  node_id id;
  std::string key;  ///< Both public keys, 128 hexadecimal digits.
};
/// The same for node_options::identity_file. The id is the one the node will have.
result<public_identity> generate_identity_file(const std::string& path);
/// The same for client_options::signing_key_file. Gives the public key for the nodes' file (authenticator `client_key`).
result<std::string> generate_client_key_file(const std::string& path);
/// The same for the authority of a workspace (<askr/authority.hpp>); its public key, which is given back, is also
/// written to `path` + ".pub", for the nodes (authenticator `workspace_authority`).
result<std::string> generate_authority_file(const std::string& path);

/// Adds a line with the token's hash to a token file, which is made if there is none. Fails with bad_options (a name
/// that is not 1 to 256 printable characters without blanks), bad_key_file or io_failed.
result<void> add_token(const std::string& path, const std::string& name, const std::string& token);

/// The token in a client's file: its first line, either the secret alone or `NAME SECRET`, so that a token file made
/// for one client serves both sides. Fails with errc::bad_key_file unless the file is this user's own, with mode 0600.
result<std::string> read_token_file(const std::string& path);

}  // namespace askr
