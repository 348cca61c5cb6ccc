// SPDX-License-Identifier: MIT
#pragma once

/// HTTP/1.1 heads, as little of it as askr needs: a strict, incremental parser for request and response heads, and a
/// writer for whole responses. There are no bodies in requests, which rules request smuggling out. Source: RFC 9110,
/// RFC 9112.

#include <askr/bytes.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace askr::http {

struct head_options {
  std::size_t head_bytes_max = 8 << 10;  ///< Start line and header fields together; more is refused with 431.
  std::size_t headers_max = 64;          ///< Header fields; more is refused with 431.
};

struct header {
  std::string_view name;
  std::string_view value;  ///< Without the white space around it.
};

/// The header fields of a message, in the order they came.
struct head {
  std::vector<header> headers;

  /// The value of the first field of that name, case-insensitive.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// Whether a comma-separated field, in however many lines it came, names this token (case-insensitive).
  bool has_token(std::string_view name, std::string_view token) const noexcept;
};

struct request : head {
  std::string_view method;
  std::string_view target;  ///< Origin form: begins with '/'.
};

struct response : head {
  int status = 0;
  std::string_view reason;
};

/// Why a head was not understood: the status to answer with, and a sentence for people.
struct head_failure {
  int status = 400;
  std::string_view reason;
};

/// Collects octets up to the blank line and takes them apart once. Each octet is looked at once, however it arrives,
/// and no more than `head_bytes_max` of them are kept. Requests must have exactly one Host and no body: Content-Length
/// above 0 fails with 400, any Transfer-Encoding with 501. Head is `request` or `response`; its views live as long as
/// the parser.
template <class Head>
class basic_head_parser {
 public:
  explicit basic_head_parser(const head_options& options = {}) : options_(options) {}
  basic_head_parser(basic_head_parser&&) noexcept = default;
  basic_head_parser& operator=(basic_head_parser&&) noexcept = default;

  /// Takes what belongs to the head and says how many octets that were; what is left follows the head.
  std::size_t on_bytes(byte_span received);

  bool complete() const noexcept { return state_ == state::complete; }
  bool failed() const noexcept { return state_ == state::failed; }
  const Head& head() const noexcept { return head_; }
  const head_failure& failure() const noexcept { return failure_; }

 private:
  enum class state : std::uint8_t { collecting, complete, failed };

  void fail(int status, std::string_view reason);
  bool find_end();
  void parse();

  head_options options_;
  state state_ = state::collecting;
  head_failure failure_;
  byte_buffer bytes_;
  std::size_t searched_ = 0;    // Line ends before here have been seen.
  std::size_t line_start_ = 0;  // Of the line that contains searched_.
  std::size_t lines_ = 0;
  Head head_;
};

extern template class basic_head_parser<request>;
extern template class basic_head_parser<response>;
using head_parser = basic_head_parser<request>;
using response_parser = basic_head_parser<response>;

/// A whole response with Content-Length and `Connection: close`. `head_only` answers HEAD: the length, but not the
/// body. `extra` must not contain line breaks. 101 is written by the WebSocket handshake, not here.
void append_response(byte_buffer& out, int status, std::string_view content_type, std::string_view body,
                     std::span<const header> extra = {}, bool head_only = false);

/// "Not Found" for 404; "Unknown" for statuses askr does not send.
std::string_view reason_phrase(int status) noexcept;

struct authority {
  std::string_view host;  ///< A name, an IPv4 address, or an IPv6 address in its brackets.
  std::string_view port;  ///< Digits; empty if there are none.
};

/// Takes `host[:port]` apart; nothing if it is malformed.
std::optional<authority> split_authority(std::string_view text) noexcept;

/// Whether Host names one of `hosts`, the port apart: the defence against DNS rebinding, due on every request (answer
/// 421).
bool host_allowed(const request& request, std::span<const std::string> hosts) noexcept;

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;
/// Whether the text is a non-empty token. Source: RFC 9110, section 5.6.2.
bool is_token(std::string_view text) noexcept;
/// Takes the next element off a comma-separated list, without the white space around it. Nothing: the list is at its
/// end.
std::optional<std::string_view> take_list_element(std::string_view& list) noexcept;

}  // namespace askr::http
