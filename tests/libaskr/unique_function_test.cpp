// SPDX-License-Identifier: MIT
#include <askr/detail/unique_function.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

BOOST_AUTO_TEST_SUITE(unique_function)

namespace {

using function = askr::detail::unique_function<int(int)>;

/// Counts its living copies.
struct counted {
  explicit counted(int& alive) : alive_(&alive) { ++alive; }
  counted(const counted& other) noexcept : alive_(other.alive_) { ++*alive_; }
  ~counted() { --*alive_; }
  int* alive_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(small_and_large_callables_are_called_moved_and_destroyed) {
  int alive = 0;
  const auto exercise = [&](auto ballast) {
    function one = [guard = counted(alive), ballast](int n) { return n + static_cast<int>(sizeof ballast); };
    BOOST_TEST(alive == 1);
    function two = std::move(one);
    BOOST_TEST(!one);
    BOOST_TEST(two(1) == 1 + static_cast<int>(sizeof ballast));
    one = std::move(two);
    BOOST_TEST(one(0) == static_cast<int>(sizeof ballast));
    one = [](int n) { return n; };
    BOOST_TEST(alive == 0);
    BOOST_TEST(one(5) == 5);
  };
  exercise(std::array<char, 8>{});
  exercise(std::array<char, 500>{});
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(move_only_captures_and_mutable_state_work) {
  function count = [held = std::make_unique<int>(10)](int n) mutable { return *held += n; };
  BOOST_TEST(count(1) == 11);
  BOOST_TEST(count(1) == 12);
}

BOOST_AUTO_TEST_CASE(an_empty_one_says_so) {
  function empty;
  BOOST_TEST(!empty);
  function null = nullptr;
  BOOST_TEST(!null);
  function moved = std::move(empty);
  BOOST_TEST(!moved);
}

BOOST_AUTO_TEST_CASE(arguments_pass_by_value_reference_and_move) {
  askr::detail::unique_function<std::string(std::unique_ptr<int>, std::string&, const std::string&)> join =
      [](std::unique_ptr<int> number, std::string& out, const std::string& text) {
        out = text;
        return std::to_string(*number);
      };
  std::string out;
  BOOST_TEST(join(std::make_unique<int>(4), out, "text") == "4");
  BOOST_TEST(out == "text");
}

BOOST_AUTO_TEST_CASE(what_is_assigned_to_itself_stays) {
  function self = [](int n) { return n; };
  auto& same = self;
  self = std::move(same);
  BOOST_TEST(self(3) == 3);
}

BOOST_AUTO_TEST_CASE(exceptions_pass_through) {
  function thrower = [](int) -> int { throw std::runtime_error("out"); };
  BOOST_CHECK_THROW(thrower(1), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
