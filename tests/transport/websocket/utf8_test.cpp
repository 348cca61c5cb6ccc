// SPDX-License-Identifier: MIT
#include "transport/websocket/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace askr;
using namespace askr::websocket;

/// Where the validator gives up, or npos.
std::size_t failing_octet(std::string_view text) {
  utf8_validator validator;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!validator.feed(as_bytes(text.substr(i, 1)))) return i;
  return std::string_view::npos;
}

std::string encode(std::uint32_t point) {
  const auto octet = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {octet(point)};
  if (point < 0x800) return {octet(0xc0 | point >> 6), octet(0x80 | (point & 0x3f))};
  if (point < 0x10000)
    return {octet(0xe0 | point >> 12), octet(0x80 | (point >> 6 & 0x3f)), octet(0x80 | (point & 0x3f))};
  return {octet(0xf0 | point >> 18), octet(0x80 | (point >> 12 & 0x3f)), octet(0x80 | (point >> 6 & 0x3f)),
          octet(0x80 | (point & 0x3f))};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_utf8)

BOOST_AUTO_TEST_CASE(exactly_the_code_points_but_surrogates_are_valid) {
  std::size_t wrong = 0;
  for (std::uint32_t point = 0; point < 0x140000; ++point) {
    const bool expected = point < 0xd800 || (point > 0xdfff && point < 0x110000);
    wrong += is_utf8(as_bytes(encode(point))) != expected;
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(it_fails_at_the_first_octet_that_shows_it) {
  BOOST_TEST(failing_octet("a\xc0\xaf") == 1U);
  BOOST_TEST(failing_octet("\xf4\x90\x80\x80") == 1U);
  BOOST_TEST(failing_octet("\xed\xa0\x80") == 1U);
  BOOST_TEST(failing_octet("\xe0\x9f\xbf") == 1U);
  BOOST_TEST(failing_octet("\xe1\xbd\x41") == 2U);
  BOOST_TEST(failing_octet("\xf5") == 0U);
  BOOST_TEST(failing_octet("\xf4\x8f\xbf\xbf") == std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(the_fast_path_for_ascii_sees_every_position) {
  for (std::size_t at = 0; at < 70; ++at) {
    std::string text(70, 'a');
    text[at] = '\xff';
    BOOST_TEST(!is_utf8(as_bytes(text)), "position " << at);
  }
  BOOST_TEST(is_utf8(as_bytes(std::string(1000, 'a') + "\xc2\xb5" + std::string(1000, 'b'))));
  BOOST_TEST(!is_utf8(as_bytes(std::string(1000, 'a') + "\xc2")));
}

BOOST_AUTO_TEST_CASE(truncation_keeps_whole_code_points) {
  BOOST_TEST(truncate_utf8("abc", 10) == "abc");
  BOOST_TEST(truncate_utf8("abc", 2) == "ab");
  BOOST_TEST(truncate_utf8("a\xe1\xbd\xb9", 3) == "a");
  BOOST_TEST(truncate_utf8("a\xe1\xbd\xb9", 4) == "a\xe1\xbd\xb9");
  BOOST_TEST(truncate_utf8("ab\xff"
                           "cd",
                           9) == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
