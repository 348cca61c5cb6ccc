// SPDX-License-Identifier: MIT
#include "transport/websocket/handshake.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace {

using namespace askr;
using namespace askr::websocket;

const entropy random_source;

/// A good request whose fields a test changes; an empty value takes the field away.
using fields = std::map<std::string, std::string>;

std::string request_text(const fields& changes, const std::string& method = "GET", const std::string& more = {}) {
  fields all{{"Host", "127.0.0.1:8800"},
             {"Upgrade", "websocket"},
             {"Connection", "Upgrade"},
             {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
             {"Sec-WebSocket-Version", "13"}};
  for (const auto& [name, value] : changes) all[name] = value;
  std::string text = method + " /socket HTTP/1.1\r\n";
  for (const auto& [name, value] : all)
    if (!value.empty()) text += name + ": " + value + "\r\n";
  return text + more + "\r\n";
}

struct outcome {
  int status = 0;
  std::string subprotocol;
  std::string response;
};

outcome judge(const std::string& text, const handshake_options& options = {}) {
  http::head_parser parser;
  parser.on_bytes(as_bytes(text));
  BOOST_REQUIRE_MESSAGE(parser.complete(), text);
  auto result = check_request(parser.head(), options);
  if (const auto* refused = std::get_if<refusal>(&result))
    return {refused->status, {}, std::string(as_text(refused->response))};
  const auto& accepted = std::get<acceptance>(result);
  return {101, accepted.subprotocol, std::string(as_text(accepted.response))};
}

int status(const fields& changes, const handshake_options& options = {}) {
  return judge(request_text(changes), options).status;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_handshake)

BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_is_accepted) {
  BOOST_TEST(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  BOOST_TEST(judge(request_text({})).response ==
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(spellings_of_real_clients_are_accepted) {
  BOOST_TEST(status({{"Connection", "keep-alive, Upgrade"}}) == 101);
  BOOST_TEST(status({{"Connection", "upgrade"}}) == 101);
  BOOST_TEST(status({{"Upgrade", "WebSocket"}}) == 101);
  BOOST_TEST(status({{"Host", "LOCALHOST"}}) == 101);
  BOOST_TEST(status({{"Host", "[::1]:8800"}}) == 101);
  BOOST_TEST(status({{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}}) == 101);
}

BOOST_AUTO_TEST_CASE(what_is_no_handshake_is_refused) {
  BOOST_TEST(status({{"Upgrade", "h2c"}}) == 400);
  BOOST_TEST(status({{"Upgrade", ""}}) == 400);
  BOOST_TEST(status({{"Connection", "keep-alive"}}) == 400);
  BOOST_TEST(judge(request_text({}, "HEAD")).status == 405);
  BOOST_TEST(judge(request_text({}, "POST")).status == 405);
  for (const char* key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZWE=",
                          "dGhlIHNhbXBs!SBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==, x"})
    BOOST_TEST(status({{"Sec-WebSocket-Key", key}}) == 400);
  BOOST_TEST(judge(request_text({}, "GET", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")).status == 400);
  BOOST_TEST(judge(request_text({}, "GET", "Sec-WebSocket-Version: 13\r\n")).status == 400);
  BOOST_TEST(judge(request_text({{"Origin", "http://localhost"}}, "GET", "Origin: http://localhost\r\n")).status ==
             400);
}

BOOST_AUTO_TEST_CASE(other_versions_are_told_which_one_is_spoken) {
  for (const char* version : {"", "8", "0", "14", "13, 8"}) {
    const outcome refused = judge(request_text({{"Sec-WebSocket-Version", version}}));
    BOOST_TEST(refused.status == 426);
    BOOST_TEST(contains(refused.response, "\r\nSec-WebSocket-Version: 13\r\n"));
  }
}

BOOST_AUTO_TEST_CASE(advisory_19_foreign_host_names_are_refused_before_anything_else) {
  for (const char* host : {"evil.example", "evil.example:8800", "localhost.evil.example", "192.168.0.1", "localhost:x"})
    BOOST_TEST(status({{"Host", host}, {"Sec-WebSocket-Version", "8"}}) == 421);
  handshake_options options;
  options.allowed_hosts.push_back("node.lan");
  BOOST_TEST(status({{"Host", "node.lan:8800"}}, options) == 101);
}

BOOST_AUTO_TEST_CASE(a_rebound_page_is_refused_although_origin_and_host_agree) {
  BOOST_TEST(status({{"Host", "evil.example:8800"}, {"Origin", "http://evil.example:8800"}}) == 421);
}

BOOST_AUTO_TEST_CASE(pages_are_judged_by_their_exact_origin) {
  handshake_options options;
  options.allowed_hosts.push_back("node.lan");
  options.allowed_origins = {"https://app.example", "http://tool.example:3000"};
  const auto from = [&](const char* origin, const char* host = "node.lan:8800") {
    return status({{"Host", host}, {"Origin", origin}}, options);
  };
  for (const char* good : {"https://app.example", "https://app.example:443", "HTTPS://App.Example",
                           "http://tool.example:3000", "http://node.lan:8800"})
    BOOST_TEST(from(good) == 101, good);
  for (const char* bad : {"null", "http://app.example", "https://app.example:8443", "https://app.example.evil.example",
                          "https://evil.example/https://app.example", "https://xapp.example", "http://tool.example",
                          "http://node.lan", "http://node.lan:8801", "http://localhost:8800", "app.example",
                          "://app.example", "https://", "https://app.example@evil.example", "file://"})
    BOOST_TEST(from(bad) == 403, bad);
  BOOST_TEST(from("http://node.lan", "node.lan") == 101);  // Both without a port.
  for (const char* bad : {"ftp://node.lan", "http://node.lan:81"}) BOOST_TEST(from(bad, "node.lan") == 403, bad);
}

BOOST_AUTO_TEST_CASE(pages_on_loopback_may_connect_on_loopback_unless_told_otherwise) {
  const auto from = [](const char* origin, const handshake_options& options) {
    return status({{"Origin", origin}}, options);
  };
  for (const char* good : {"http://localhost:3000", "http://127.0.0.1:8800", "https://[::1]"})
    BOOST_TEST(from(good, {}) == 101);
  for (const char* bad : {"http://localhost.evil.example", "http://127.0.0.2", "null", "https://evil.example"})
    BOOST_TEST(from(bad, {}) == 403);
  handshake_options strict;
  strict.allow_same_host = false;
  BOOST_TEST(from("http://127.0.0.1:8800", strict) == 403);
  handshake_options lax;
  lax.allow_any_origin = true;
  BOOST_TEST(from("null", lax) == 101);
}

BOOST_AUTO_TEST_CASE(the_first_known_subprotocol_of_the_clients_list_is_chosen) {
  handshake_options options;
  options.subprotocols = {"askr.v1.msgpack", "askr.v1.json"};
  const auto offer = [&](const std::string& list, const std::string& more = {}) {
    return judge(request_text({{"Sec-WebSocket-Protocol", list}}, "GET", more), options);
  };
  BOOST_TEST(offer("askr.v1.json, askr.v1.msgpack").subprotocol == "askr.v1.json");
  BOOST_TEST(offer("other,askr.v1.msgpack").subprotocol == "askr.v1.msgpack");
  BOOST_TEST(offer("other", "Sec-WebSocket-Protocol: askr.v1.json\r\n").subprotocol == "askr.v1.json");
  BOOST_TEST(contains(offer("askr.v1.json").response, "\r\nSec-WebSocket-Protocol: askr.v1.json\r\n"));
  BOOST_TEST(offer("").status == 101);
  BOOST_TEST(!contains(offer("").response, "Sec-WebSocket-Protocol"));
  BOOST_TEST(offer("other").status == 400);
  BOOST_TEST(offer("ASKR.V1.JSON").status == 400);
}

BOOST_AUTO_TEST_CASE(deflate_is_answered_only_when_it_is_on_and_offered) {
  handshake_options options;
  options.deflate = true;
  const auto offer = [&](const std::string& list) {
    return judge(request_text({{"Sec-WebSocket-Extensions", list}}), options);
  };
  BOOST_TEST(
      contains(offer("permessage-deflate").response, "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no"));
  BOOST_TEST(!contains(offer("").response, "Extensions"));
  BOOST_TEST(!contains(offer("x-webkit-deflate-frame").response, "Extensions"));
  BOOST_TEST(offer("permessage-deflate;").status == 400);
  options.deflate = false;
  BOOST_TEST(!contains(offer("permessage-deflate").response, "Extensions"));
}

BOOST_AUTO_TEST_CASE(client_and_server_agree) {
  client_handshake client{"localhost:8800", "/", {"askr.v1.msgpack"}, make_key(random_source)};
  byte_buffer request;
  append_request(request, client);
  handshake_options options;
  options.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
  const outcome accepted = judge(std::string(as_text(request)), options);
  BOOST_TEST(accepted.status == 101);
  http::response_parser parser;
  parser.on_bytes(as_bytes(accepted.response));
  const auto chosen = check_response(parser.head(), client);
  BOOST_REQUIRE(chosen.ok());
  BOOST_TEST(*chosen == "askr.v1.msgpack");
}

BOOST_AUTO_TEST_CASE(client_checks_every_part_of_the_answer) {
  const client_handshake client{"localhost", "/", {"askr.v1.json"}, "dGhlIHNhbXBsZSBub25jZQ=="};
  const std::string good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  const std::string protocol = "Sec-WebSocket-Protocol: askr.v1.json\r\n";
  const auto code = [&](const std::string& text) {
    http::response_parser parser;
    parser.on_bytes(as_bytes(text + "\r\n"));
    const auto chosen = check_response(parser.head(), client);
    return std::string(chosen ? "ok" : to_string(chosen.code()));
  };
  BOOST_TEST(code(good + accept + protocol) == "ok");
  BOOST_TEST(code(good + protocol) == "bad_message");
  BOOST_TEST(code(good + accept + accept + protocol) == "bad_message");
  BOOST_TEST(code(good + "Sec-WebSocket-Accept: x\r\n" + protocol) == "bad_message");
  BOOST_TEST(code("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" + accept + protocol) == "bad_message");
  BOOST_TEST(code(good + accept + protocol + "Sec-WebSocket-Extensions: permessage-deflate\r\n") == "bad_message");
  BOOST_TEST(code(good + accept) == "unsupported");
  BOOST_TEST(code(good + accept + "Sec-WebSocket-Protocol: other\r\n") == "unsupported");
  BOOST_TEST(code(good + accept + protocol + protocol) == "unsupported");
  BOOST_TEST(code("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + accept + protocol) == "bad_message");
  BOOST_TEST(code("HTTP/1.1 401 x\r\n") == "unauthenticated");
  BOOST_TEST(code("HTTP/1.1 429 x\r\n") == "overloaded");
  BOOST_TEST(code("HTTP/1.1 403 x\r\n") == "denied");
  BOOST_TEST(code("HTTP/1.1 421 x\r\n") == "denied");
  BOOST_TEST(code("HTTP/1.1 503 x\r\n") == "overloaded");
  BOOST_TEST(code("HTTP/1.1 200 OK\r\n") == "unsupported");
}

BOOST_AUTO_TEST_SUITE_END()
