// SPDX-License-Identifier: MIT
#include "transport/http.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::http;

/// 200 if the request is understood, else the status to refuse it with; 0 if it wants more. Fed in pieces of `cut`.
template <class Parser>
int feed(Parser& parser, std::string_view octets, std::size_t cut) {
  while (!octets.empty() && !parser.complete() && !parser.failed()) {
    const std::size_t taken = parser.on_bytes(as_bytes(octets.substr(0, cut)));
    octets.remove_prefix(taken);
  }
  return parser.complete() ? 200 : parser.failed() ? parser.failure().status : 0;
}

int judge(std::string_view octets, const head_options& options = {}) {
  int outcome = -1;
  for (const std::size_t cut : {std::size_t{1}, std::size_t{2}, std::size_t{7}, octets.size()}) {
    head_parser parser(options);
    const int now = feed(parser, octets, cut);
    BOOST_TEST((outcome == -1 || outcome == now), "another outcome in pieces of " << cut);
    outcome = now;
  }
  return outcome;
}

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_head)

BOOST_AUTO_TEST_CASE(request_is_taken_apart) {
  head_parser parser;
  const std::string octets =
      "GET /a?b=c HTTP/1.1\r\nHost: Example:88\r\nX-Empty:\r\nx-list:\t one ,, Two,three \r\nX-List: four\r\n\r\nrest";
  BOOST_TEST(parser.on_bytes(as_bytes(octets)) == octets.size() - 4);
  BOOST_REQUIRE(parser.complete());
  const request& head = parser.head();
  BOOST_TEST(head.method == "GET");
  BOOST_TEST(head.target == "/a?b=c");
  BOOST_TEST(head.headers.size() == 4U);
  BOOST_TEST(head.find("HOST").value() == "Example:88");
  BOOST_TEST(head.find("x-empty").value() == "");
  BOOST_TEST(!head.find("absent").has_value());
  BOOST_TEST(head.count("X-LIST") == 2U);
  BOOST_TEST(head.has_token("X-List", "two"));
  BOOST_TEST(head.has_token("X-List", "four"));
  BOOST_TEST(!head.has_token("X-List", "thre"));
}

BOOST_AUTO_TEST_CASE(parsed_views_survive_a_move) {
  head_parser first;
  first.on_bytes(as_bytes(get("A: b\r\n")));
  const head_parser second = std::move(first);
  BOOST_TEST(second.head().find("A").value() == "b");
}

BOOST_AUTO_TEST_CASE(requests_are_judged_the_same_however_they_are_cut) {
  BOOST_TEST(judge(get("")) == 200);
  BOOST_TEST(judge("GET / HTTP/1.1\r\nHost: a\r\n") == 0);
  BOOST_TEST(judge(get("Content-Length: 0\r\n")) == 200);
  BOOST_TEST(judge(get("Content-Length: 1\r\n")) == 400);
  BOOST_TEST(judge(get("Content-Length: +0\r\n")) == 400);
  BOOST_TEST(judge(get("Content-Length: 0\r\nContent-Length: 0\r\n")) == 400);
  BOOST_TEST(judge(get("Transfer-Encoding: chunked\r\n")) == 501);
  BOOST_TEST(judge(get("Transfer-Encoding: identity\r\nContent-Length: 5\r\n")) == 501);
  BOOST_TEST(judge("GET / HTTP/1.1\r\n\r\n") == 400);
  BOOST_TEST(judge(get("Host: localhost\r\n")) == 400);
  BOOST_TEST(judge("GET / HTTP/1.0\r\nHost: a\r\n\r\n") == 505);
  BOOST_TEST(judge("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
}

BOOST_AUTO_TEST_CASE(malformed_heads_are_refused) {
  for (const std::string& bad : {
           std::string("\r\n"),
           std::string("GET /\r\nHost: a\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("G{T / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / http/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / HTTP/1.1\nHost: a\n\n"),
           std::string("GET / HTTP/1.1\r\nHost: a\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
           get("A: b\r\n folded\r\n"),
           get("A : b\r\n"),
           get(": b\r\n"),
           get("no colon\r\n"),
           get("A: b\x01\r\n"),
           get("A: b\x7f\r\n"),
           get(std::string_view("A: \0\r\n", 6)),
       })
    BOOST_TEST(judge(bad) == 400, "not refused: " << bad);
}

BOOST_AUTO_TEST_CASE(head_limits_are_exact) {
  const std::string fits = get("A: " + std::string(200, 'x') + "\r\n");
  BOOST_TEST(judge(fits, {.head_bytes_max = fits.size(), .headers_max = 64}) == 200);
  BOOST_TEST(judge(fits, {.head_bytes_max = fits.size() - 1, .headers_max = 64}) == 431);
  BOOST_TEST(judge(std::string(9000, 'A')) == 431);
  std::string many;
  for (int i = 0; i < 63; ++i) many += "A: b\r\n";
  BOOST_TEST(judge(get(many)) == 200);
  BOOST_TEST(judge(get(many + "A: b\r\n")) == 431);
}

BOOST_AUTO_TEST_CASE(response_heads_are_understood) {
  response_parser parser;
  BOOST_TEST(feed(parser, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 3) == 200);
  BOOST_TEST(parser.head().status == 101);
  BOOST_TEST(parser.head().reason == "Switching Protocols");
  BOOST_TEST(parser.head().has_token("upgrade", "WebSocket"));
  for (const char* good : {"HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    response_parser each;
    BOOST_TEST(feed(each, good, 1) == 200);
  }
  for (const char* bad : {"HTTP/1.0 101 x\r\n\r\n", "HTTP/1.1 1x1 x\r\n\r\n", "HTTP/1.1 1011 x\r\n\r\n",
                          "HTTP/1.1 10\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 a\x01\r\n\r\n"}) {
    response_parser each;
    BOOST_TEST(feed(each, bad, 1) == 400);
  }
}

BOOST_AUTO_TEST_CASE(responses_have_a_length_and_close) {
  byte_buffer out;
  const std::array extra{header{"Allow", "GET"}};
  append_response(out, 405, "text/plain", "no\n", extra);
  BOOST_TEST(as_text(out).starts_with(
      "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n"));
  BOOST_TEST(as_text(out).ends_with("\r\nAllow: GET\r\n\r\nno\n"));
  out.clear();
  append_response(out, 200, "text/plain", "body", {}, true);
  BOOST_TEST(as_text(out).find("Content-Length: 4\r\nConnection: close\r\n") != std::string_view::npos);
  BOOST_TEST(as_text(out).ends_with("\r\n\r\n"));
}

// Nothing that a node serves may be framed, sniffed, cached or read by pages of others, and none of it runs scripts.
BOOST_AUTO_TEST_CASE(every_response_has_the_headers_that_bind_browsers) {
  for (const int status : {200, 400, 403, 404, 421, 426}) {
    byte_buffer out;
    append_response(out, status, "text/plain", "x");
    for (const std::string_view wanted :
         {"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options: nosniff\r\n",
          "X-Frame-Options: DENY\r\n", "Referrer-Policy: no-referrer\r\n",
          "Cross-Origin-Resource-Policy: same-origin\r\n", "Cache-Control: no-store\r\n"}) {
      BOOST_TEST(as_text(out).find(wanted) != std::string_view::npos, wanted);
    }
    for (const std::string_view forbidden : {"Set-Cookie", "Access-Control-Allow", "Server:"}) {
      BOOST_TEST(as_text(out).find(forbidden) == std::string_view::npos, forbidden);
    }
  }
}

BOOST_AUTO_TEST_CASE(authorities_are_split_strictly) {
  const auto split = [](std::string_view text) {
    const auto parts = split_authority(text);
    return parts ? std::string(parts->host) + "|" + std::string(parts->port) : std::string("none");
  };
  BOOST_TEST(split("localhost") == "localhost|");
  BOOST_TEST(split("127.0.0.1:8800") == "127.0.0.1|8800");
  BOOST_TEST(split("[::1]:8800") == "[::1]|8800");
  BOOST_TEST(split("[::1]") == "[::1]|");
  BOOST_TEST(split("[fe80::1.2.3.4]:1") == "[fe80::1.2.3.4]|1");
  BOOST_TEST(split("my_host-1:80") == "my_host-1|80");
  for (const char* bad : {"", ":80", "a:", "a:8x", "a:123456", "a:1:2", "[", "[]", "[::1", "[::1]x", "[::1/]",
                          "[:_:]:80", "user@host", "a b", "a/b", "::1"})
    BOOST_TEST(split(bad) == "none");
}

BOOST_AUTO_TEST_CASE(only_listed_hosts_are_served) {
  const std::vector<std::string> hosts{"localhost", "127.0.0.1", "[::1]"};
  const auto allowed = [&](const std::string& host) {
    head_parser parser;
    parser.on_bytes(as_bytes("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
    return parser.complete() && host_allowed(parser.head(), hosts);
  };
  for (const char* good : {"localhost", "LOCALHOST:1", "127.0.0.1:8800", "[::1]:8800"}) BOOST_TEST(allowed(good));
  for (const char* bad : {"", "evil.example", "localhost.evil.example", "localhost.", "127.0.0.1.evil", "evil:8800",
                          "0.0.0.0", "127.1", "localhost:x"})
    BOOST_TEST(!allowed(bad));
}

BOOST_AUTO_TEST_SUITE_END()
