// SPDX-License-Identifier: MIT
#pragma once

/// Who may come in: one interface for peers and for clients. It answers now or later, with a principal or an error.
/// Ready-made ones: <askr/authenticators.hpp>.
///
/// A peer has already proven that it holds its static key and the workspace's secret when an authenticator sees it;
/// a client has passed the Host and Origin checks. Nothing of either is parsed further before the answer.

#include <askr/bytes.hpp>
#include <askr/detail/unique_function.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/principal.hpp>
#include <askr/time.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace askr {

/// What a peer showed in the handshake. Owned: it may outlive the link.
struct peer_credential {
  node_id id;
  std::array<std::uint8_t, 32> noise_key{};  ///< X25519, proven by the handshake.
  std::array<std::uint8_t, 32> sign_key{};   ///< Ed25519, bound to `id`.
  std::string name;                          ///< The peer's own label for itself.
  byte_buffer credential;                    ///< What its authenticator's `credential()` returned.
  byte_buffer channel_binding;               ///< The handshake's hash: unique to this link.
  wall_ms shown_at = 0;                      ///< This host's wall clock when it was shown.
};

/// What a client showed. Owned: it may outlive the session.
struct client_credential {
  std::string token;      ///< From the first message or the subprotocol list; may be empty.
  std::string origin;     ///< The Origin header; empty for anything but a browser.
  std::string address;    ///< The client's IP address.
  bool loopback = false;  ///< The connection came over 127.0.0.0/8 or ::1.
  /// Subject of the certificate it has proved to hold, as RFC 4514 writes it ("CN=ann,O=lab"), signed by one of
  /// `tls.client_ca_file`. Empty: it has shown none.
  std::string certificate = {};
  std::vector<std::string> certificate_groups = {};  ///< The O of that subject.
  wall_ms certificate_expires = 0;  ///< When it does, or the first of the chain to its authority; 0: none was shown.
  /// An Ed25519 key that the client has proven to hold, by signing this session's challenge.
  std::optional<std::array<std::uint8_t, 32>> key = {};
  wall_ms shown_at = 0;  ///< This host's wall clock when it was shown.
};

/// Called once, from any thread, now or later. A second answer, and one after the connection has gone, are ignored; an
/// authenticator that throws, drops this without a call, or has not answered after `limits.verdict_deadline` has
/// refused.
using verdict_handler = detail::unique_function<void(result<principal>)>;

/// Implementations must be thread-safe if they are shared by several nodes. The default refuses everybody.
class authenticator {
 public:
  virtual ~authenticator() = default;

  virtual void authenticate_peer(peer_credential shown, verdict_handler answer);
  virtual void authenticate_client(client_credential shown, verdict_handler answer);

  /// What this node shows to its peers, at most 256 bytes; sent encrypted, after the peer has proven the secret.
  virtual byte_buffer credential() const { return {}; }

  /// Files on which verdicts or credential() rest. A node looks at them twice a second. When one has changed it calls
  /// reload(), and asks again about every node and client that is in: who is refused now is closed, with the reason.
  virtual std::vector<std::string> files() const { return {}; }
  /// Fails if a file cannot be read: then all stays as it was, and the node logs why.
  virtual result<void> reload() { return {}; }
};

/// The first authenticator: whoever proved the workspace's secret is a member. Clients of this host are `local` and may
/// do what the node may; those that have shown a certificate go by its subject, have the roles that its O say, and may
/// do everything but `admin` until it expires; other clients from elsewhere are refused.
class workspace_secret : public authenticator {
 public:
  void authenticate_peer(peer_credential shown, verdict_handler answer) override;
  void authenticate_client(client_credential shown, verdict_handler answer) override;
};

/// No authentication at all, for `node_options::open`: whoever knows the workspace's name may do everything but
/// `admin`.
class open_workspace : public workspace_secret {
 public:
  void authenticate_client(client_credential shown, verdict_handler answer) override;
};

}  // namespace askr
