// SPDX-License-Identifier: MIT
#pragma once

/// The authenticators that come with askr, beside workspace_secret and open_workspace. Peers have proven the
/// workspace's secret before any of them is asked. What they read from files they read again when these change.
/// (docs/protocol.md, "Who may come in")

#include <askr/authenticator.hpp>
#include <askr/detail/replaceable.hpp>
#include <askr/permissions.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

/// Clients show a token of 256 bits. Tokens are kept hashed and compared in constant time.
class token : public workspace_secret {
 public:
  struct entry {
    std::string name;    ///< The principal's name.
    std::string secret;  ///< What the client shows, at least 32 characters; or its hash, as hash_token() makes it.
    permissions rights = permissions::member();
    std::vector<std::string> roles = {};
  };

  /// Throws failure(errc::bad_options) for a secret that is too short or given twice.
  explicit token(const std::vector<entry>& entries);
  ~token() override;
  /// Reads lines of `NAME SECRET [ROLE...]`; the file must be 0600 and owned by the user. Throws
  /// failure(errc::bad_key_file).
  static std::shared_ptr<token> from_file(const std::string& path);

  void authenticate_client(client_credential shown, verdict_handler answer) override;
  std::vector<std::string> files() const override;
  result<void> reload() override;

 private:
  struct table;
  std::string path_;
  detail::replaceable<table> table_;
};

/// Nodes whose keys are in a file are members, no others; clients as with workspace_secret.
/// A line is `ID [NAME [ROLE...]]`: a node's id, or its public key (both said by `askr keygen --identity`); `#` begins
/// a remark. Without NAME, or with `-`, a node goes by its own.
class trusted_keys : public workspace_secret {
 public:
  /// Throws failure(errc::bad_key_file).
  explicit trusted_keys(std::string path);
  ~trusted_keys() override;

  void authenticate_peer(peer_credential shown, verdict_handler answer) override;
  std::vector<std::string> files() const override;
  result<void> reload() override;

 private:
  struct table;
  std::string path_;
  detail::replaceable<table> table_;
};

/// Clients prove keys that are in a file; peers as with workspace_secret. A line is `KEY NAME [ROLE...]`, the key as
/// said by `askr keygen --key`.
class client_key : public workspace_secret {
 public:
  /// Throws failure(errc::bad_key_file).
  explicit client_key(std::string path);
  ~client_key() override;

  void authenticate_client(client_credential shown, verdict_handler answer) override;
  std::vector<std::string> files() const override;
  result<void> reload() override;

 private:
  struct table;
  std::string path_;
  detail::replaceable<table> table_;
};

/// Clients that have shown a certificate of `tls.client_ca_file` go by its subject, have the roles that its O say, and
/// may do everything but `admin` until it expires; no others are let in. To stand beside token and client_key;
/// workspace_secret alone lets them in, too. Peers as with that.
class client_certificate : public workspace_secret {
 public:
  void authenticate_client(client_credential shown, verdict_handler answer) override;
};

/// Nodes that show a certificate signed by the workspace's authority are members, until it expires or is revoked;
/// clients as with workspace_secret.
class workspace_authority : public workspace_secret {
 public:
  struct sources {
    std::string authority_file;         ///< Public keys of authorities, one a line (`askr keygen --authority`).
    std::string certificate_file;       ///< This node's own certificate (`askr admit`).
    std::string revocations_file = {};  ///< Signed by an authority (`askr revoke`). Empty: none.
  };

  /// Throws failure(errc::bad_key_file), also for a certificate that no such authority has signed.
  workspace_authority(std::string workspace, sources from);
  ~workspace_authority() override;

  void authenticate_peer(peer_credential shown, verdict_handler answer) override;
  byte_buffer credential() const override;
  std::vector<std::string> files() const override;
  result<void> reload() override;

 private:
  struct state;

  std::string workspace_;
  sources from_;
  detail::replaceable<state> state_;
};

/// One authenticator for peers, others for clients: these are asked in turn until one admits the client.
class peers_and_clients : public authenticator {
 public:
  peers_and_clients(std::shared_ptr<authenticator> peers, std::vector<std::shared_ptr<authenticator>> clients);

  void authenticate_peer(peer_credential shown, verdict_handler answer) override;
  void authenticate_client(client_credential shown, verdict_handler answer) override;
  byte_buffer credential() const override { return peers_->credential(); }
  std::vector<std::string> files() const override;
  result<void> reload() override;

 private:
  std::shared_ptr<authenticator> peers_;
  std::vector<std::shared_ptr<authenticator>> clients_;
};

/// What a token file may hold in a token's place: "blake2b:" and 64 hexadecimal digits.
std::string hash_token(std::string_view token);

}  // namespace askr
