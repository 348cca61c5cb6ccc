// SPDX-License-Identifier: MIT
#include <askr/payload.hpp>
#include <askr/value.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(value)

namespace {

using askr::errc;
using json = askr::value;

bool is_bad_payload(const askr::failure& thrown) { return thrown.code() == errc::bad_payload; }

}  // namespace

BOOST_AUTO_TEST_CASE(an_object_is_written_as_it_looks) {
  const json reading{
      {"sensor", "t1"}, {"celsius", 21.5}, {"ok", true}, {"tags", json::array{1, "two"}}, {"none", nullptr}};
  BOOST_TEST(reading.size() == 5u);
  BOOST_TEST(reading["sensor"].as_string() == "t1");
  BOOST_TEST(reading["tags"][1].as_string() == "two");
  BOOST_TEST(reading["none"].is_null());
  BOOST_TEST(reading.contains("ok"));
  BOOST_TEST(!reading.contains("ko"));
  BOOST_TEST(askr::to_json(reading).value() ==
             R"({"sensor":"t1","celsius":21.5,"ok":true,"tags":[1,"two"],"none":null})");
}

BOOST_AUTO_TEST_CASE(null_becomes_what_it_is_used_as) {
  json made;
  made["a"]["b"] = 1;
  made["list"].push_back("x");
  BOOST_TEST(askr::to_json(made).value() == R"({"a":{"b":1},"list":["x"]})");
  BOOST_CHECK_EXCEPTION(made["list"]["key"], askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(made.push_back(1), askr::failure, is_bad_payload);
}

BOOST_AUTO_TEST_CASE(the_wrong_type_throws_bad_payload) {
  const json text = "x";
  BOOST_CHECK_EXCEPTION(text.as_int(), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(text.at("x"), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(json(json::array{}).at(0), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(json(-1).as_uint(), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(json(1.5).as_int(), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION(json(UINT64_MAX).as_int(), askr::failure, is_bad_payload);
  BOOST_CHECK_EXCEPTION((json{{"a", 1}, {"a", 2}}), askr::failure, is_bad_payload);
}

BOOST_AUTO_TEST_CASE(numbers_have_one_form) {
  BOOST_TEST((json(5u) == json(5)));
  BOOST_TEST((json(std::uint64_t{5}) == json(std::int8_t{5})));
  BOOST_TEST((json(1) != json(1.0)));
  BOOST_TEST(json(UINT64_MAX).as_uint() == UINT64_MAX);
  BOOST_TEST(json(2.0).as_int() == 2);
  BOOST_TEST(json(2).as_double() == 2.0);
}

BOOST_AUTO_TEST_CASE(objects_are_equal_in_any_order) {
  BOOST_TEST((json{{"a", 1}, {"b", 2}} == json{{"b", 2}, {"a", 1}}));
  BOOST_TEST((json{{"a", 1}} != json{{"a", 2}}));
  BOOST_TEST((json{{"a", 1}} != json{{"b", 1}}));
  BOOST_TEST((json(json::object{}) != json(json::array{})));
}

BOOST_AUTO_TEST_CASE(json_text_comes_back) {
  for (const auto* text :
       {"null", "true", "[1,-2,3.5,18446744073709551615]", R"({"a":{"b":[]},"c":"\n"})", "{}", "\"\""}) {
    const auto read = askr::from_json(text);
    BOOST_REQUIRE(read.ok());
    BOOST_TEST(askr::to_json(*read).value() == text);
  }
  BOOST_TEST((askr::from_json("{").code() == errc::bad_payload));
  BOOST_TEST((askr::from_json(std::string(40, '[') + std::string(40, ']')).code() == errc::bad_payload));
  BOOST_TEST((askr::to_json(json("\xff")).code() == errc::bad_payload));
}

BOOST_AUTO_TEST_CASE(it_travels_as_a_payload) {
  const json given{{"bytes", askr::byte_buffer{1, 2}}, {"list", json::array{nullptr, false, -1, 0.5}}};
  BOOST_TEST((askr::payload::from(given).as<json>() == given));
}

BOOST_AUTO_TEST_SUITE_END()
