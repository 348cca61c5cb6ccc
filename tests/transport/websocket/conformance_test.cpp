// SPDX-License-Identifier: MIT
// The case families of the public Autobahn test suite (sections 1 to 7, 9, 10) as tables over the stream core. Every
// case is fed whole and in pieces of 1, 2 and 3 octets, and must be answered the same each time.
#include "tests/transport/websocket/wire.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::websocket;
using namespace askr::websocket::test;

using answers = std::vector<std::string>;

struct conformance_case {
  std::string name;
  std::string octets;
  answers expected;
};

void check(const std::vector<conformance_case>& cases, const stream_options& options = {}) {
  for (const conformance_case& each : cases) {
    for (const std::size_t cut : {0, 1, 2, 3}) {
      stream server = make_server(options);
      const answers got = read_frames(echo(server, each.octets, cut));
      BOOST_TEST_CONTEXT(each.name << ", cut " << cut) { BOOST_TEST(to_text(got) == to_text(each.expected)); }
    }
  }
}

std::string join(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

/// A message in fragments of so many octets.
std::string fragments(int first_octet, std::string_view payload, std::size_t each) {
  std::string all;
  for (std::size_t at = 0; at == 0 || at < payload.size(); at += each) {
    const bool last = at + each >= payload.size();
    all += frame((at == 0 ? first_octet : 0) | (last ? 0x80 : 0), payload.substr(at, each));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_conformance)

BOOST_AUTO_TEST_CASE(section_1_messages_of_every_length_form_are_echoed) {
  std::vector<conformance_case> cases;
  for (const std::size_t size : {0, 1, 125, 126, 127, 128, 65535, 65536}) {
    const std::string payload(size, '*');
    cases.push_back({"1.1 text " + std::to_string(size), text(payload), {"text:" + payload}});
    const std::string octets(size, '\xfe');
    cases.push_back({"1.2 binary " + std::to_string(size), binary(octets), {"binary:" + octets}});
  }
  check(cases);
}

BOOST_AUTO_TEST_CASE(section_2_pings_are_answered_and_pongs_are_ignored) {
  const std::string full(125, '\xfe');
  std::string ten;
  answers ten_pongs;
  for (int i = 0; i < 10; ++i) {
    ten += ping("payload-" + std::to_string(i));
    ten_pongs.push_back("pong:payload-" + std::to_string(i));
  }
  check({
      {"2.1", ping(""), {"pong:"}},
      {"2.2", ping("Hello, world!"), {"pong:Hello, world!"}},
      {"2.3", ping("\x01\xff\xfe\xfd"), {"pong:\x01\xff\xfe\xfd"}},
      {"2.4", ping(full), {"pong:" + full}},
      {"2.5", frame(0x89, std::string(126, '*')), {"close:1002"}},
      {"2.7", pong(""), {}},
      {"2.8", pong("unsolicited"), {}},
      {"2.9", pong("unsolicited") + ping("payload"), {"pong:payload"}},
      {"2.10", ten, ten_pongs},
  });
}

BOOST_AUTO_TEST_CASE(section_3_reserved_bits_end_the_connection_after_the_replies) {
  check({
      {"3.1", frame(0x81 | 0x10, "Hello"), {"close:1002"}},
      {"3.2", text("Hello") + frame(0x81 | 0x20, "Hello") + ping(""), {"text:Hello", "close:1002"}},
      {"3.3", text("Hello") + frame(0x81 | 0x30, "Hello") + ping(""), {"text:Hello", "close:1002"}},
      {"3.4", text("Hello") + frame(0x81 | 0x40, "Hello") + ping(""), {"text:Hello", "close:1002"}},
      {"3.5", frame(0x82 | 0x50, "Hello"), {"close:1002"}},
      {"3.6", frame(0x89 | 0x60, "Hello"), {"close:1002"}},
      {"3.7", frame(0x88 | 0x70, "Hello"), {"close:1002"}},
  });
}

BOOST_AUTO_TEST_CASE(section_4_reserved_opcodes_end_the_connection_after_the_replies) {
  std::vector<conformance_case> cases;
  for (const int code : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    cases.push_back({"4 empty " + std::to_string(code), frame(0x80 | code, ""), {"close:1002"}});
    cases.push_back({"4 payload " + std::to_string(code), frame(0x80 | code, "reserved"), {"close:1002"}});
    cases.push_back({"4 after text " + std::to_string(code),
                     text("Hello") + frame(0x80 | code, "reserved") + ping(""),
                     {"text:Hello", "close:1002"}});
  }
  check(cases);
}

BOOST_AUTO_TEST_CASE(section_5_fragments_make_one_message_with_control_frames_between) {
  const std::string nothing_to_continue = frame(0x80, "fragment1") + text("Hello");
  check({
      {"5.1", frame(0x09, "fragment1") + frame(0x80, "fragment2"), {"close:1002"}},
      {"5.2", frame(0x0a, "fragment1") + frame(0x80, "fragment2"), {"close:1002"}},
      {"5.3", frame(0x01, "fragment1") + frame(0x80, "fragment2"), {"text:fragment1fragment2"}},
      {"5.6",
       join({frame(0x01, "fragment1"), ping("ping"), frame(0x80, "fragment2")}),
       {"pong:ping", "text:fragment1fragment2"}},
      {"5.9", nothing_to_continue, {"close:1002"}},
      {"5.12", frame(0x00, "fragment1") + text("Hello"), {"close:1002"}},
      {"5.15",
       join({frame(0x01, "fragment1"), frame(0x80, "fragment2"), frame(0x00, "fragment3"), text("fragment4")}),
       {"text:fragment1fragment2", "close:1002"}},
      {"5.16", join({frame(0x00, "fragment1"), frame(0x01, "fragment2"), frame(0x80, "fragment3")}), {"close:1002"}},
      {"5.18", frame(0x01, "fragment1") + frame(0x81, "fragment2"), {"close:1002"}},
      {"5.19",
       join({frame(0x01, "1"), frame(0x00, "2"), ping("a"), frame(0x00, "3"), frame(0x00, "4"), ping("b"),
             frame(0x80, "5")}),
       {"pong:a", "pong:b", "text:12345"}},
      {"a pong between", join({frame(0x02, "1"), pong("x"), frame(0x80, "2")}), {"binary:12"}},
      {"empty fragments", join({frame(0x01, ""), frame(0x00, ""), frame(0x80, "")}), {"text:"}},
  });
}

BOOST_AUTO_TEST_CASE(section_6_valid_text_is_echoed_however_it_is_cut) {
  const std::string greek = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
  check({
      {"6.1.1", text(""), {"text:"}},
      {"6.1.3",
       join({frame(0x01, ""), frame(0x00, "middle frame payload"), frame(0x80, "")}),
       {"text:middle frame payload"}},
      {"6.2.1", text(greek), {"text:" + greek}},
      {"6.2.2", fragments(0x01, greek, 7), {"text:" + greek}},
      {"6.2.3", fragments(0x01, greek, 1), {"text:" + greek}},
      {"6.2.4",
       fragments(0x01, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", 1),
       {"text:\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"}},
  });
  for (const char* valid :
       {"\xf0\xa0\x80\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xee\x80\x80", "\xed\x9f\xbf", "\xef\xbf\xbd",
        "\xdf\xbf", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\x7f", "\xf3\xbf\xbf\xbe"}) {
    check({{"6 valid", text(valid), {std::string("text:") + valid}},
           {"6 valid in fragments", fragments(0x01, valid, 1), {std::string("text:") + valid}}});
  }
}

BOOST_AUTO_TEST_CASE(section_6_invalid_text_ends_the_connection) {
  const std::string surrogate = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64";
  check({{"6.3.1", text(surrogate), {"close:1007"}}, {"6.3.2", fragments(0x01, surrogate, 1), {"close:1007"}}});
  for (const char* invalid : {"\xf8\x88\x80\x80\x80",
                              "\xfc\x84\x80\x80\x80\x80",
                              "\xf7\xbf\xbf\xbf",
                              "\xf4\x90\x80\x80",
                              "\x80",
                              "\xbf",
                              "\x80\xbf\x80",
                              "\xc0 ",
                              "\xe0 ",
                              "\xf0 ",
                              "\xc0",
                              "\xe0\x80",
                              "\xf0\x80\x80",
                              "\xce",
                              "\xe1\xbd",
                              "\xf0\x90\x80",
                              "\xfe",
                              "\xff",
                              "\xc0\xaf",
                              "\xe0\x80\xaf",
                              "\xf0\x80\x80\xaf",
                              "\xc1\xbf",
                              "\xe0\x9f\xbf",
                              "\xf0\x8f\xbf\xbf",
                              "\xed\xa0\x80",
                              "\xed\xad\xbf",
                              "\xed\xbf\xbf",
                              "\xed\xa0\x80\xed\xb0\x80"}) {
    check({{"6 invalid", text(invalid), {"close:1007"}},
           {"6 invalid in fragments", fragments(0x01, invalid, 1), {"close:1007"}}});
  }
}

BOOST_AUTO_TEST_CASE(section_6_4_invalid_text_ends_the_connection_before_the_message_is_complete) {
  const std::string good = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
  check({
      {"6.4.1", frame(0x01, good) + frame(0x00, "\xf4\x90\x80\x80"), {"close:1007"}},
      {"6.4.2", frame(0x01, good + "\xf4") + frame(0x00, "\x90"), {"close:1007"}},
      {"6.4.3", declare(0x81, 65536) + frame(0x81, good + "\xf4\x90", true).substr(6), {"close:1007"}},
  });
}

BOOST_AUTO_TEST_CASE(section_7_close_frames_are_answered_once_and_end_everything) {
  check({
      {"7.1.1", text("Hello") + close_frame(1000), {"text:Hello", "close:1000"}},
      {"7.1.2", close_frame(1000) + close_frame(1000), {"close:1000"}},
      {"7.1.3", close_frame(1000) + ping("late"), {"close:1000"}},
      {"7.1.4", close_frame(1000) + text("late"), {"close:1000"}},
      {"7.1.5", join({frame(0x01, "fragment1"), close_frame(1000), frame(0x80, "fragment2")}), {"close:1000"}},
      {"7.3.1", frame(0x88, ""), {"close:"}},
      {"7.3.2", frame(0x88, "a"), {"close:1002"}},
      {"7.3.4", close_frame(1000, "Hello World!"), {"close:1000"}},
      {"7.3.5", close_frame(1000, std::string(123, '*')), {"close:1000"}},
      {"7.3.6", close_frame(1000, std::string(124, '*')), {"close:1002"}},
      {"7.5.1", close_frame(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80\x65"), {"close:1007"}},
  });
}

BOOST_AUTO_TEST_CASE(section_7_close_codes_are_checked) {
  std::vector<conformance_case> cases;
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    cases.push_back({"7.7 " + std::to_string(code), close_frame(code), {"close:" + std::to_string(code)}});
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    cases.push_back({"7.9 " + std::to_string(code), close_frame(code), {"close:1002"}});
  check(cases);
}

BOOST_AUTO_TEST_CASE(section_9_large_messages_pass_whole_and_in_small_fragments) {
  stream_options options;
  options.limits.message_bytes_max = 16 << 20;
  options.limits.fragments_max = 65537;
  const std::string payload(4 << 20, '*');
  for (const std::size_t each : {std::size_t{64}, std::size_t{4096}, payload.size()}) {
    for (const std::size_t cut : {0, 1460, 65536}) {
      stream server = make_server(options);
      BOOST_TEST((echo(server, fragments(0x02, payload, each), cut) == frame(0x82, payload, false)));
    }
  }
  stream server = make_server(options);
  const std::string largest(16 << 20, 'x');
  BOOST_TEST((echo(server, text(largest), 65536) == frame(0x81, largest, false)));
  BOOST_TEST((echo(server, fragments(0x02, largest.substr(0, 65537), 1), 65536) ==
              frame(0x82, largest.substr(0, 65537), false)));
}

BOOST_AUTO_TEST_CASE(section_10_a_message_in_fragments_of_1300_octets_is_echoed) {
  const std::string payload(65536, '*');
  check({{"10.1.1", fragments(0x01, payload, 1300), {"text:" + payload}}});
}

BOOST_AUTO_TEST_CASE(frames_no_client_may_send_end_the_connection) {
  check({
      {"without a mask", frame(0x81, "Hello", false), {"close:1002"}},
      {"control without a mask", frame(0x89, "", false), {"close:1002"}},
      {"length 125 in two octets", frame(0x81, std::string(125, 'a'), true, length_form::two_octets), {"close:1002"}},
      {"length 0 in eight octets", frame(0x81, "", true, length_form::eight_octets), {"close:1002"}},
      {"length 65535 in eight octets",
       frame(0x82, std::string(65535, 'a'), true, length_form::eight_octets),
       {"close:1002"}},
      {"length bit 63", declare(0x82, std::uint64_t{1} << 63), {"close:1002"}},
      {"length 2^64 - 1", declare(0x82, ~std::uint64_t{0}), {"close:1002"}},
      {"length 2^63 - 1", declare(0x82, ~std::uint64_t{0} >> 1), {"close:1009"}},
      {"one above the limit", declare(0x82, (1 << 20) + 1), {"close:1009"}},
      {"control of 64-bit length", declare(0x89, 5), {"close:1002"}},
  });
}

BOOST_AUTO_TEST_SUITE_END()
