// SPDX-License-Identifier: MIT
#include "libaskr/src/subscriptions.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

BOOST_AUTO_TEST_SUITE(subscriptions)

namespace {

using namespace askr;

constexpr subscriber one{subscriber::kind::listener, 1}, two{subscriber::kind::session, 1},
    far{subscriber::kind::node, 1};

std::size_t matches(const askr::subscriptions& table, std::string_view topic, subscriber who) {
  std::vector<subscriber> all;
  table.match(topic, all);
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), who));
}

}  // namespace

BOOST_AUTO_TEST_CASE(exact_names_and_patterns_match_side_by_side) {
  askr::subscriptions table;
  BOOST_TEST(table.add("sensor.a.temp", one));
  BOOST_TEST(table.add("sensor.*.temp", two));
  BOOST_TEST(table.add("sensor.>", far));
  BOOST_TEST(matches(table, "sensor.a.temp", one) == 1);
  BOOST_TEST(matches(table, "sensor.a.temp", two) == 1);
  BOOST_TEST(matches(table, "sensor.a.temp", far) == 1);
  BOOST_TEST(matches(table, "sensor.b.temp", one) == 0);
  BOOST_TEST(matches(table, "sensor.b.temp", two) == 1);
  BOOST_TEST(matches(table, "sensor.b", two) == 0);
  BOOST_TEST(matches(table, "sensor", far) == 0);
}

BOOST_AUTO_TEST_CASE(who_subscribes_in_many_ways_is_found_once) {
  askr::subscriptions table;
  for (const auto* pattern : {"a.b", "a.*", "*.b", "a.>", ">"}) BOOST_TEST(table.add(pattern, one));
  BOOST_TEST(matches(table, "a.b", one) == 1);
  BOOST_TEST(table.size() == 5);
}

BOOST_AUTO_TEST_CASE(the_same_subscription_counts_once) {
  askr::subscriptions table;
  BOOST_TEST(table.add("a", one));
  BOOST_TEST(!table.add("a", one));
  BOOST_TEST(table.size() == 1);
  BOOST_TEST(table.remove("a", one));
  BOOST_TEST(!table.remove("a", one));
  BOOST_TEST(!table.remove("never", one));
  BOOST_TEST(table.size() == 0);
}

BOOST_AUTO_TEST_CASE(numbers_of_different_kinds_are_different_subscribers) {
  askr::subscriptions table;
  table.add("a", one);
  table.add("a", two);
  table.remove("a", one);
  BOOST_TEST(matches(table, "a", one) == 0);
  BOOST_TEST(matches(table, "a", two) == 1);
}

BOOST_AUTO_TEST_CASE(whether_one_subscriber_wants_a_topic_needs_no_list_of_all) {
  askr::subscriptions table;
  for (const auto* pattern : {"a", "c.>"}) table.add(pattern, one);
  table.add("b", far);
  BOOST_TEST((table.matches("a", one) && table.matches("c.d", one)));
  BOOST_TEST((!table.matches("b", one) && !table.matches("a", far)));
  BOOST_TEST((table.has_local("a") && table.has_local("c.>") && !table.has_local("b") && !table.has_local("c.d")));
}

BOOST_AUTO_TEST_CASE(the_interest_is_what_this_node_itself_wants_sorted) {
  askr::subscriptions table;
  table.add("b", two);
  table.add("a.>", one);
  table.add("b", one);
  table.add("only.far", far);
  BOOST_TEST((table.interest() == std::vector<std::string>{"a.>", "b"}));
}

BOOST_AUTO_TEST_SUITE_END()
