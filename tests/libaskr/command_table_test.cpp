// SPDX-License-Identifier: MIT
#include "libaskr/src/command_table.hpp"

#include "tests/support/link_net.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(command_table)

namespace {

using namespace askr;
using askr::test::numbered_id;
using mesh::directory;

std::shared_ptr<detail::handler> nothing() {
  return detail::make_handler([] {});
}

/// A node says, once more, what it serves.
void serve(directory& view, std::uint32_t node, std::vector<std::string> commands, bool draining = false) {
  auto record = std::make_shared<mesh::node_record>();
  record->id = numbered_id(node, true);
  record->life = 1;
  record->version = view.generation();
  record->commands = std::move(commands);
  record->draining = draining;
  BOOST_REQUIRE(view.merge(record));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_table_finds_replaces_and_removes) {
  directory view;
  askr::command_table table(view, {}, 8);
  const auto first = nothing(), second = nothing();
  table.set("a", first);
  BOOST_TEST((table.find("a")->own == first));
  table.set("a", second);
  BOOST_TEST((table.find("a")->own == second));
  BOOST_TEST(table.size() == 1);
  BOOST_TEST(table.remove("a"));
  BOOST_TEST(!table.remove("a"));
  BOOST_TEST((table.find("a") == nullptr));
}

BOOST_AUTO_TEST_CASE(clients_serve_beside_the_nodes_own_handler) {
  directory view;
  askr::command_table table(view, {}, 8);
  BOOST_TEST(table.add_client("a", 1));
  BOOST_TEST(!table.add_client("a", 1));
  BOOST_TEST(table.add_client("a", 2));
  table.set("a", nothing());
  BOOST_TEST(table.remove("a"));
  BOOST_TEST((table.find("a")->clients == std::vector<session_id>{1, 2}));
  BOOST_TEST(table.remove_client("a", 1));
  BOOST_TEST(!table.remove_client("a", 1));
  BOOST_TEST(table.remove_client("a", 2));
  BOOST_TEST((table.find("a") == nullptr));
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_serves_nothing_any_more) {
  directory view;
  askr::command_table table(view, {}, 8);
  table.set("own", nothing());
  for (const auto* name : {"own", "a", "b"}) table.add_client(name, 1);
  table.add_client("b", 2);
  BOOST_TEST(table.remove_client_everywhere(1));
  BOOST_TEST(!table.remove_client_everywhere(1));
  BOOST_TEST((table.find("a") == nullptr));
  BOOST_TEST((table.find("b")->clients == std::vector<session_id>{2}));
  BOOST_TEST((table.find("own")->own != nullptr));
}

BOOST_AUTO_TEST_CASE(builtin_commands_are_not_announced) {
  directory view;
  askr::command_table table(view, {}, 8);
  table.set("askr.ping", nothing(), true);
  table.set("b", nothing());
  table.add_client("a", 1);
  BOOST_TEST((table.announced() == std::vector<std::string>{"a", "b"}));
  table.set("askr.ping", nothing());  // The user's own is his.
  BOOST_TEST(table.announced().size() == 3);
}

BOOST_AUTO_TEST_CASE(other_nodes_that_serve_a_command_come_and_go_with_their_records) {
  directory view;
  askr::command_table table(view, {}, 8);
  BOOST_TEST((table.find("a") == nullptr));
  serve(view, 1, {"a"});
  serve(view, 2, {"a", "b"});
  BOOST_REQUIRE((table.find("a") != nullptr));
  BOOST_TEST(table.servers(*table.find("a")).size() == 2);
  BOOST_TEST(table.servers(*table.find("b")).size() == 1);
  serve(view, 2, {"a"}, true);  // It drains: nothing new for it.
  BOOST_TEST(table.servers(*table.find("a")).size() == 1);
  BOOST_TEST((table.find("b") == nullptr));
  view.erase(numbered_id(1, true));
  BOOST_TEST((table.find("a") == nullptr));
  BOOST_TEST(table.size() == 0);
}

BOOST_AUTO_TEST_CASE(names_of_others_are_bounded_and_idle_ones_are_forgotten) {
  directory view;
  askr::command_table table(view, {}, 3);
  serve(view, 1, {"a", "b", "c", "d", "e"});
  auto* kept = table.find("a");
  ++kept->pending;
  for (const auto* name : {"b", "c", "d", "e"}) BOOST_TEST((table.find(name) != nullptr));
  BOOST_TEST((table.find("a") == kept));
  for (const auto* name : {"b", "c"}) {
    if (auto* row = table.find(name)) ++row->pending;
  }
  ++table.find("b")->pending;
  BOOST_TEST((table.find("d") == nullptr));  // All three places are taken by commands in flight.
  table.set("d", nothing());                 // What is served here needs none.
  BOOST_TEST((table.find("d") != nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
