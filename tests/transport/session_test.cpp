// SPDX-License-Identifier: MIT
#include "transport/session.hpp"

#include "tests/transport/websocket/wire.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

BOOST_AUTO_TEST_SUITE(session)

namespace {

using namespace askr;
using namespace askr::transport;
namespace ws = askr::websocket::test;

constexpr time_point begin = time_point(seconds(1000));

session_options options_of() {
  session_options made;
  made.handshake.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
  made.about = "about this node\n";
  return made;
}

/// One session, and what a socket would do around it.
struct game {
  session_options options = options_of();
  websocket::deflate_context deflate;
  client_codec codec;
  transport::session under_test{options, ws::random_source, deflate, {"127.0.0.1", true, begin}};

  game() = default;
  explicit game(session_options with) : options(std::move(with)) {}
  explicit game(arrival how) : under_test{options, ws::random_source, deflate, std::move(how)} {}

  void feed(std::string_view text, std::size_t cut = 0) {
    if (cut == 0) cut = std::max<std::size_t>(text.size(), 1);
    for (std::size_t at = 0; at < text.size(); at += cut) {
      byte_buffer piece;
      append(piece, as_bytes(text.substr(at, cut)));
      under_test.on_bytes(begin, piece);
      while (const auto message = under_test.next()) heard.emplace_back(as_text(message->data));
    }
  }
  std::string written() {
    std::string all;
    while (!under_test.output().empty()) {
      const auto some = under_test.output().first(std::min<std::size_t>(under_test.output().size(), 7));
      all += as_text(some);
      under_test.consume(some.size());
    }
    return all;
  }
  std::string say(client_message::kind what, std::string_view mid) {
    client_message message;
    message.what = what;
    message.mid = *message_id::from_text(mid);
    const auto sent = under_test.send(codec, message);
    return sent ? "sent" : std::string(to_string(sent.code()));
  }

  std::vector<std::string> heard;
};

std::string upgrade(std::string_view protocols = {}, std::string_view more = {}) {
  std::string request =
      "GET / HTTP/1.1\r\nHost: 127.0.0.1:8800\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!protocols.empty()) request.append("Sec-WebSocket-Protocol: ").append(protocols).append("\r\n");
  return request.append(more).append("\r\n");
}

std::string get(std::string_view target, std::string_view method = "GET", std::string_view host = "localhost") {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

int status(std::string_view response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(std::string(response.substr(9, 3))) : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_client_is_upgraded_and_talks_however_its_bytes_are_cut) {
  for (const std::size_t cut : {0u, 1u, 2u, 3u, 7u, 50u}) {
    game play;
    play.feed(upgrade() + ws::text("hello") + ws::ping("p") + ws::text("again"), cut);
    BOOST_TEST(play.under_test.upgraded());
    BOOST_TEST(play.heard == std::vector<std::string>({"hello", "again"}), boost::test_tools::per_element());
    BOOST_TEST(play.say(client_message::kind::cancel, "a") == "sent");
    const auto written = play.written();
    const auto head = written.find("\r\n\r\n") + 4;
    BOOST_TEST(status(written) == 101);
    BOOST_TEST(ws::to_text(ws::read_frames(written.substr(head))) == R"(pong:p | text:{"type":"cancel","mid":"a"} | )");
  }
}

BOOST_AUTO_TEST_CASE(the_subprotocol_chooses_the_encoding) {
  game json, msgpack, none;
  json.feed(upgrade("askr.v1.json"));
  msgpack.feed(upgrade("askr.v1.msgpack"));
  none.feed(upgrade());
  BOOST_TEST((json.under_test.encoding() == client_encoding::json));
  BOOST_TEST((none.under_test.encoding() == client_encoding::json));
  BOOST_TEST((msgpack.under_test.encoding() == client_encoding::msgpack));
  msgpack.say(client_message::kind::cancel, "a");
  const auto written = msgpack.written();
  const auto frames = ws::read_frames(written.substr(written.find("\r\n\r\n") + 4));
  BOOST_REQUIRE_EQUAL(frames.size(), 1);
  BOOST_TEST(frames[0].starts_with("binary:\x82"));
}

BOOST_AUTO_TEST_CASE(a_token_in_the_list_of_subprotocols_is_shown_and_never_echoed) {
  game play;
  play.feed(upgrade("askr.v1.json, askr.token.abc123", "Origin: http://localhost:3000\r\n"));
  BOOST_TEST(play.under_test.upgraded());
  BOOST_TEST(play.under_test.shown().token == "abc123");
  BOOST_TEST(play.under_test.shown().origin == "http://localhost:3000");
  BOOST_TEST(play.under_test.shown().loopback);
  BOOST_TEST(play.written().find("abc123") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(plain_requests_are_answered_and_end_the_connection) {
  const struct {
    std::string request;
    int status;
    std::string_view body;
  } cases[] = {
      {get("/health"), 200, "ok\n"},
      {get("/"), 200, "about this node\n"},
      {get("/nothing"), 404, "not found\n"},
      {get("/", "POST"), 405, "only GET and HEAD\n"},
      {get("/", "GET", "evil.example"), 421, "this host name is not served here\n"},
      {get("/health", "HEAD"), 200, ""},
      {"GARBAGE\r\n\r\n", 400, {}},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 501, {}},
      {std::string("GET / HTTP/1.1\r\nX: ") + std::string(9'000, 'x'), 431, {}},
  };
  for (const auto& each : cases) {
    game play;
    play.feed(each.request + "and more that nobody reads");
    BOOST_TEST(!play.under_test.wants_shutdown());
    const auto response = play.written();
    BOOST_TEST(status(response) == each.status, each.request.substr(0, 40));
    if (each.body.data() != nullptr) BOOST_TEST(response.substr(response.find("\r\n\r\n") + 4) == each.body);
    BOOST_TEST(play.under_test.wants_shutdown());
    BOOST_TEST(!play.under_test.finished());
    play.feed("drained");
    play.under_test.on_end(begin);
    BOOST_TEST(play.under_test.finished());
  }
}

BOOST_AUTO_TEST_CASE(a_refused_upgrade_says_why) {
  const struct {
    std::string request;
    int status;
  } cases[] = {
      {upgrade("mqtt"), 400},
      {upgrade({}, "Origin: http://evil.example\r\n"), 403},
  };
  for (const auto& each : cases) {
    game play;
    play.feed(each.request);
    BOOST_TEST(!play.under_test.upgraded());
    BOOST_TEST(status(play.written()) == each.status);
    BOOST_TEST(play.say(client_message::kind::cancel, "a") == "closed");
  }
}

// Every request, whatever it is for, passes the same two questions: by which name, and from which page.
BOOST_AUTO_TEST_CASE(host_and_origin_are_judged_on_every_request) {
  struct name {
    std::string_view text;
    bool allowed;
  };
  constexpr name hosts[] = {{"localhost:8800", true},
                            {"LOCALHOST", true},
                            {"127.0.0.1:1", true},
                            {"[::1]:8800", true},
                            {"192.168.1.5:8800", true},
                            {"node.example", true},
                            {"evil.example", false},
                            {"0.0.0.0:8800", false},
                            {"localhost.evil.example", false},
                            {"localhost.", false},
                            {"192.168.1.6", false},
                            {"127.0.0.1:8800:1", false},
                            {"evil.example#localhost", false},
                            {"a@localhost", false},
                            {"[::ffff:127.0.0.1]", false},
                            {"", false}};
  constexpr name origins[] = {{{}, true},
                              {"https://app.example", true},
                              {"https://app.example:443", true},
                              {"null", false},
                              {"https://app.example:8443", false},
                              {"http://app.example", false},
                              {"https://app.example.evil.example", false},
                              {"https://evil.example/https://app.example", false},
                              {"file://", false},
                              {"", false},
                              {"https://a.app.example", false},
                              {"https://app.example\r\nOrigin: https://evil.example", false}};
  for (const auto& host : hosts) {
    for (const auto& origin : origins) {
      for (const std::string_view target : {"/", "/health", "/nowhere", "upgrade", "/?token=abc"}) {
        game play(arrival{"127.0.0.1", true, begin, "192.168.1.5"});
        play.options.handshake.allowed_hosts.push_back("node.example");
        play.options.handshake.allowed_origins = {"https://app.example"};
        const bool upgrades = target == "upgrade";
        std::string request = "GET " + std::string(upgrades ? "/" : target) + " HTTP/1.1\r\nHost: ";
        request.append(host.text).append("\r\n");
        if (origin.text.data() != nullptr) request.append("Origin: ").append(origin.text).append("\r\n");
        if (upgrades) {
          request +=
              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\nCookie: token=abc\r\n";
        }
        play.feed(request + "\r\n");
        const int passed = upgrades ? 101 : target == "/" || target == "/health" ? 200 : 404;
        const int wanted = !host.allowed ? 421 : !origin.allowed ? 403 : passed;
        BOOST_TEST(status(play.written()) == wanted, host.text << " | " << origin.text << " | " << target);
        BOOST_TEST(play.under_test.shown().token.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_page_that_did_not_come_by_tls_may_not_connect_by_tls) {
  const auto upgraded = [](bool tls, std::string_view origin) {
    game play(arrival{.address = "192.168.1.9", .opened = begin, .reached_at = "192.168.1.5", .tls = tls});
    auto request = upgrade({}, "Origin: " + std::string(origin) + "\r\n");
    request.replace(request.find("127.0.0.1:8800"), 14, "192.168.1.5:8800");
    play.feed(request);
    return play.under_test.upgraded();
  };
  BOOST_TEST(upgraded(true, "https://192.168.1.5:8800"));
  BOOST_TEST(!upgraded(true, "http://192.168.1.5:8800"));
  BOOST_TEST(upgraded(false, "http://192.168.1.5:8800"));
  BOOST_TEST(upgraded(false, "https://192.168.1.5:8800"));  // Something before the node speaks TLS for it.
}

BOOST_AUTO_TEST_CASE(a_client_that_should_have_come_by_tls_is_told_so_and_no_more) {
  for (const auto& request : {get("/"), get("/health"), upgrade()}) {
    game play(arrival{.address = "192.168.1.9", .opened = begin, .plain_refused = true});
    play.feed(request);
    const auto said = play.written();
    BOOST_TEST(status(said) == 403);
    BOOST_TEST(said.find("wss://") != std::string::npos);
    BOOST_TEST(!play.under_test.upgraded());
  }
}

BOOST_AUTO_TEST_CASE(a_head_that_does_not_come_is_answered_and_the_connection_ends) {
  game play;
  play.feed("GET / HT");
  BOOST_TEST((play.under_test.next_timeout() == begin + 5s));
  play.under_test.on_timeout(begin + 4999ms);
  BOOST_TEST(play.under_test.output().empty());
  play.under_test.on_timeout(begin + 5s);
  BOOST_TEST(status(play.written()) == 408);
  BOOST_TEST((play.under_test.next_timeout() == begin + 7s));
  play.under_test.on_timeout(begin + 7s);
  BOOST_TEST(play.under_test.finished());
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_end_after_its_answer_is_ended) {
  game play;
  play.feed(get("/health"));
  play.written();
  play.under_test.on_timeout(play.under_test.next_timeout());
  BOOST_TEST(play.under_test.finished());
}

BOOST_AUTO_TEST_CASE(a_closed_session_takes_nothing_more) {
  game play;
  play.feed(upgrade());
  play.under_test.close(begin, websocket::close_codes::going_away, "bye");
  BOOST_TEST(play.say(client_message::kind::cancel, "a") == "closed");
  BOOST_TEST(!play.under_test.send_encoded(as_bytes("x")));
  const auto written = play.written();
  BOOST_TEST(ws::to_text(ws::read_frames(written.substr(written.find("\r\n\r\n") + 4))) == "close:1001 | ");
  play.feed(ws::close_frame(1001));
  BOOST_TEST(play.under_test.wants_shutdown());
  play.under_test.on_end(begin);
  BOOST_TEST(play.under_test.finished());
}

BOOST_AUTO_TEST_CASE(what_waits_to_be_written_is_counted_also_before_the_upgrade_is_written) {
  game play;
  play.feed(upgrade());
  const auto before = play.under_test.output_bytes();
  play.say(client_message::kind::cancel, "a");
  BOOST_TEST(play.under_test.output_bytes() > before);
  play.written();
  BOOST_TEST(play.under_test.output_bytes() == 0);
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_said_leaves_the_session_open) {
  game play;
  play.feed(upgrade());
  play.written();
  client_message message;
  message.what = client_message::kind::reply;
  message.mid = *message_id::from_text("a");
  const byte_buffer broken{0x92, 0x01};
  message.data = broken;
  BOOST_TEST((play.under_test.send(play.codec, message).code() == errc::bad_payload));
  BOOST_TEST(play.under_test.output().empty());
  BOOST_TEST(play.say(client_message::kind::cancel, "a") == "sent");
}

BOOST_AUTO_TEST_CASE(a_frame_made_once_serves_every_session_of_its_encoding) {
  game one, two;
  one.feed(upgrade());
  two.feed(upgrade());
  one.written();
  two.written();
  client_message what;
  what.what = client_message::kind::event;
  what.name = "tick";
  byte_buffer scratch, frame;
  BOOST_REQUIRE(append_client_frame(one.codec, what, client_encoding::json, scratch, frame).ok());
  BOOST_TEST(one.under_test.send_encoded(frame));
  BOOST_TEST(two.under_test.send_encoded(frame));
  const auto expected = R"(text:{"type":"tick","payload":null} | )";
  BOOST_TEST(ws::to_text(ws::read_frames(one.written())) == expected);
  BOOST_TEST(ws::to_text(ws::read_frames(two.written())) == expected);
}

BOOST_AUTO_TEST_SUITE_END()
