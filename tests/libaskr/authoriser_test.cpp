// SPDX-License-Identifier: MIT
#include "libaskr/src/authoriser.hpp"

#include "tests/support/core_network.hpp"

#include <askr/authenticator.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(authorisation)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::fake_client;

constexpr verb verbs[] = {verb::send,       verb::serve,       verb::emit, verb::listen,
                          verb::state_read, verb::state_write, verb::admin};

principal client_with(permissions rights, std::vector<std::string> roles = {}, node_id entry = {}) {
  principal who;
  who.name = "ann";
  who.roles = std::move(roles);
  who.entry = entry;
  who.rights = std::move(rights);
  return who;
}

/// Lets clients in under the name that they show: what each may do is the test's choice.
class by_name : public workspace_secret {
 public:
  explicit by_name(std::vector<principal> known) : known_(std::move(known)) {}
  void authenticate_client(client_credential shown, verdict_handler answer) override {
    for (const auto& each : known_) {
      if (each.name == shown.token) return answer(each);
    }
    answer(error{errc::unauthenticated, "nobody"});
  }

 private:
  std::vector<principal> known_;
};

std::string ask(core_network& network, fake_client& client, std::string_view json) {
  client.say(json);
  network.run();
  return client.heard();
}

fake_client& let_in(core_network& network, std::size_t node, const std::string& name) {
  return network.client(node, {.subprotocols = {"askr.v1.json", "askr.token." + name}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_verb_is_allowed_by_patterns_of_its_own_and_of_no_other_verb) {
  const std::vector<role_rule> none;
  const node_id self;
  const authoriser judge(self, none);
  constexpr struct {
    std::string_view pattern, name;
    bool allowed;
  } cases[] = {{">", "a.b", true},    {"a.>", "a.b", true}, {"a.>", "b", false}, {"a.*", "a.b", true},
               {"a.*", "a.>", false}, {"a.b", "a.b", true}, {"a", "a.b", false}, {"*", "a.b", false}};
  for (const auto granted : verbs) {
    for (const auto& each : cases) {
      const auto who = client_with(permissions::none().allow(granted, std::string(each.pattern)));
      for (const auto asked : verbs) {
        BOOST_TEST(judge.check(who, asked, each.name).ok() == (asked == granted && each.allowed),
                   to_string(asked) << " " << each.name << " by " << to_string(granted) << "=" << each.pattern);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_denial_names_the_rule_that_denied) {
  const std::vector<role_rule> rules{{"guest", permissions::none().allow(verb::send, "menu.>")},
                                     {"cook", permissions::none().allow(verb::send, "oven.>")}};
  const auto self = *node_id::from_string("00000000000000000000000000000001");
  const authoriser judge(self, rules);
  const auto why = [&](const principal& who) { return judge.check(who, verb::send, "door.open").error().detail; };
  const auto some = permissions::none().allow(verb::send, "a.>").allow(verb::send, "b");
  BOOST_TEST(why(client_with(some, {}, self)) == "ann may not send door.open (rule: send=a.>,b)");
  BOOST_TEST(why(client_with({}, {}, self)) == "ann may not send door.open (rule: send=)");
  BOOST_TEST(why(client_with(some)) == "ann may not send door.open (rule of its node: send=a.>,b)");
  BOOST_TEST(why(client_with(permissions::member(), {"guest"})) ==
             "ann may not send door.open (role guest: send=menu.>)");
  BOOST_TEST(why(client_with(permissions::member(), {"x", "cook", "guest"})) ==
             "ann may not send door.open (role guest: send=menu.>, role cook: send=oven.>)");
}

BOOST_AUTO_TEST_CASE(roles_take_away_and_never_give) {
  const std::vector<role_rule> rules{{"guest", permissions::none().allow(verb::send, "menu.>")},
                                     {"cook", permissions::none().allow(verb::send, "oven.>")}};
  const authoriser judge(node_id{}, rules);
  const auto may = [&](permissions rights, std::vector<std::string> roles, std::string_view name) {
    return judge.check(client_with(std::move(rights), std::move(roles)), verb::send, name).ok();
  };
  BOOST_TEST(may(permissions::member(), {"guest"}, "menu.read"));
  BOOST_TEST(!may(permissions::member(), {"guest"}, "oven.heat"));
  BOOST_TEST(may(permissions::member(), {"guest", "cook"}, "oven.heat"));
  BOOST_TEST(may(permissions::member(), {"unknown"}, "anything"));
  BOOST_TEST(may(permissions::member(), {}, "anything"));
  BOOST_TEST(!may(permissions::none(), {"guest"}, "menu.read"));
  auto node = client_with(permissions::member(), {"guest"});
  node.what = principal::kind::node;
  BOOST_TEST(judge.check(node, verb::send, "oven.heat").ok());  // Nodes are judged by their authenticator alone.
}

// The same question in all the ways in which it can come to the node that serves: its own code, its client, a peer, and
// that peer's client.
BOOST_AUTO_TEST_CASE(every_kind_of_caller_is_judged_in_the_same_place) {
  const auto some = *permissions::parse("send=a.> emit=a.> listen=a.> serve=a.>");
  core_network network(2, [&](node_options& options) {
    auto ann = client_with(some), bea = client_with(permissions::member());
    bea.name = "bea";
    options.authenticator = std::make_shared<by_name>(std::vector<principal>{ann, bea});
  });
  for (const auto* name : {"a.work", "b.work", "askr.admin.halt"}) network.on(1, name, [] { return 1; });
  network.mesh();
  const auto told = [&](fake_client& client, const std::string& command) {
    const auto said = ask(network, client, R"({"mid":"m","to":"n1","command":")" + command + R"("})");
    return said == R"({"mid":"m","value":1})"              ? "done"
           : said.find(R"("denied")") != std::string::npos ? "denied"
                                                           : said;
  };
  const auto asked = [&](std::size_t node, const std::string& command) {
    const auto outcome = network.send(node, command, {}, {.to = "n1"});
    network.run();
    return outcome.only() ? std::string("done") : std::string(to_string(outcome.code()));
  };
  auto &here = let_in(network, 1, "ann"), &there = let_in(network, 0, "ann"), &member = let_in(network, 0, "bea");
  auto& peer = *network.core(1).peers().find(network.core(1).peers().link_to(network.self(0).id));
  BOOST_TEST(told(here, "a.work") == "done");
  BOOST_TEST(told(here, "b.work") == "denied");
  BOOST_TEST(told(there, "a.work") == "done");
  BOOST_TEST(told(there, "b.work") == "denied");
  BOOST_TEST(told(member, "b.work") == "done");
  BOOST_TEST(told(member, "askr.admin.halt") == "denied");
  BOOST_TEST(asked(1, "askr.admin.halt") == "done");    // A node's own code may do all,
  BOOST_TEST(asked(0, "askr.admin.halt") == "denied");  // a peer all but this.
  BOOST_TEST(asked(0, "b.work") == "done");
  peer.who.rights = some;  // A node vouches for no more than it may do itself.
  BOOST_TEST(asked(0, "a.work") == "done");
  BOOST_TEST(asked(0, "b.work") == "denied");
  BOOST_TEST(told(member, "a.work") == "done");
  BOOST_TEST(told(member, "b.work") == "denied");
  peer.who.rights = permissions::everything();
  BOOST_TEST(told(there, "b.work") == "denied");  // Nor does it ask for more than its client may.
  BOOST_TEST(told(member, "askr.admin.halt") == "denied");
}

BOOST_AUTO_TEST_CASE(the_serving_node_has_rules_of_its_own_for_roles) {
  core_network network(2, [](node_options& options) {
    auto ann = client_with(permissions::member(), {"guest"});
    options.authenticator = std::make_shared<by_name>(std::vector<principal>{ann});
  });
  network.add([](node_options& options) {
    options.roles = {{"guest", *permissions::parse("send=menu.> state_read=public.>")}};
  });
  for (std::size_t node : {1, 2}) {
    network.on(node, "oven.heat", [] { return 1; });
    BOOST_REQUIRE(network.core(node).set_state("secret", payload::from(42)).ok());
    BOOST_REQUIRE(network.core(node).set_state("public.menu", payload::from("soup")).ok());
  }
  network.on(2, "menu.read", [] { return 1; });
  network.mesh();
  auto& client = let_in(network, 0, "ann");
  BOOST_TEST(ask(network, client, R"({"mid":1,"to":"n2","command":"menu.read"})") == R"({"mid":1,"value":1})");
  BOOST_TEST(ask(network, client, R"({"mid":1,"to":"n1","command":"oven.heat"})") == R"({"mid":1,"value":1})");
  BOOST_TEST(ask(network, client, R"({"mid":1,"to":"n2","command":"oven.heat"})")
                 .find("ann may not send oven.heat (role guest: send=menu.>)") != std::string::npos);
  BOOST_TEST(ask(network, client, R"({"mid":1,"to":"n2","command":"STATE_REQUEST","data":{"key":"secret"}})")
                 .find(R"("denied")") != std::string::npos);
  BOOST_TEST(ask(network, client, R"({"mid":1,"to":"n1","command":"STATE_REQUEST","data":{"key":"secret"}})") ==
             R"({"mid":1,"value":42})");
}

BOOST_AUTO_TEST_SUITE_END()
