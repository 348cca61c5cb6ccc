// SPDX-License-Identifier: MIT
#include "transport/json.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(json)

namespace {

using namespace askr;
using namespace askr::transport;

result<void> transcode(std::string_view text, byte_buffer& out, const json_limits& limits = {}) {
  return json_transcoder().to_msgpack(as_bytes(text), out, limits);
}

/// JSON -> msgpack -> JSON.
std::string round_trip(std::string_view text) {
  byte_buffer packed;
  const auto done = transcode(text, packed);
  BOOST_REQUIRE_MESSAGE(done.ok(), text);
  BOOST_TEST(check_msgpack(packed).ok());
  byte_buffer printed;
  BOOST_REQUIRE(msgpack_to_json(packed, printed).ok());
  return std::string(as_text(printed));
}

errc refused(std::string_view text, const json_limits& limits = {}) {
  byte_buffer out{1, 2, 3};
  const auto done = transcode(text, out, limits);
  BOOST_REQUIRE_MESSAGE(!done.ok(), text);
  BOOST_TEST(out.size() == 3u);
  return done.code();
}

template <class Write>
std::string printed(Write write) {
  byte_buffer packed;
  write(packed);
  byte_buffer out;
  const auto done = msgpack_to_json(packed, out);
  return done ? std::string(as_text(out)) : std::string(to_string(done.code()));
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

BOOST_AUTO_TEST_CASE(what_fits_both_formats_comes_back_the_same) {
  for (const std::string_view text : {"null",
                                      "true",
                                      "false",
                                      "0",
                                      "-1",
                                      "9007199254740993",
                                      "-9223372036854775808",
                                      "18446744073709551615",
                                      "21.5",
                                      "1.0",
                                      "-0.0",
                                      "1e+300",
                                      "5e-324",
                                      "0.1",
                                      "\"\"",
                                      "\"text\"",
                                      "[]",
                                      "{}",
                                      "[[],{},[{}]]",
                                      R"({"a":1,"b":[true,null,"x"],"c":{"d":-2.5}})",
                                      R"("\"\\\b\f\n\r\t\u0001\u001f")",
                                      "\"\xc3\xa4\xf0\x9f\x98\x80\""}) {
    BOOST_TEST(round_trip(text) == text);
  }
}

BOOST_AUTO_TEST_CASE(white_space_and_escapes_are_resolved) {
  BOOST_TEST(round_trip(" [ 1 ,\t2\r\n] ") == "[1,2]");
  BOOST_TEST(round_trip(R"("\u0041\/\ud83d\ude00")") == "\"A/\xf0\x9f\x98\x80\"");
  BOOST_TEST(round_trip(R"("a\u0000b")") == R"("a\u0000b")");
}

BOOST_AUTO_TEST_CASE(what_needs_an_escape_is_found_wherever_it_stands) {
  const std::map<std::string, std::string> specials{
      {"\n", "\\n"}, {"\"", "\\\""}, {"\\", "\\\\"},   {std::string(1, 0), "\\u0000"}, {"\x1f", "\\u001f"},
      {" ", " "},    {"!", "!"},     {"\x7f", "\x7f"}, {"\xc3\xa4", "\xc3\xa4"}};
  for (const auto& [character, written] : specials) {
    for (std::size_t length = 0; length <= 20; ++length) {
      for (std::size_t at = 0; at <= length; ++at) {
        const std::string before(at, '~'), after(length - at, '#');
        byte_buffer out;
        write_json_string(out, before + character + after + character);
        BOOST_REQUIRE(as_text(out) == '"' + before + written + after + written + '"');
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(doubles_read_back_to_the_last_bit) {
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto number = std::bit_cast<double>(state);
    if (!std::isfinite(number)) continue;
    byte_buffer text;
    write_json_double(text, number);
    byte_buffer packed;
    BOOST_REQUIRE(transcode(as_text(text), packed).ok());
    const auto back = msgpack_reader(packed).read_double();
    BOOST_REQUIRE(back.has_value() && std::bit_cast<std::uint64_t>(*back) == state);
  }
}

BOOST_AUTO_TEST_CASE(broken_text_is_refused) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\":}",
                                      "{\"a\" 1}",
                                      "{a:1}",
                                      "'a'",
                                      "nul",
                                      "NaN",
                                      "Infinity",
                                      "-",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1 2",
                                      "{} {}",
                                      "[1]x",
                                      "\"\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "\"\\x\"",
                                      "\"\n\"",
                                      "\"open",
                                      "\xef\xbb\xbf{}",
                                      "\"\xff\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "1e400",
                                      "-1e400",
                                      "18446744073709551616",
                                      "-9223372036854775809",
                                      "[}",
                                      "// x"}) {
    BOOST_TEST((refused(text) == errc::bad_message), text);
  }
  BOOST_TEST((refused(std::string_view("{}\0", 3)) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(a_key_that_stands_twice_is_refused) {
  BOOST_TEST((refused(R"({"a":1,"a":2})") == errc::bad_message));
  BOOST_TEST((refused(R"({"a":1,"\u0061":2})") == errc::bad_message));
  BOOST_TEST((refused(R"([{"b":{"a":1,"c":2,"a":3}}])") == errc::bad_message));
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  BOOST_TEST(round_trip(many + "\"k1000\":0}").size() == many.size() + 10);
  BOOST_TEST((refused(many + "\"k500\":0}") == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(depth_elements_and_length_are_limited) {
  BOOST_TEST(round_trip(nested(32)) == nested(32));
  BOOST_TEST((refused(nested(33)) == errc::too_large));
  BOOST_TEST((refused(nested(1000)) == errc::too_large));
  BOOST_TEST((refused(std::string(100'000, '[')) != errc::closed));
  json_limits limits;
  limits.elements_max = 3;
  BOOST_TEST((refused("[1,2,[3]]", limits) == errc::too_large));
  limits.bytes_max = 4;
  BOOST_TEST((refused("[   ]", limits) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_within_the_limits_is_refused_before_room_is_made_for_it) {
  json_transcoder transcoder;
  const auto repeated = [](std::string_view unit) {
    std::string text;
    while (text.size() + unit.size() <= 1U << 20) text += unit;
    return text;
  };
  byte_buffer out;
  for (const char* unit : {"[", "{", "0,", "{},", "]", ":", "1 ", ",", "[]", "\"a\":1,", "[0,"}) {
    BOOST_TEST((transcoder.to_msgpack(as_bytes(repeated(unit)), out).code() == errc::too_large));
  }
  // Nor is anything refused that is within them: structure inside strings does not count.
  BOOST_TEST(
      transcoder.to_msgpack(as_bytes("\"" + repeated("[{,:}]\\\"").substr(0, 900'000 / 8 * 8) + "\""), out).ok());
  std::string full = "[";
  for (int i = 0; i < 65'535; ++i) full += "\"0123456789\",";
  BOOST_TEST(transcoder.to_msgpack(as_bytes(full + "0]"), out).ok());
  BOOST_TEST((transcoder.to_msgpack(as_bytes(full + "0,0]"), out).code() == errc::too_large));
  json_limits few;
  few.elements_max = 3;  // White space costs nothing.
  BOOST_TEST(transcoder.to_msgpack(as_bytes("[ 123,\n\r\ttrue ,          null           ]"), out, few).ok());
}

BOOST_AUTO_TEST_CASE(numbers_are_limited_but_digits_in_strings_are_not) {
  const std::string digits(65, '1');
  BOOST_TEST((refused("0." + digits) == errc::too_large));
  BOOST_TEST((refused("[1,2,{\"a\":-0." + digits + "}]") == errc::too_large));
  BOOST_TEST(round_trip('"' + digits + digits + '"') == '"' + digits + digits + '"');
  BOOST_TEST(round_trip(R"(["\")" + digits + R"(",1])") == R"(["\")" + digits + R"(",1])");
  const std::string number = "0." + std::string(62, '1');
  BOOST_TEST(round_trip('[' + number + ']').size() > 10u);
  for (std::size_t offset = 0; offset < 70; ++offset) {
    BOOST_TEST((refused(std::string(offset, ' ') + number + "1") == errc::too_large));
  }
}

BOOST_AUTO_TEST_CASE(a_transcoder_goes_on_after_errors_and_large_texts) {
  json_transcoder transcoder;
  byte_buffer out;
  const std::string large = '"' + std::string(500'000, 'x') + '"';
  BOOST_TEST(transcoder.to_msgpack(as_bytes(large), out).ok());
  for (int i = 0; i < 600; ++i) {
    out.clear();
    BOOST_TEST(transcoder.to_msgpack(as_bytes(i % 2 == 0 ? "[1]" : "[1"), out).ok() == (i % 2 == 0));
  }
  BOOST_TEST(transcoder.to_msgpack(as_bytes(large), out).ok());
}

BOOST_AUTO_TEST_CASE(what_json_has_no_word_for_becomes_something_near) {
  BOOST_TEST(printed([](byte_buffer& out) { write_double(out, std::nan("")); }) == "null");
  BOOST_TEST(printed([](byte_buffer& out) { write_double(out, -std::numeric_limits<double>::infinity()); }) == "null");
  BOOST_TEST(printed([](byte_buffer& out) { write_raw(out, std::string_view("\xd6\xff\0\0\0\2", 6)); }) == "2000");
  BOOST_TEST(printed([](byte_buffer&) {}) == "null");
}

BOOST_AUTO_TEST_CASE(bytes_become_base64) {
  // Source: RFC 4648, section 10.
  const std::pair<std::string_view, std::string_view> table[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : table) {
    BOOST_TEST(printed([&, b = bytes](byte_buffer& out) { write_bin(out, as_bytes(b)); }) ==
               '"' + std::string(text) + '"');
  }
}

BOOST_AUTO_TEST_CASE(msgpack_that_cannot_be_json_is_refused_and_leaves_nothing_behind) {
  const std::pair<std::string_view, errc> table[] = {
      {"\xa1\xff", errc::bad_payload},             // a str that is not UTF-8
      {"\x81\xa1\xff\x01", errc::bad_payload},     // a key that is not UTF-8
      {"\x81\x01\x01", errc::bad_payload},         // a key that is not a str
      {"\x92\x01", errc::bad_payload},             // cut off
      {"\x01\x01", errc::bad_payload},             // trailing
      {"\xc1", errc::bad_payload},                 // unused tag
      {"\xd4\x05\x01", errc::bad_payload},         // an ext
      {"\xdd\xff\xff\xff\xff", errc::bad_payload}  // a claim
  };
  for (const auto& [bytes, code] : table) {
    byte_buffer out{7};
    const auto done = msgpack_to_json(as_bytes(bytes), out);
    BOOST_REQUIRE(!done.ok());
    BOOST_TEST((done.code() == code));
    BOOST_TEST(out.size() == 1u);
  }
  byte_buffer deep(1'000'000, 0x91);
  byte_buffer out;
  BOOST_TEST((msgpack_to_json(deep, out).code() == errc::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
