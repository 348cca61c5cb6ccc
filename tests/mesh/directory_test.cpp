// SPDX-License-Identifier: MIT
#include "mesh/directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

BOOST_AUTO_TEST_SUITE(directory)

namespace {

using namespace askr;
using namespace askr::mesh;

node_id id_of(std::uint8_t byte) {
  node_id id;
  id.bytes.fill(byte);
  return id;
}

record_ptr record_of(std::uint8_t byte, std::string label, std::vector<std::string> commands = {},
                     std::uint64_t version = 1, incarnation life = 1) {
  auto made = std::make_shared<node_record>();
  made->id = id_of(byte);
  made->life = life;
  made->version = version;
  made->name = full_name(label, made->id);
  made->commands = std::move(commands);
  return made;
}

std::vector<node_id> sorted(std::span<const node_id> servers) {
  std::vector<node_id> all(servers.begin(), servers.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_later_records_replace_what_is_known) {
  mesh::directory known;
  BOOST_TEST(known.merge(record_of(1, "a", {}, 5)));
  BOOST_TEST(!known.merge(record_of(1, "same", {}, 5)));
  BOOST_TEST(!known.merge(record_of(1, "older", {}, 4)));
  BOOST_TEST(known.merge(record_of(1, "newer", {}, 6)));
  BOOST_TEST(known.merge(record_of(1, "reborn", {}, 1, 2)));
  BOOST_TEST(!known.merge(record_of(1, "ghost", {}, 99, 1)));
  BOOST_TEST(label_of(known.find(id_of(1))->name) == "reborn");
  BOOST_TEST(known.size() == 1);
}

BOOST_AUTO_TEST_CASE(who_serves_what_follows_every_change) {
  mesh::directory known;
  known.merge(record_of(1, "a", {"add", "sub"}));
  known.merge(record_of(2, "b", {"add"}));
  BOOST_TEST((sorted(known.servers("add")) == std::vector{id_of(1), id_of(2)}));
  BOOST_TEST(known.servers("mul").empty());
  known.merge(record_of(1, "a", {"sub", "mul"}, 2));
  BOOST_TEST((sorted(known.servers("add")) == std::vector{id_of(2)}));
  BOOST_TEST((sorted(known.servers("mul")) == std::vector{id_of(1)}));
  known.erase(id_of(2));
  known.erase(id_of(2));
  BOOST_TEST(known.servers("add").empty());
  BOOST_TEST((known.find(id_of(2)) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_command_listed_twice_is_forgotten_whole) {
  mesh::directory known;
  known.merge(record_of(1, "a", {"add", "add"}));
  known.merge(record_of(1, "a", {}, 2));
  BOOST_TEST(known.servers("add").empty());
}

BOOST_AUTO_TEST_CASE(a_draining_node_serves_nothing) {
  mesh::directory known;
  known.merge(record_of(1, "a", {"add"}));
  auto draining = std::make_shared<node_record>(*record_of(1, "a", {"add"}, 2));
  draining->draining = true;
  known.merge(draining);
  BOOST_TEST(known.servers("add").empty());
  known.merge(record_of(1, "a", {"add"}, 3));
  BOOST_TEST(known.servers("add").size() == 1);
}

BOOST_AUTO_TEST_CASE(a_node_is_found_by_full_name_by_label_and_by_id) {
  mesh::directory known;
  known.merge(record_of(1, "agent"));
  known.merge(record_of(2, "twin"));
  known.merge(record_of(3, "twin"));
  BOOST_TEST((*known.resolve("agent") == id_of(1)));
  BOOST_TEST((*known.resolve(full_name("twin", id_of(3))) == id_of(3)));
  BOOST_TEST((*known.resolve(id_of(2).to_string()) == id_of(2)));
  BOOST_TEST((known.resolve("twin").code() == errc::no_node));
  BOOST_TEST(known.resolve("twin").error().detail.find("several") != std::string::npos);
  BOOST_TEST((known.resolve("nobody").code() == errc::no_node));
  BOOST_TEST((known.resolve("").code() == errc::no_node));
  BOOST_TEST((known.resolve(id_of(9).to_string()).code() == errc::no_node));
}

BOOST_AUTO_TEST_CASE(names_follow_every_change_also_after_somebody_has_asked) {
  for (const bool asked_before : {false, true}) {
    mesh::directory known;
    const auto is = [&](std::string_view name, std::uint8_t byte) {
      const auto found = known.resolve(name);
      return found && *found == id_of(byte);
    };
    if (asked_before) BOOST_TEST(!known.resolve("a").ok());
    for (std::uint8_t byte = 1; byte <= 60; ++byte) {
      known.merge(record_of(byte, "n" + std::to_string(byte % 30)));
      if (asked_before) BOOST_TEST(is(full_name("n" + std::to_string(byte % 30), id_of(byte)), byte));
    }
    BOOST_TEST(!known.resolve("n7").ok());  // 7 and 37.
    known.erase(id_of(37));
    BOOST_TEST(is("n7", 7));
    known.merge(record_of(7, "n7", {"add"}, 2));  // A new record of the same name,
    BOOST_TEST(is("n7", 7));
    known.merge(record_of(7, "other", {}, 3));  // and of another one.
    BOOST_TEST(!known.resolve("n7").ok());
    BOOST_TEST(is("other", 7));
    BOOST_TEST(is(full_name("other", id_of(7)), 7));
    BOOST_TEST(!known.resolve(full_name("n7", id_of(7))).ok());
  }
}

BOOST_AUTO_TEST_CASE(a_full_name_counts_more_than_a_label_that_looks_like_it) {
  mesh::directory known;
  const auto full = full_name("a", id_of(1));
  known.merge(record_of(2, full));
  BOOST_TEST((*known.resolve(full) == id_of(2)));
  known.merge(record_of(1, "a"));
  known.merge(record_of(3, full));
  BOOST_TEST((*known.resolve(full) == id_of(1)));
  known.erase(id_of(1));
  BOOST_TEST(known.resolve(full).error().detail.find("several") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_name_wraps_a_label_and_six_characters_of_the_id) {
  node_id id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(61 + i);
  BOOST_TEST(full_name("agent", id) == "askr-agent-z01234");
  BOOST_TEST(label_of("askr-agent-z01234") == "agent");
  BOOST_TEST(label_of("askr-my-agent-z01234") == "my-agent");
  for (const auto* other : {"agent", "askr-", "askr-agent", "askr--z01234", "askr-z01234", "", "askr-agentz01234"}) {
    BOOST_TEST(label_of(other) == other);
  }
}

BOOST_AUTO_TEST_SUITE_END()
