// SPDX-License-Identifier: MIT
#include <askr/endpoint.hpp>

#include <charconv>

namespace askr {
namespace {

result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc{} || end != text.data() + text.size()) {
    return error{errc::bad_options, "not a port number: " + std::string(text.substr(0, 32))};
  }
  return port;
}

}  // namespace

std::string endpoint::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<endpoint> endpoint::parse(std::string_view text, std::uint16_t port_default) {
  if (text.empty() || text.size() > 300) return error{errc::bad_options, "an endpoint looks like HOST:PORT"};
  endpoint parsed{.host = {}, .port = port_default};
  std::string_view rest;
  if (text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return error{errc::bad_options, "an IPv6 endpoint looks like [HOST]:PORT"};
    parsed.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    parsed.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (rest.empty()) return parsed;
  if (rest.front() != ':') return error{errc::bad_options, "an endpoint looks like HOST:PORT"};
  const auto port = parse_port(rest.substr(1));
  if (!port) return port.error();
  parsed.port = *port;
  return parsed;
}

}  // namespace askr
