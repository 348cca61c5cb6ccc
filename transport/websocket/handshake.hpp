// SPDX-License-Identifier: MIT
#pragma once

/// The opening handshake, both sides, and who may open at all: Host against DNS rebinding, Origin against pages of
/// other sites. Source: RFC 6455, sections 4 and 10.2.

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/random.hpp>

#include "transport/http.hpp"
#include "transport/websocket/deflate.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace askr::websocket {

struct handshake_options {
  /// Names the Host header may have, any port. Checked on every request.
  std::vector<std::string> allowed_hosts = {"localhost", "127.0.0.1", "[::1]"};
  /// Pages that may connect, each exactly as scheme://host[:port]. A request without Origin is no browser's and passes.
  std::vector<std::string> allowed_origins = {};
  /// Pages that came from the host and port the request names may connect; on loopback, from any port. By TLS only
  /// pages that came by TLS.
  bool allow_same_host = true;
  /// Any page may connect. For tests of conformance only.
  bool allow_any_origin = false;
  /// What this side speaks. A client that offers some must offer one of these; a client that offers none gets none.
  std::vector<std::string> subprotocols = {};
  /// Accept permessage-deflate.
  bool deflate = false;
};

/// What the connection says of a request, beside the request itself.
struct request_way {
  bool tls = false;
  std::string_view reached_at = {};  ///< The address of this host that it was made to, as in a URL; may be empty.
};

struct acceptance {
  std::string subprotocol;  ///< Empty: none was asked for.
  std::optional<deflate_parameters> deflate;
  byte_buffer response;  ///< The 101, whole.
};

struct refusal {
  int status = 400;
  std::string_view reason;  ///< A constant sentence for people.
  byte_buffer response;     ///< Whole; the connection closes behind it.
};

/// Whether this is meant as a WebSocket handshake; otherwise it is some HTTP route's.
bool wants_upgrade(const http::request& request) noexcept;

/// A name on the allow list, or the address that the connection itself was made to: under DNS rebinding a page cannot
/// make a browser send either. To be asked of every request.
bool host_allowed(const http::request& request, const handshake_options& options, const request_way& way) noexcept;
/// No page, or one that may connect. Sound only if the Host is allowed. To be asked of every request, too.
bool origin_allowed(const http::request& request, const handshake_options& options, const request_way& way) noexcept;

/// Judges a client's request. Refusals: 421 Host, 405 method, 400 malformed or no subprotocol in common, 403 Origin,
/// 426 another version.
std::variant<acceptance, refusal> check_request(const http::request& request, const handshake_options& options,
                                                const request_way& way = {});

/// A refusal as a plain text response with its reason.
refusal make_refusal(int status, std::string_view reason, std::span<const http::header> extra = {});

/// What a client asks for.
struct client_handshake {
  std::string host;  ///< host[:port], as in the URL.
  std::string target = "/";
  std::vector<std::string> subprotocols = {};
  std::string key = {};  ///< From make_key().
};

/// A fresh Sec-WebSocket-Key: 16 random octets in base64.
std::string make_key(const entropy& random);

void append_request(byte_buffer& out, const client_handshake& handshake);

/// Judges a server's answer and returns the subprotocol it chose. errc::denied (403, 421), errc::unauthenticated (401),
/// errc::overloaded (429, 503), errc::unsupported (other refusals, no subprotocol in common), errc::bad_message.
result<std::string> check_response(const http::response& response, const client_handshake& handshake);

/// The answer to a key: base64(SHA-1(key + GUID)). Source: RFC 6455, section 4.2.2.
std::string accept_key(std::string_view key);

}  // namespace askr::websocket
