// SPDX-License-Identifier: MIT
#pragma once

/// Where a client connects to: the parts of `ws://host[:port][/path]` or `wss://...`.

#include <askr/endpoint.hpp>
#include <askr/error.hpp>

#include <string>
#include <string_view>

namespace askr {

struct client_url {
  endpoint at;         ///< Whom to dial; port 8800 if the URL names none.
  std::string host;    ///< host:port as in the URL, for the Host header.
  std::string target;  ///< Path and query; "/" if the URL has none.
  bool tls = false;    ///< wss

  /// Fails with errc::bad_options.
  static result<client_url> parse(std::string_view text);
};

}  // namespace askr
