// SPDX-License-Identifier: MIT
#include "mesh/record_publisher.hpp"

#include "tests/support/record_owner.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::mesh;
using askr::test::proof;
using askr::test::record_owner;

const time_point start{};

}  // namespace

BOOST_AUTO_TEST_SUITE(record_publishers)

BOOST_AUTO_TEST_CASE(the_first_publication_is_the_whole_record) {
  record_owner owner(1, 77);
  owner.set("name", "askr-a-000000");
  const auto first = owner.publish();
  BOOST_TEST(first.base == 0u);
  BOOST_TEST(first.record->stamp().version == 1u);
  BOOST_TEST(first.record->stamp().life == 77u);
  BOOST_TEST((first.record->id() == owner.id()));
  BOOST_TEST(first.delta().keys.has_value());
  BOOST_TEST(describe(*first.record).name == "askr-a-000000");
  const auto& header = first.record->header();
  BOOST_TEST(proof().verify(header.keys, signed_text(header.keys, header.stamp), header.signature));
  BOOST_TEST((header.stamp.root == first.record->entries().root(proof())));
}

BOOST_AUTO_TEST_CASE(an_empty_record_is_published_once) {
  record_owner owner(1);
  BOOST_TEST(owner.publish().entries.empty());
  BOOST_TEST(!owner.publisher.publish(start + 60s).has_value());
}

BOOST_AUTO_TEST_CASE(changes_of_a_turn_go_together) {
  record_owner owner(1);
  owner.set("a", "1");
  owner.publish();
  owner.set("b", "2");
  owner.set("c", "3");
  owner.publisher.remove("a");
  const auto second = owner.publish();
  BOOST_TEST(second.base == 1u);
  BOOST_TEST(second.record->stamp().version == 2u);
  BOOST_TEST(second.record->entries().size() == 2u);
  BOOST_TEST(!second.delta().keys.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_undone_in_time_is_not_sent) {
  record_owner owner(1);
  owner.set("a", "1");
  owner.publish();
  owner.set("a", "2");
  owner.set("a", "1");
  owner.set("b", "1");
  owner.publisher.remove("b");
  BOOST_TEST(!owner.publisher.publish(start + 60s).has_value());
  BOOST_TEST((owner.publisher.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(at_most_ten_a_second) {
  record_owner owner(1);
  int published = 0;
  for (int ms = 0; ms < 3'000; ++ms) {
    owner.set("counter", std::to_string(ms));
    if (owner.publisher.publish(start + milliseconds(ms))) ++published;
  }
  BOOST_TEST(published >= 38);
  BOOST_TEST(published <= 40);
}

BOOST_AUTO_TEST_CASE(of_news_of_links_that_count_two_go_at_once_and_the_others_60_ms_apart) {
  record_owner owner(1), peer(2);
  std::vector<int> published;
  for (int ms = 0; ms < 250; ++ms) {
    owner.link(peer, 1 + ms, haste::soon);
    if (owner.publisher.publish(start + milliseconds(ms))) published.push_back(ms);
  }
  BOOST_TEST((published == std::vector{0, 1, 60, 120, 180, 240}));
  owner.link(peer, 999);
  owner.set("command/urgent");
  BOOST_TEST(owner.publisher.publish(start + 250ms).has_value());
}

BOOST_AUTO_TEST_CASE(news_of_links_that_nothing_hangs_on_go_300_ms_apart) {
  record_owner owner(1), peer(2);
  std::vector<int> published;
  for (int ms = 0; ms < 1'000; ++ms) {
    owner.link(peer, 1 + ms, haste::later);
    if (owner.publisher.publish(start + milliseconds(ms))) published.push_back(ms);
  }
  BOOST_TEST((published == std::vector{0, 300, 600, 900}));
}

BOOST_AUTO_TEST_CASE(what_waits_goes_sooner_once_something_is_lost_elsewhere) {
  record_owner owner(1), peer(2);
  owner.link(peer, 1, haste::later);
  BOOST_REQUIRE(owner.publisher.publish(start).has_value());
  owner.publisher.hasten();
  BOOST_TEST(!owner.publisher.publish(start + 1s).has_value());  // Nothing waits.
  owner.link(peer, 2, haste::later);
  BOOST_REQUIRE(owner.publisher.publish(start + 1s).has_value());
  owner.link(peer, 3, haste::later);
  BOOST_TEST(!owner.publisher.publish(start + 1100ms).has_value());
  owner.publisher.hasten();
  BOOST_TEST(owner.publisher.publish(start + 1100ms).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_held_back_goes_when_it_says) {
  record_owner owner(1);
  for (int i = 0; i < 10; ++i) {
    owner.set("a", std::to_string(i));
    BOOST_REQUIRE(owner.publisher.publish(start).has_value());
  }
  owner.set("a", "last");
  BOOST_TEST(!owner.publisher.publish(start).has_value());
  const auto due = owner.publisher.next_timeout();
  BOOST_TEST((due == start + 100ms));
  const auto late = owner.publisher.publish(due);
  BOOST_REQUIRE(late.has_value());
  BOOST_TEST(as_text(late->record->entries().find("a")->value) == "last");
}

BOOST_AUTO_TEST_CASE(a_group_of_names_is_replaced_as_one) {
  record_owner owner(1);
  owner.set("topic/other", "");
  BOOST_TEST(owner.publisher.replace(command_prefix, std::vector<std::string>{"x", "y", "x"}).ok());
  BOOST_TEST((describe(*owner.publish().record).commands == std::vector<std::string>{"x", "y"}));
  BOOST_TEST(owner.publisher.replace(command_prefix, std::vector<std::string>{"z", "y"}).ok());
  const auto second = owner.publish();
  BOOST_TEST((describe(*second.record).commands == std::vector<std::string>{"y", "z"}));
  BOOST_TEST((describe(*second.record).topics == std::vector<std::string>{"other"}));
}

BOOST_AUTO_TEST_CASE(limits_refuse_and_change_nothing) {
  record_owner owner(1, 1, {.entries_max = 2, .bytes_max = 1'000, .key_bytes_max = 8, .value_bytes_max = 900});
  BOOST_TEST((owner.publisher.set("", {}).code() == errc::too_large));
  BOOST_TEST((owner.publisher.set("123456789", {}).code() == errc::too_large));
  BOOST_TEST((owner.publisher.set("a", byte_buffer(901, 0)).code() == errc::too_large));
  BOOST_TEST(owner.publisher.set("a", byte_buffer(900, 0)).ok());
  BOOST_TEST((owner.publisher.set("b", byte_buffer(100, 0)).code() == errc::too_large));
  BOOST_TEST(owner.publisher.set("b", {}).ok());
  BOOST_TEST((owner.publisher.set("c", {}).code() == errc::overloaded));
  BOOST_TEST(owner.publish().record->entries().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_higher_life_starts_with_a_whole_record) {
  record_owner owner(1, 5);
  owner.set("a", "1");
  owner.publish();
  owner.publisher.restart(9);
  const auto next = owner.publish();
  BOOST_TEST(next.base == 0u);
  BOOST_TEST(next.record->stamp().life == 9u);
  BOOST_TEST(next.record->stamp().version == 1u);
  BOOST_TEST(next.record->entries().size() == 1u);
}

BOOST_AUTO_TEST_CASE(links_count_when_both_ends_report_these_lives) {
  record_owner one(1), other(2);
  one.link(other);
  const auto one_record = one.publish().record;
  BOOST_TEST(!linked(*one_record, *other.publish().record));
  other.link(one);
  BOOST_TEST(linked(*one_record, *other.publish().record));
  other.link(one, 2);
  const auto wrong_life = other.publish().record;
  BOOST_TEST(!linked(*one_record, *wrong_life));
  BOOST_TEST(links_of(*wrong_life).size() == 1u);
  BOOST_TEST((links_of(*wrong_life).front().first == one.id()));
}

BOOST_AUTO_TEST_CASE(endpoints_keep_their_order) {
  record_owner owner(1);
  owner.set("endpoint/b:1", std::string(1, '\0'));
  owner.set("endpoint/a:1", std::string(1, '\1'));
  owner.set("endpoint/broken", "xx");
  BOOST_TEST((describe(*owner.publish().record).endpoints == std::vector<std::string>{"b:1", "a:1"}));
}

BOOST_AUTO_TEST_SUITE_END()
