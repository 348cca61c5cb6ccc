// SPDX-License-Identifier: MIT
#include "transport/http.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace askr::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }
bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

// Source: RFC 9110, section 5.6.2.
bool is_token_char(char c) noexcept {
  return is_alphanumeric(c) || (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

// Field values: visible characters, blanks, and obs-text (octets above 127). No control characters, so no bare CR.
bool is_value_char(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet == '\t' || (octet >= 0x20 && octet != 0x7f);
}

bool is_target_char(char c) noexcept { return c > 0x20 && c < 0x7f && c != '#'; }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) noexcept {
  return std::all_of(text.begin(), text.end(), predicate);
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Lines end in CRLF, which find_end() has made sure of.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<head_failure> parse_start_line(std::string_view line, request& into) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return head_failure{400, "malformed request line"};
  into.method = line.substr(0, first);
  into.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(into.method)) return head_failure{400, "malformed method"};
  if (into.target.empty() || into.target.front() != '/' || !all_of(into.target, is_target_char))
    return head_failure{400, "malformed target"};
  if (version == "HTTP/1.1") return {};
  if (version.starts_with("HTTP/") && version.size() == 8) return head_failure{505, "only HTTP/1.1 is spoken here"};
  return head_failure{400, "malformed version"};
}

std::optional<head_failure> parse_start_line(std::string_view line, response& into) noexcept {
  constexpr std::string_view version = "HTTP/1.1 ";
  constexpr std::size_t status_end = version.size() + 3;
  if (!line.starts_with(version) || line.size() < status_end) return head_failure{400, "malformed status line"};
  const std::string_view digits = line.substr(version.size(), 3);
  const std::string_view reason = line.substr(status_end);
  if (!all_of(digits, is_digit) || (!reason.empty() && reason.front() != ' ') || !all_of(reason, is_value_char))
    return head_failure{400, "malformed status line"};
  std::from_chars(digits.data(), digits.data() + digits.size(), into.status);
  into.reason = trim(reason);
  return {};
}

std::optional<head_failure> parse_field(std::string_view line, std::vector<header>& into) {
  const std::size_t colon = line.find(':');
  // A name that is a token has no blanks, which refuses both folded lines and "Name : value".
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return head_failure{400, "malformed header name"};
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all_of(value, is_value_char)) return head_failure{400, "malformed header value"};
  into.push_back({line.substr(0, colon), value});
  return {};
}

std::optional<head_failure> check_framing(const request& request) noexcept {
  if (request.count("Host") != 1) return head_failure{400, "Host is required exactly once"};
  if (request.count("Transfer-Encoding") != 0) return head_failure{501, "request bodies are not supported"};
  if (request.count("Content-Length") > 1) return head_failure{400, "Content-Length is given twice"};
  const auto length = request.find("Content-Length");
  if (length && *length != "0") return head_failure{400, "request bodies are not supported"};
  return {};
}

std::optional<head_failure> check_framing(const response&) noexcept { return {}; }

void append_text(byte_buffer& out, std::string_view text) { append(out, as_bytes(text)); }

void append_header(byte_buffer& out, std::string_view name, std::string_view value) {
  ASKR_ASSERT(is_token(name) && all_of(value, is_value_char));
  append_text(out, name);
  append_text(out, ": ");
  append_text(out, value);
  append_text(out, "\r\n");
}

/// On every answer, so that no page can frame, guess or keep what a node says. What the answers hold runs no scripts
/// and loads nothing. No Strict-Transport-Security: it would bind all other ports of the host, too.
constexpr std::array security_headers{
    header{"Content-Security-Policy",
           "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
    header{"X-Content-Type-Options", "nosniff"},
    header{"X-Frame-Options", "DENY"},
    header{"Referrer-Policy", "no-referrer"},
    header{"Cross-Origin-Resource-Policy", "same-origin"},
    header{"Cache-Control", "no-store"},
};

}  // namespace

std::optional<std::string_view> head::find(std::string_view name) const noexcept {
  for (const header& field : headers)
    if (equals_ignoring_case(field.name, name)) return field.value;
  return {};
}

std::size_t head::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const header& field) { return equals_ignoring_case(field.name, name); }));
}

bool head::has_token(std::string_view name, std::string_view token) const noexcept {
  for (const header& field : headers) {
    if (!equals_ignoring_case(field.name, name)) continue;
    std::string_view list = field.value;
    while (const auto element = take_list_element(list))
      if (equals_ignoring_case(*element, token)) return true;
  }
  return false;
}

template <class Head>
void basic_head_parser<Head>::fail(int status, std::string_view reason) {
  state_ = state::failed;
  failure_ = {status, reason};
}

template <class Head>
std::size_t basic_head_parser<Head>::on_bytes(byte_span received) {
  if (state_ != state::collecting) return 0;
  const std::size_t before = bytes_.size();
  const std::size_t room = options_.head_bytes_max - before;
  append(bytes_, received.first(std::min(received.size(), room)));
  if (find_end())
    parse();
  else if (state_ == state::collecting && bytes_.size() == options_.head_bytes_max)
    fail(431, "the head is too large");
  return bytes_.size() - before;
}

/// Looks on from where the last search stopped. At the blank line it cuts off what does not belong to the head.
template <class Head>
bool basic_head_parser<Head>::find_end() {
  while (searched_ < bytes_.size()) {
    const void* found = std::memchr(bytes_.data() + searched_, '\n', bytes_.size() - searched_);
    if (found == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes_.data());
    if (at == line_start_ || bytes_[at - 1] != '\r') {
      fail(400, "a line ends without CR");
      return false;
    }
    const bool blank = at == line_start_ + 1;
    searched_ = line_start_ = at + 1;
    if (blank) {
      bytes_.resize(at + 1);
      return true;
    }
    if (++lines_ > options_.headers_max + 1) {
      fail(431, "too many header fields");
      return false;
    }
  }
  searched_ = bytes_.size();
  return false;
}

template <class Head>
void basic_head_parser<Head>::parse() {
  std::string_view rest = as_text(bytes_);
  rest.remove_suffix(2);
  if (rest.empty()) {
    fail(400, "the first line is empty");
    return;
  }
  std::optional<head_failure> failure = parse_start_line(take_line(rest), head_);
  head_.headers.reserve(lines_ - 1);
  while (!failure && !rest.empty()) failure = parse_field(take_line(rest), head_.headers);
  if (!failure) failure = check_framing(head_);
  if (failure)
    fail(failure->status, failure->reason);
  else
    state_ = state::complete;
}

template class basic_head_parser<request>;
template class basic_head_parser<response>;

void append_response(byte_buffer& out, int status, std::string_view content_type, std::string_view body,
                     std::span<const header> extra, bool head_only) {
  append_text(out, "HTTP/1.1 ");
  append_text(out, std::to_string(status));
  append_text(out, " ");
  append_text(out, reason_phrase(status));
  append_text(out, "\r\n");
  if (!content_type.empty()) append_header(out, "Content-Type", content_type);
  append_header(out, "Content-Length", std::to_string(body.size()));
  append_header(out, "Connection", "close");
  for (const header& field : security_headers) append_header(out, field.name, field.value);
  for (const header& field : extra) append_header(out, field.name, field.value);
  append_text(out, "\r\n");
  if (!head_only) append_text(out, body);
}

std::string_view reason_phrase(int status) noexcept {
  struct phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array phrases{
      phrase{200, "OK"},
      phrase{204, "No Content"},
      phrase{400, "Bad Request"},
      phrase{403, "Forbidden"},
      phrase{404, "Not Found"},
      phrase{405, "Method Not Allowed"},
      phrase{408, "Request Timeout"},
      phrase{421, "Misdirected Request"},
      phrase{426, "Upgrade Required"},
      phrase{429, "Too Many Requests"},
      phrase{431, "Request Header Fields Too Large"},
      phrase{500, "Internal Server Error"},
      phrase{501, "Not Implemented"},
      phrase{503, "Service Unavailable"},
      phrase{505, "HTTP Version Not Supported"},
  };
  for (const phrase& known : phrases)
    if (known.status == status) return known.text;
  return "Unknown";
}

std::optional<authority> split_authority(std::string_view text) noexcept {
  const auto is_name_char = [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; };
  const auto is_address_char = [](char c) { return is_alphanumeric(c) || c == '.' || c == ':'; };
  authority parts;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1 || !all_of(text.substr(1, end - 1), is_address_char)) return {};
    parts.host = text.substr(0, end + 1);
  } else {
    parts.host = text.substr(0, text.find(':'));
    if (parts.host.empty() || !all_of(parts.host, is_name_char)) return {};
  }
  std::string_view rest = text.substr(parts.host.size());
  if (rest.empty()) return parts;
  rest.remove_prefix(1);
  if (text[parts.host.size()] != ':' || rest.empty() || rest.size() > 5 || !all_of(rest, is_digit)) return {};
  parts.port = rest;
  return parts;
}

bool host_allowed(const request& request, std::span<const std::string> hosts) noexcept {
  const auto named = split_authority(request.find("Host").value_or(std::string_view{}));
  if (!named) return false;
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& host) { return equals_ignoring_case(host, named->host); });
}

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

bool is_token(std::string_view text) noexcept { return !text.empty() && all_of(text, is_token_char); }

std::optional<std::string_view> take_list_element(std::string_view& list) noexcept {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view element = trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (!element.empty()) return element;  // Empty elements are to be ignored. Source: RFC 9110, section 5.6.1.2.
  }
  return {};
}

}  // namespace askr::http
