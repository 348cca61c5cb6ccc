// SPDX-License-Identifier: MIT
#include "libaskr/src/client_url.hpp"

#include <algorithm>

namespace askr {
namespace {

/// What may stand in a request line or a header as it is.
bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

result<client_url> client_url::parse(std::string_view text) {
  const bool tls = text.starts_with("wss://");
  const std::string_view scheme = tls ? "wss://" : "ws://";
  const auto wrong = [&](std::string_view why) {
    return error{errc::bad_options, "\"" + std::string(text) + "\" " + std::string(why)};
  };
  if (!text.starts_with(scheme)) return wrong("is no node's URL: ws://host:port or wss://host:port");
  const auto rest = text.substr(scheme.size());
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = rest.substr(0, slash);
  const auto path = rest.substr(slash);
  if (!is_plain(rest)) return wrong("has characters that no URL has");
  if (authority.find('@') != std::string_view::npos) return wrong("has a user in it: give a token instead");
  auto at = endpoint::parse(authority);
  if (!at || at->host.empty() || at->port == 0) return wrong("has no host and port that can be dialled");
  auto host = at->to_string();
  return client_url{std::move(at).value(), std::move(host), (path.starts_with('/') ? "" : "/") + std::string(path),
                    tls};
}

}  // namespace askr
