// SPDX-License-Identifier: MIT
#include "transport/websocket/frame_writer.hpp"

#include "tests/transport/websocket/wire.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(websocket_frame_writer)

using namespace askr;
using namespace askr::websocket;
using askr::websocket::test::frame;

BOOST_AUTO_TEST_CASE(frames_have_the_shortest_header_and_the_mask_of_their_role) {
  for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 70000}) {
    const std::string payload(size, 'p');
    byte_buffer plain;
    append_frame(plain, opcode::binary, as_bytes(payload));
    BOOST_TEST((as_text(plain) == frame(0x82, payload, false)));
    byte_buffer masked;
    append_masked_frame(masked, opcode::binary, as_bytes(payload), {0x37, 0xfa, 0x21, 0x3d});
    BOOST_TEST((as_text(masked) == frame(0x82, payload)));
  }
  byte_buffer compressed;
  append_frame(compressed, opcode::text, as_bytes("z"), true);
  BOOST_TEST((as_text(compressed) == frame(0xc1, "z", false)));
}

BOOST_AUTO_TEST_CASE(close_reasons_are_cut_at_a_code_point) {
  std::array<std::uint8_t, control_bytes_max> storage;
  BOOST_TEST(close_payload(close_codes::none_received, "ignored", storage).empty());
  BOOST_TEST(as_text(close_payload(1000, "bye", storage)) ==
             "\x03\xe8"
             "bye");
  const std::string long_reason = std::string(122, 'r') + "\xc3\xa9";
  BOOST_TEST(close_payload(1000, long_reason, storage).size() == 124U);
}

BOOST_AUTO_TEST_SUITE_END()
