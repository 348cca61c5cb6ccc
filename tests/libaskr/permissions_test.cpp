// SPDX-License-Identifier: MIT
#include <askr/permissions.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(rights)

namespace {
using namespace askr;
}

BOOST_AUTO_TEST_CASE(patterns_cover_names_level_by_level) {
  const struct {
    std::string_view pattern, name;
    bool covers;
  } cases[] = {
      {"a", "a", true},        {"a", "b", false},        {"a", "a.b", false},       {"a.b", "a", false},
      {"*", "a", true},        {"*", "a.b", false},      {"a.*", "a.b", true},      {"a.*", "a", false},
      {"a.*", "a.b.c", false}, {"a.*.c", "a.b.c", true}, {"a.*.c", "a.b.d", false}, {">", "a", true},
      {">", "a.b.c", true},    {"a.>", "a.b", true},     {"a.>", "a.b.c", true},    {"a.>", "a", false},
      {"a.>", "b.c", false},   {"*.>", "a.b", true},     {"*.>", "a", false},       {"", "", true},
      {"", "a", false},        {"a", "", false},         {">", "", false},          {"ab", "abc", false},
      {"a.b.", "a.b.", true},  {"a.b.", "a.b", false},   {"a..b", "a..b", true},    {"a.*.b", "a..b", true},
      {">.a", "b.a", false},   {">.a", ">.a", true},
  };
  for (const auto& each : cases) {
    BOOST_TEST(pattern_matches(each.pattern, each.name) == each.covers, each.pattern << " covers " << each.name);
  }
}

// Rights are asked about subscriptions, which are patterns themselves: none may reach further than the right.
BOOST_AUTO_TEST_CASE(a_pattern_covers_no_wider_pattern) {
  const struct {
    std::string_view pattern, name;
    bool covers;
  } cases[] = {
      {"a.*", "a.>", false}, {"*", ">", false},       {"a.*", "a.*", true},  {"a.>", "a.>", true},
      {"a.>", "a.*", true},  {">", ">", true},        {"a.b", "a.*", false}, {"a.b", "a.>", false},
      {"a.>", ">", false},   {"a.*.c", "a.>", false}, {"*.b", ">.b", false}, {"*.*", "*.>", false},
      {"*.*", "*.*", true},
  };
  for (const auto& each : cases) {
    BOOST_TEST(pattern_matches(each.pattern, each.name) == each.covers, each.pattern << " covers " << each.name);
  }
}

BOOST_AUTO_TEST_CASE(a_text_is_a_pattern_if_a_level_is_a_wildcard) {
  for (const auto* pattern : {"*", ">", "a.*", "*.a", "a.>", "a.*.b"}) BOOST_TEST(is_pattern(pattern));
  for (const auto* name : {"", "a", "a.b", "a*", "a.b*", ">a", "a.b>"}) BOOST_TEST(!is_pattern(name));
}

BOOST_AUTO_TEST_CASE(nothing_is_allowed_that_no_pattern_allows) {
  const auto rights = permissions::none().allow(verb::send, "a.>").allow(verb::send, "b").allow(verb::emit, ">");
  BOOST_TEST(rights.may(verb::send, "a.b"));
  BOOST_TEST(rights.may(verb::send, "b"));
  BOOST_TEST(!rights.may(verb::send, "a"));
  BOOST_TEST(!rights.may(verb::listen, "a.b"));
  BOOST_TEST(rights.may(verb::emit, "anything"));
  BOOST_TEST(!permissions::none().may(verb::send, "a"));
}

BOOST_AUTO_TEST_CASE(members_may_all_but_administer) {
  for (std::size_t i = 0; i < verbs_count; ++i) {
    const auto what = static_cast<verb>(i);
    BOOST_TEST(permissions::everything().may(what, "a.b"));
    BOOST_TEST(permissions::member().may(what, "a.b") == (what != verb::admin));
  }
  BOOST_TEST(to_string(verb::state_write) == "state_write");
}

BOOST_AUTO_TEST_CASE(rights_are_read_from_words_and_told_in_them) {
  const auto rights = permissions::parse("  send=sensor.>,light.*  listen=> state_read= ");
  BOOST_REQUIRE(rights);
  BOOST_TEST((*rights ==
              permissions::none().allow(verb::send, "sensor.>").allow(verb::send, "light.*").allow(verb::listen, ">")));
  BOOST_TEST(rights->rule_of(verb::send) == "send=sensor.>,light.*");
  BOOST_TEST(rights->rule_of(verb::emit) == "emit=");
  BOOST_TEST((*permissions::parse("member") == permissions::member()));
  BOOST_TEST((*permissions::parse("everything") == permissions::everything()));
  BOOST_TEST(permissions::parse("member admin=node.drain")->may(verb::admin, "node.drain"));
  BOOST_TEST((*permissions::parse("") == permissions::none()));
  for (const auto* wrong : {"send", "sends=a", "=a", "send=,a", "send=a,,b", "all", "Send=a", "member=a"}) {
    const auto read = permissions::parse(wrong);
    BOOST_TEST((!read && read.code() == errc::bad_options), wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()
