// SPDX-License-Identifier: MIT
#include "transport/websocket/frame_parser.hpp"

#include "tests/transport/websocket/wire.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::websocket;
using namespace askr::websocket::test;
using kind = frame_event::kind;

byte_buffer to_bytes(std::string_view octets) {
  byte_buffer bytes;
  append(bytes, as_bytes(octets));
  return bytes;
}

/// Feeds everything and returns the first event.
frame_event first_event(frame_parser& parser, byte_buffer& bytes) {
  mutable_byte_span rest = bytes;
  return parser.next(rest);
}

close_code violation_of(std::string_view octets, const frame_limits& limits, role receiver = role::server) {
  frame_parser parser(receiver, limits, false);
  byte_buffer bytes = to_bytes(octets);
  mutable_byte_span rest = bytes;
  for (;;) {
    const frame_event event = parser.next(rest);
    if (event.what == kind::violation) return event.code;
    if (event.what == kind::need_more) return 0;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_frame_parser)

BOOST_AUTO_TEST_CASE(whole_message_is_handed_out_in_place) {
  frame_parser parser(role::server, {}, false);
  byte_buffer bytes = to_bytes(text("first") + binary("second"));
  mutable_byte_span rest = bytes;
  const frame_event first = parser.next(rest);
  BOOST_TEST(as_text(first.payload) == "first");
  BOOST_TEST(first.payload.data() == bytes.data() + 6);
  const frame_event second = parser.next(rest);
  BOOST_TEST(as_text(second.payload) == "second");
  BOOST_TEST((second.what == kind::binary));
  BOOST_TEST(second.payload.data() == bytes.data() + 17);
  BOOST_TEST((parser.next(rest).what == kind::need_more));
  BOOST_TEST(!parser.in_progress());
}

BOOST_AUTO_TEST_CASE(gathered_message_has_readable_octets_behind_it) {
  frame_parser parser(role::server, {}, false);
  const std::string octets = text(std::string(5000, 'x'));
  byte_buffer head = to_bytes(octets.substr(0, 100));
  byte_buffer tail = to_bytes(octets.substr(100));
  BOOST_TEST((first_event(parser, head).what == kind::need_more));
  BOOST_TEST(parser.in_progress());
  const frame_event event = first_event(parser, tail);
  BOOST_TEST(as_text(event.payload) == std::string(5000, 'x'));
  unsigned sum = 0;  // Under AddressSanitizer this is the test.
  for (std::size_t i = 0; i < frame_parser::slack_bytes; ++i) sum += (event.payload.data() + event.payload.size())[i];
  BOOST_TEST(sum <= 255 * frame_parser::slack_bytes);
}

BOOST_AUTO_TEST_CASE(client_role_wants_frames_without_a_mask) {
  BOOST_TEST(violation_of(frame(0x81, "x", false), {}, role::client) == 0);
  BOOST_TEST(violation_of(frame(0x81, "x", true), {}, role::client) == close_codes::protocol_error);
  BOOST_TEST(violation_of(frame(0x81, "x", false), {}, role::server) == close_codes::protocol_error);
}

BOOST_AUTO_TEST_CASE(message_limit_counts_all_fragments_and_is_exact) {
  frame_limits limits;
  limits.message_bytes_max = 100;
  BOOST_TEST(violation_of(text(std::string(100, 'a')), limits) == 0);
  BOOST_TEST(violation_of(text(std::string(101, 'a')), limits) == close_codes::too_big);
  BOOST_TEST(violation_of(frame(0x02, std::string(60, 'a')) + frame(0x80, std::string(40, 'a')), limits) == 0);
  BOOST_TEST(violation_of(frame(0x02, std::string(60, 'a')) + frame(0x80, std::string(41, 'a')), limits) ==
             close_codes::too_big);
  BOOST_TEST(violation_of(frame(0x02, "a") + declare(0x80, ~std::uint64_t{0} >> 1), limits) == close_codes::too_big);
}

BOOST_AUTO_TEST_CASE(fragments_are_counted_even_if_empty) {
  frame_limits limits;
  limits.fragments_max = 4;
  std::string octets = frame(0x02, "") + frame(0x00, "") + frame(0x00, "");
  BOOST_TEST(violation_of(octets + frame(0x80, ""), limits) == 0);
  BOOST_TEST(violation_of(octets + frame(0x00, "") + frame(0x80, ""), limits) == close_codes::policy_violation);
  BOOST_TEST(violation_of(octets + ping("") + ping("") + frame(0x80, "") + octets + frame(0x80, ""), limits) == 0);
}

BOOST_AUTO_TEST_CASE(advisory_15_a_million_tiny_fragments_cost_no_more_than_their_octets) {
  frame_limits limits;
  limits.fragments_max = 2'000'000;
  frame_parser parser(role::server, limits, false);
  byte_buffer bytes = to_bytes(frame(0x02, "a"));
  const std::string piece = frame(0x00, "a") + frame(0x00, "");
  first_event(parser, bytes);
  for (int i = 0; i < 500'000; ++i) {
    bytes = to_bytes(piece);
    BOOST_REQUIRE((first_event(parser, bytes).what == kind::need_more));
  }
  bytes = to_bytes(frame(0x80, "a"));
  BOOST_TEST(first_event(parser, bytes).payload.size() == 500'002U);
}

BOOST_AUTO_TEST_CASE(nothing_is_understood_after_a_violation) {
  frame_parser parser(role::server, {}, false);
  byte_buffer bytes = to_bytes(frame(0x83, "") + text("hidden"));
  mutable_byte_span rest = bytes;
  BOOST_TEST((parser.next(rest).what == kind::violation));
  BOOST_TEST((parser.next(rest).what == kind::need_more));
  BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_CASE(close_bodies_of_odd_sizes_are_judged_by_their_own_octets) {
  BOOST_TEST(violation_of(frame(0x88, "\x03"), {}) == close_codes::protocol_error);
  BOOST_TEST(violation_of(close_frame(1000, "x"), {}) == 0);
  BOOST_TEST(violation_of(close_frame(1000, "\xc3"), {}) == close_codes::invalid_payload);
}

BOOST_AUTO_TEST_SUITE_END()
