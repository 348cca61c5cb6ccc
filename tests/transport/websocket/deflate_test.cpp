// SPDX-License-Identifier: MIT
#include "transport/websocket/deflate.hpp"

#include "tests/transport/websocket/wire.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::websocket;
using namespace askr::websocket::test;

/// The answer to offers, "none" without an acceptable one, "malformed" for a broken header.
std::string answer(const std::vector<std::string_view>& values) {
  const auto agreed = negotiate_deflate(values);
  if (!agreed) return "malformed";
  return *agreed ? deflate_answer(**agreed) : "none";
}

const std::string basic = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

std::string deflated(deflate_context& context, std::string_view message) {
  const auto out = context.compress(as_bytes(message), 15);
  BOOST_REQUIRE(out.has_value());
  return std::string(as_text(*out));
}

stream make_deflating_server(deflate_context& context, const stream_options& options = {}) {
  return stream(role::server, options, random_source, start, deflate_parameters{}, &context);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_deflate)

BOOST_AUTO_TEST_CASE(offers_of_real_clients_are_taken) {
  BOOST_TEST(answer({}) == "none");
  BOOST_TEST(answer({"permessage-deflate"}) == basic);
  BOOST_TEST(answer({"permessage-deflate; client_max_window_bits"}) == basic);
  BOOST_TEST(answer({"permessage-deflate; client_max_window_bits=10"}) == basic + "; client_max_window_bits=10");
  BOOST_TEST(answer({"permessage-deflate; server_max_window_bits=\"9\"; server_no_context_takeover"}) ==
             basic + "; server_max_window_bits=9");
  BOOST_TEST(answer({"x-webkit-deflate-frame"}) == "none");
  BOOST_TEST(answer({"x-other; a=\"b\", permessage-deflate ; client_no_context_takeover"}) == basic);
  BOOST_TEST(answer({"x-other", "permessage-deflate"}) == basic);
}

BOOST_AUTO_TEST_CASE(unacceptable_offers_are_passed_over_for_the_next) {
  for (const char* bad :
       {"permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=7", "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits=25", "permessage-deflate; client_max_window_bits=1!",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits"}) {
    BOOST_TEST(answer({bad}) == "none", bad);
    BOOST_TEST(answer({bad, "permessage-deflate"}) == basic, bad);
    const std::string both = std::string(bad) + ", permessage-deflate";
    BOOST_TEST(answer({both}) == basic, bad);
  }
}

BOOST_AUTO_TEST_CASE(the_first_acceptable_offer_of_a_list_counts) {
  BOOST_TEST(answer({"permessage-deflate;\tclient_max_window_bits=8, permessage-deflate"}) == basic);
}

BOOST_AUTO_TEST_CASE(malformed_offers_are_refused) {
  for (const char* bad :
       {";", "permessage-deflate;", "permessage-deflate; =8", "permessage-deflate; a=", "permessage-deflate; a=\"",
        "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"", "permessage-deflate; a=\" b\"",
        "permessage-deflate; a=\"b c", "permessage-deflate a", "\"permessage-deflate\""})
    BOOST_TEST(answer({bad}) == "malformed", bad);
}

BOOST_AUTO_TEST_CASE(messages_come_back_from_every_window_size) {
  deflate_context context;
  std::string message;
  for (int i = 0; i < 20000; ++i) message += std::to_string(i * 7919 % 1000);
  for (std::uint8_t bits = 9; bits <= 15; ++bits) {
    const auto small = context.compress(as_bytes(message), bits);
    BOOST_REQUIRE(small.has_value());
    byte_buffer back;
    BOOST_REQUIRE(context.inflate(*small, message.size(), back).ok());
    BOOST_TEST((as_text(back) == message));
    BOOST_TEST((context.inflate(*small, message.size() - 1, back).code() == errc::too_large));
  }
}

BOOST_AUTO_TEST_CASE(examples_of_the_rfc_are_inflated) {
  deflate_context context;
  byte_buffer out;
  const auto inflate = [&](std::string_view octets) {
    return context.inflate(as_bytes(octets), 1000, out).ok() ? std::string(as_text(out)) : std::string("refused");
  };
  // Source: RFC 7692, sections 7.2.3.1 to 7.2.3.6.
  using namespace std::string_view_literals;
  BOOST_TEST(inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");
  BOOST_TEST(inflate("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv) == "Hello");
  BOOST_TEST(inflate("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv) == "Hello");
  BOOST_TEST(inflate("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv) == "Hello");
  BOOST_TEST(inflate("\x00"sv) == "");
  BOOST_TEST(inflate("\xf2\x00\x11\x00\x00"sv) == "refused");
  BOOST_TEST(inflate(""sv) == "refused");
  BOOST_TEST(inflate("\xf2\x48\xcd\xc9"sv) == "refused");
  BOOST_TEST(inflate("\xff\xff\xff\xff"sv) == "refused");
}

BOOST_AUTO_TEST_CASE(what_does_not_shrink_is_left_alone) {
  deflate_context context;
  std::string noise(4096, '\0');
  random_source.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
  BOOST_TEST(!context.compress(as_bytes(noise), 15).has_value());
  BOOST_TEST(!context.compress(as_bytes("abc"), 15).has_value());
}

BOOST_AUTO_TEST_CASE(compressed_messages_are_echoed_from_any_pieces) {
  deflate_context context;
  const std::string message(3000, 'm');
  const std::string small = deflated(context, message);
  const std::string split = frame(0x41, small.substr(0, 5)) + ping("p") + frame(0x80, small.substr(5));
  for (const std::size_t cut : {0, 1, 2, 3}) {
    stream server = make_deflating_server(context);
    BOOST_TEST(to_text(read_frames(echo(server, frame(0xc1, small), cut))) == to_text({"deflated text:" + small}));
    BOOST_TEST(to_text(read_frames(echo(server, split, cut))) == to_text({"pong:p", "deflated text:" + small}));
    BOOST_TEST(to_text(read_frames(echo(server, text("short"), cut))) == to_text({"text:short"}));
  }
}

BOOST_AUTO_TEST_CASE(a_bomb_is_stopped_at_the_message_limit) {
  deflate_context context;
  const std::string bomb = deflated(context, std::string(64 << 20, '\0'));
  BOOST_TEST(bomb.size() < (1U << 20));
  stream server = make_deflating_server(context);
  BOOST_TEST(to_text(read_frames(echo(server, text("before") + frame(0xc2, bomb)))) ==
             to_text({"text:before", "close:1009"}));
}

BOOST_AUTO_TEST_CASE(a_message_that_does_not_shrink_may_still_be_as_large_as_the_limit) {
  // Stored blocks: five octets more for every 65,535.
  std::string stored;
  const std::string payload(1 << 20, 'n');
  for (std::size_t at = 0; at < payload.size(); at += 65535) {
    const std::size_t n = std::min<std::size_t>(65535, payload.size() - at);
    stored += std::string{'\0', static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(~n),
                          static_cast<char>(~n >> 8)};
    stored += payload.substr(at, n);
  }
  stored += '\0';
  deflate_context context;
  stream server = make_deflating_server(context);
  BOOST_TEST(read_frames(echo(server, frame(0xc2, stored))).at(0).starts_with("deflated binary:"));
}

BOOST_AUTO_TEST_CASE(compressed_nonsense_ends_the_connection) {
  deflate_context context;
  const auto closes = [&](const std::string& octets, const char* expected) {
    stream server = make_deflating_server(context);
    BOOST_TEST(to_text(read_frames(echo(server, octets, 3))) == to_text({expected}));
  };
  closes(frame(0xc1, "\xff\xff\xff\xff"), "close:1007");
  closes(frame(0xc1, deflated(context, std::string(100, '\xff'))), "close:1007");  // Inflates, but is no text.
  closes(frame(0x41, "a") + frame(0xc0, "b"), "close:1002");                       // RSV1 on a continuation,
  closes(frame(0xc9, "a"), "close:1002");                                          // on a control frame,
  closes(frame(0xe1, "a"), "close:1002");                                          // with RSV2.
}

BOOST_AUTO_TEST_SUITE_END()
