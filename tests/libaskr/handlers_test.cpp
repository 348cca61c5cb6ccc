// SPDX-License-Identifier: MIT
#include "libaskr/src/handler_errors.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(handlers)

namespace {

using namespace askr;

std::shared_ptr<detail::handler> nothing() {
  return detail::make_handler([] {});
}

/// What a handler answers: JSON, or the error.
template <class F>
std::string answer_of(F callable, const payload& data = {}) {
  const principal who;
  const auto made = detail::make_handler(std::move(callable));
  byte_buffer packed;
  const auto kind =
      answer_or_error(made->answer, {.name = "test", .data = data, .asked_by = &who, .deadline = {}}, packed);
  return kind ? *payload_view(packed, *kind).to_json() : kind.error().message();
}

struct point {
  int x = 0;
  int y = 0;
  MSGPACK_DEFINE_MAP(x, y)
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_callable_becomes_a_handler_by_its_signature) {
  BOOST_TEST(answer_of([] {}) == "null");
  BOOST_TEST(answer_of([] { return 7; }) == "7");
  BOOST_TEST(answer_of([](int number) { return number + 1; }, payload::from(6)) == "7");
  BOOST_TEST(answer_of([](const std::string& text) { return text.size(); }, payload::from("four")) == "4");
  BOOST_TEST(answer_of(
                 [](const point& at) {
                   return point{at.y, at.x};
                 },
                 payload::from(point{1, 2})) == R"({"x":2,"y":1})");
  BOOST_TEST(answer_of([](const command& asked) { return std::string(asked.name); }) == "\"test\"");
  BOOST_TEST(answer_of([](payload_view data) { return data; }, payload::json("[1]")) == "[1]");
  BOOST_TEST(answer_of([] { return payload::json(R"({"a":1})"); }) == R"({"a":1})");
  BOOST_TEST(answer_of([]() -> result<int> { return 3; }) == "3");
  BOOST_TEST(answer_of([]() -> result<void> { return {}; }) == "null");
  BOOST_TEST(answer_of([count = 0]() mutable { return ++count; }) == "1");
}

BOOST_AUTO_TEST_CASE(errors_and_exceptions_become_errors_by_value) {
  BOOST_TEST(answer_of([]() -> result<int> { return error{errc::overloaded, "later"}; }) == "overloaded: later");
  BOOST_TEST(answer_of([] { throw failure(errc::denied, "no"); }) == "denied: no");
  BOOST_TEST(answer_of([] { throw std::runtime_error("path"); }) == "handler_failed: the handler threw an exception");
  BOOST_TEST(answer_of([] { throw 7; }) == "handler_failed: the handler threw an exception");
  BOOST_TEST(answer_of([](int) {}, payload::from("text")).starts_with("bad_payload"));
}

BOOST_AUTO_TEST_CASE(marked_handlers_know_how_they_run) {
  BOOST_TEST((nothing()->how == detail::handler::mode::immediate));
  BOOST_TEST((detail::make_handler(blocking([] {}))->how == detail::handler::mode::blocking));
}

BOOST_AUTO_TEST_CASE(a_responder_answers_exactly_once) {
  std::vector<std::string> heard;
  const auto sink = [&](result<payload> outcome) { heard.push_back(outcome ? "value" : outcome.error().message()); };
  {
    responder answered(sink);
    answered(payload::from(1));
    answered(payload::from(2));
  }
  BOOST_TEST(heard == std::vector<std::string>{"value"}, boost::test_tools::per_element());
  { responder moved = responder(sink); }
  BOOST_TEST(heard.size() == 2);
  BOOST_TEST(heard.back() == "handler_failed: the handler ended without an answer");
}

BOOST_AUTO_TEST_SUITE_END()
