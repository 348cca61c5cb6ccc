// SPDX-License-Identifier: MIT
#include <askr/payload.hpp>
#include <askr/value.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace {

struct add_request {
  int a = 0;
  int b = 0;
  MSGPACK_DEFINE_MAP(a, b)
};

struct report {
  std::string title;
  std::vector<double> samples;
  std::map<std::string, std::int64_t> counts;
  std::optional<std::string> note;
  askr::value extra;
  MSGPACK_DEFINE(title, samples, counts, note, extra)
};

}  // namespace

BOOST_AUTO_TEST_SUITE(payload)

namespace {

using askr::errc;
using askr::value;

askr::payload packed(std::string_view msgpack) { return askr::payload(askr::payload_view(askr::as_bytes(msgpack))); }

template <class T>
errc misread(const askr::payload& from) {
  const auto read = from.try_as<T>();
  BOOST_REQUIRE(!read.ok());
  return read.code();
}

template <class T>
T there_and_back(const T& given) {
  return askr::payload::from(given).template as<T>();
}

}  // namespace

BOOST_AUTO_TEST_CASE(scalars_and_strings_come_back) {
  BOOST_TEST(there_and_back(true) == true);
  BOOST_TEST(there_and_back(-7) == -7);
  BOOST_TEST(there_and_back(INT64_MIN) == INT64_MIN);
  BOOST_TEST(there_and_back(UINT64_MAX) == UINT64_MAX);
  BOOST_TEST(there_and_back(std::uint8_t{200}) == 200);
  BOOST_TEST(there_and_back('c') == 'c');
  BOOST_TEST(there_and_back(21.5) == 21.5);
  BOOST_TEST(there_and_back(1.5f) == 1.5f);
  BOOST_TEST(there_and_back(std::string("text")) == "text");
  BOOST_TEST(askr::payload::from("literal").as<std::string>() == "literal");
  const auto held = askr::payload::from(std::string_view("view"));
  BOOST_TEST(held.as<std::string_view>() == "view");
}

BOOST_AUTO_TEST_CASE(containers_and_structs_come_back) {
  BOOST_TEST(there_and_back(std::vector<int>{1, 2, 3}) == (std::vector<int>{1, 2, 3}));
  BOOST_TEST((there_and_back(std::tuple(1, std::string("x"), 2.5)) == std::tuple(1, std::string("x"), 2.5)));
  BOOST_TEST((there_and_back(std::unordered_map<std::string, int>{{"a", 1}}).at("a") == 1));
  BOOST_TEST((there_and_back(std::optional<std::string>{}) == std::nullopt));
  BOOST_TEST((there_and_back(askr::byte_buffer{1, 2, 255}) == askr::byte_buffer{1, 2, 255}));

  const auto request = there_and_back(add_request{3, 4});
  BOOST_TEST(request.a + request.b == 7);
  const auto given = report{"t", {1.5}, {{"n", 5}}, "note", value{{"k", value::array{1, "two"}}}};
  const auto back = there_and_back(given);
  BOOST_TEST(back.samples == given.samples);
  BOOST_TEST((back.note == given.note && back.counts == given.counts && back.extra == given.extra));
}

BOOST_AUTO_TEST_CASE(nothing_is_nil) {
  BOOST_TEST(askr::payload().empty());
  BOOST_TEST(askr::payload::from(nullptr).empty());
  BOOST_TEST(!askr::payload::from(0).empty());
  BOOST_TEST(askr::payload().as<value>().is_null());
  BOOST_TEST((askr::payload().as<std::optional<std::string>>() == std::nullopt));
  BOOST_TEST((misread<int>(askr::payload()) == errc::bad_payload));
  askr::payload::from("anything").as<void>();
}

BOOST_AUTO_TEST_CASE(another_type_is_bad_payload_and_says_what_it_found) {
  const auto text = askr::payload::from("x");
  BOOST_TEST((misread<int>(text) == errc::bad_payload));
  BOOST_TEST((misread<double>(text) == errc::bad_payload));
  BOOST_TEST((misread<std::vector<int>>(text) == errc::bad_payload));
  BOOST_TEST((misread<add_request>(text) == errc::bad_payload));
  BOOST_TEST((misread<std::string>(askr::payload::from(5)) == errc::bad_payload));
  BOOST_TEST((misread<std::int8_t>(askr::payload::from(200)) == errc::bad_payload));
  BOOST_TEST((misread<unsigned>(askr::payload::from(-1)) == errc::bad_payload));
  BOOST_TEST(text.try_as<int>().error().detail == "a string does not fit the type asked for");
  BOOST_CHECK_EXCEPTION(text.as<int>(), askr::failure,
                        [](const askr::failure& thrown) { return thrown.code() == errc::bad_payload; });
}

BOOST_AUTO_TEST_CASE(a_float_without_a_fraction_is_an_integer) {
  BOOST_TEST(askr::payload::from(1732406400000.0).as<std::int64_t>() == 1732406400000);
  BOOST_TEST((misread<std::int64_t>(askr::payload::from(1.5)) == errc::bad_payload));
  BOOST_TEST((misread<std::int64_t>(askr::payload::from(1e19)) == errc::bad_payload));
  BOOST_TEST(askr::payload::from(1e19).as<std::uint64_t>() == 10'000'000'000'000'000'000u);
  BOOST_TEST(askr::payload::from(3).as<double>() == 3.0);
}

BOOST_AUTO_TEST_CASE(hostile_bytes_are_bad_payload) {
  const std::string_view table[] = {"\xc1", std::string_view("\x93\x01", 2), "\xdd\xff\xff\xff\xff", "\x01\x02",
                                    "\x82\xa1\x61\x01\xa1\x61\x02"};
  for (const auto bytes : table) {
    BOOST_TEST((misread<int>(packed(bytes)) == errc::bad_payload));
    BOOST_TEST((misread<value>(packed(bytes)) == errc::bad_payload));
    BOOST_TEST((misread<std::map<std::string, int>>(packed(bytes)) == errc::bad_payload));
  }
  const auto deep = packed(std::string(33, '\x91') + '\x01');
  BOOST_TEST((misread<value>(deep) == errc::bad_payload));
  const auto members_without_names = packed("\x81\x01\x01");
  BOOST_TEST((misread<value>(members_without_names) == errc::bad_payload));
  BOOST_TEST((misread<std::vector<value>>(packed("\x91\x81\x01\x01")) == errc::bad_payload));
  // "a" as str and as bin are two keys to msgpack, but one to an object.
  BOOST_TEST((misread<std::vector<value>>(packed("\x91\x82\xa1\x61\x01\xc4\x01\x61\x02")) == errc::bad_payload));
}

BOOST_AUTO_TEST_CASE(raw_bytes_are_read_as_bytes_or_text_only) {
  const auto raw = askr::payload::raw(askr::as_bytes("bytes"));
  BOOST_TEST((raw.kind() == askr::encoding::raw));
  BOOST_TEST(raw.as<std::string>() == "bytes");
  BOOST_TEST(raw.as<askr::byte_buffer>().size() == 5u);
  BOOST_TEST((misread<int>(raw) == errc::bad_payload));
  BOOST_TEST(raw.to_json().value() == "\"Ynl0ZXM=\"");
}

BOOST_AUTO_TEST_CASE(json_is_read_as_any_type) {
  const auto json = askr::payload::json(R"({"a": 1, "b": 2})");
  BOOST_TEST(json.as<add_request>().b == 2);
  BOOST_TEST(json.as<value>()["a"].as_int() == 1);
  BOOST_TEST(json.to_json().value() == R"({"a":1,"b":2})");
  BOOST_TEST(askr::payload::json("\"x\"").as<std::string>() == "x");
  BOOST_TEST((misread<std::string_view>(askr::payload::json("\"x\"")) == errc::bad_payload));
  BOOST_TEST((misread<value>(askr::payload::json("{")) == errc::bad_payload));
  BOOST_TEST(askr::payload::from(std::vector<double>{1.25, 2.5}).to_json().value() == "[1.25,2.5]");
}

BOOST_AUTO_TEST_CASE(a_payload_can_be_asked_for_itself) {
  const auto given = askr::payload::raw(askr::as_bytes("x"));
  const auto copy = given.as<askr::payload>();
  BOOST_TEST((copy.kind() == askr::encoding::raw));
  BOOST_TEST(copy.bytes().size() == 1u);
  BOOST_TEST((askr::payload::from(given).kind() == askr::encoding::raw));
}

BOOST_AUTO_TEST_SUITE_END()
