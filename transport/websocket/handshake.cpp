// SPDX-License-Identifier: MIT
#include "transport/websocket/handshake.hpp"

#include <askr/assert.hpp>

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA1_Init() and those after it.
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace askr::websocket {
namespace {

constexpr std::string_view version = "13";
constexpr std::string_view key_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_bytes = 16;

void append_text(byte_buffer& out, std::string_view text) { append(out, as_bytes(text)); }

void append_header(byte_buffer& out, std::string_view name, std::string_view value) {
  ASKR_ASSERT(value.find_first_of("\r\n") == std::string_view::npos);
  append_text(out, name);
  append_text(out, ": ");
  append_text(out, value);
  append_text(out, "\r\n");
}

std::string base64(byte_span bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a NUL.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

/// 16 octets in base64: 22 characters and "==".
bool is_key(std::string_view key) noexcept {
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_base64);
}

bool is_loopback_name(std::string_view host) noexcept {
  return http::equals_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

/// An origin with its port made explicit, so that https://a and https://a:443 are one. Source: RFC 6454, section 4.
struct origin {
  std::string_view scheme;
  std::string_view host;
  std::string_view port;
};

std::optional<origin> split_origin(std::string_view text) noexcept {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos || end == 0) return {};
  const std::string_view scheme = text.substr(0, end);
  const auto where = http::split_authority(text.substr(end + 3));
  if (!where) return {};
  std::string_view port = where->port;
  if (port.empty() && http::equals_ignoring_case(scheme, "http")) port = "80";
  if (port.empty() && http::equals_ignoring_case(scheme, "https")) port = "443";
  return origin{scheme, where->host, port};
}

bool same_origin(const origin& left, std::string_view text) noexcept {
  const auto right = split_origin(text);
  return right && http::equals_ignoring_case(left.scheme, right->scheme) &&
         http::equals_ignoring_case(left.host, right->host) && left.port == right->port;
}

/// The page came from where the request goes. Sound only after Host was found on its allow list: under DNS rebinding
/// the two always agree.
bool same_host(const origin& page, const http::request& request, const request_way& way) noexcept {
  const auto host = http::split_authority(request.find("Host").value_or(std::string_view{}));
  if (!host) return false;
  if (is_loopback_name(page.host) && is_loopback_name(host->host)) return true;
  // Whoever sits on the wire can write a page of http://, and would have its browser show a certificate here.
  if (way.tls && !http::equals_ignoring_case(page.scheme, "https")) return false;
  const std::string_view default_port = http::equals_ignoring_case(page.scheme, "https") ? "443" : "80";
  return http::equals_ignoring_case(page.host, host->host) &&
         page.port == (host->port.empty() ? default_port : host->port);
}

/// The first known subprotocol of the client's list; nothing if none is known although some were offered.
std::optional<std::string> choose_subprotocol(const http::request& request, const std::vector<std::string>& known) {
  bool offered = false;
  for (const http::header& field : request.headers) {
    if (!http::equals_ignoring_case(field.name, "Sec-WebSocket-Protocol")) continue;
    std::string_view list = field.value;
    while (const auto name = http::take_list_element(list)) {
      offered = true;
      if (std::find(known.begin(), known.end(), *name) != known.end()) return std::string(*name);
    }
  }
  if (offered) return {};
  return std::string();
}

result<std::optional<deflate_parameters>> choose_deflate(const http::request& request, bool wanted) {
  std::vector<std::string_view> offers;
  for (const http::header& field : request.headers)
    if (wanted && http::equals_ignoring_case(field.name, "Sec-WebSocket-Extensions")) offers.push_back(field.value);
  return negotiate_deflate(offers);
}

byte_buffer make_acceptance(std::string_view key, const acceptance& terms) {
  byte_buffer out;
  append_text(out, "HTTP/1.1 101 Switching Protocols\r\n");
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Accept", accept_key(key));
  if (!terms.subprotocol.empty()) append_header(out, "Sec-WebSocket-Protocol", terms.subprotocol);
  if (terms.deflate) append_header(out, "Sec-WebSocket-Extensions", deflate_answer(*terms.deflate));
  append_text(out, "\r\n");
  return out;
}

/// What is wrong with the request as a handshake, apart from its subprotocols and extensions.
std::optional<refusal> find_fault(const http::request& request, const handshake_options& options,
                                  const request_way& way) {
  static constexpr std::array get_only{http::header{"Allow", "GET"}};
  static constexpr std::array this_version{http::header{"Upgrade", "websocket"},
                                           http::header{"Sec-WebSocket-Version", version}};
  if (!host_allowed(request, options, way)) return make_refusal(421, "this host name is not served here");
  if (request.method != "GET") return make_refusal(405, "a WebSocket handshake is a GET", get_only);
  if (!request.has_token("Connection", "Upgrade") || !request.has_token("Upgrade", "websocket"))
    return make_refusal(400, "not a WebSocket handshake");
  if (request.count("Sec-WebSocket-Version") > 1) return make_refusal(400, "Sec-WebSocket-Version is given twice");
  if (request.find("Sec-WebSocket-Version") != version)
    return make_refusal(426, "only WebSocket version 13 is spoken here", this_version);
  if (request.count("Sec-WebSocket-Key") != 1 || !is_key(*request.find("Sec-WebSocket-Key")))
    return make_refusal(400, "Sec-WebSocket-Key must be 16 octets in base64, once");
  if (request.count("Origin") > 1) return make_refusal(400, "Origin is given twice");
  if (!origin_allowed(request, options, way)) return make_refusal(403, "pages of this origin may not connect");
  return {};
}

errc refusal_code(int status) noexcept {
  if (status == 401) return errc::unauthenticated;
  if (status == 403 || status == 421) return errc::denied;
  if (status == 429 || status == 503) return errc::overloaded;
  return errc::unsupported;
}

}  // namespace

bool wants_upgrade(const http::request& request) noexcept { return request.has_token("Upgrade", "websocket"); }

bool host_allowed(const http::request& request, const handshake_options& options, const request_way& way) noexcept {
  if (http::host_allowed(request, options.allowed_hosts)) return true;
  const auto named = http::split_authority(request.find("Host").value_or(std::string_view{}));
  return named && !way.reached_at.empty() && named->host == way.reached_at;
}

bool origin_allowed(const http::request& request, const handshake_options& options, const request_way& way) noexcept {
  if (request.count("Origin") > 1) return false;
  const auto text = request.find("Origin");
  if (!text || options.allow_any_origin) return true;
  const auto page = split_origin(*text);  // "null" has no scheme: refused.
  if (!page) return false;
  const auto& listed = options.allowed_origins;
  if (std::any_of(listed.begin(), listed.end(), [&](const std::string& each) { return same_origin(*page, each); }))
    return true;
  return options.allow_same_host && same_host(*page, request, way);
}

std::variant<acceptance, refusal> check_request(const http::request& request, const handshake_options& options,
                                                const request_way& way) {
  if (auto fault = find_fault(request, options, way)) return std::move(*fault);
  auto subprotocol = choose_subprotocol(request, options.subprotocols);
  if (!subprotocol) return make_refusal(400, "none of the offered subprotocols is known");
  auto deflate = choose_deflate(request, options.deflate);
  if (!deflate) return make_refusal(400, "malformed Sec-WebSocket-Extensions");
  acceptance accepted{std::move(*subprotocol), *deflate, {}};
  accepted.response = make_acceptance(*request.find("Sec-WebSocket-Key"), accepted);
  return accepted;
}

refusal make_refusal(int status, std::string_view reason, std::span<const http::header> extra) {
  refusal refused{status, reason, {}};
  const std::string body = std::string(reason) + "\n";
  http::append_response(refused.response, status, "text/plain; charset=utf-8", body, extra);
  return refused;
}

std::string make_key(const entropy& random) {
  std::array<std::uint8_t, key_bytes> nonce;
  random.fill(nonce);
  return base64(nonce);
}

void append_request(byte_buffer& out, const client_handshake& handshake) {
  ASKR_ASSERT(is_key(handshake.key) && handshake.target.starts_with('/'));
  ASKR_ASSERT(handshake.target.find_first_of(" \r\n") == std::string::npos);
  append_text(out, "GET ");
  append_text(out, handshake.target);
  append_text(out, " HTTP/1.1\r\n");
  append_header(out, "Host", handshake.host);
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Key", handshake.key);
  append_header(out, "Sec-WebSocket-Version", version);
  std::string offered;
  for (const std::string& name : handshake.subprotocols) offered += (offered.empty() ? "" : ", ") + name;
  if (!offered.empty()) append_header(out, "Sec-WebSocket-Protocol", offered);
  append_text(out, "\r\n");
}

result<std::string> check_response(const http::response& response, const client_handshake& handshake) {
  if (response.status != 101) {
    return error{refusal_code(response.status),
                 "HTTP " + std::to_string(response.status) + " " + std::string(response.reason)};
  }
  if (!response.has_token("Upgrade", "websocket") || !response.has_token("Connection", "Upgrade"))
    return error{errc::bad_message, "the answer is not a WebSocket upgrade"};
  if (response.count("Sec-WebSocket-Accept") != 1 || response.find("Sec-WebSocket-Accept") != accept_key(handshake.key))
    return error{errc::bad_message, "Sec-WebSocket-Accept does not fit the key"};
  if (response.count("Sec-WebSocket-Extensions") != 0)
    return error{errc::bad_message, "the server chose an extension that was not offered"};
  const auto& offered = handshake.subprotocols;
  const std::string chosen(response.find("Sec-WebSocket-Protocol").value_or(std::string_view{}));
  if (chosen.empty() && offered.empty()) return chosen;
  if (response.count("Sec-WebSocket-Protocol") != 1 ||
      std::find(offered.begin(), offered.end(), chosen) == offered.end())
    return error{errc::unsupported, "the server chose none of the offered subprotocols"};
  return chosen;
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + std::string(key_guid);
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest;
  // Not SHA1(): that looks the hash up in OpenSSL's providers, for which 2 MiB of it are set up in each process.
  SHA_CTX state;
  SHA1_Init(&state);
  SHA1_Update(&state, text.data(), text.size());
  SHA1_Final(digest.data(), &state);
  return base64(digest);
}

}  // namespace askr::websocket
