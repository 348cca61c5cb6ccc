// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

#include <askr/authenticators.hpp>

BOOST_AUTO_TEST_SUITE(node_core_clients)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::fake_client;

void defer(core_network& network, std::size_t node, std::string name) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler(std::move(name), handler).ok());
}

std::string ask(core_network& network, fake_client& client, std::string_view json) {
  client.say(json);
  network.run();
  return client.heard();
}

const std::string alice(40, 'a'), bob(40, 'b');

/// Alice may do everything, Bob hardly anything.
void with_tokens(node_options& options) {
  options.sessions.refusal_delay = 0ms;
  options.authenticator =
      std::make_shared<token>(std::vector<token::entry>{{.name = "alice", .secret = alice},
                                                        {.name = "bob",
                                                         .secret = bob,
                                                         .rights = permissions::none()
                                                                       .allow(verb::send, "askr.>")
                                                                       .allow(verb::send, "STATE_SET")
                                                                       .allow(verb::send, "STATE_REQUEST")
                                                                       .allow(verb::listen, "door.*")
                                                                       .allow(verb::emit, "door.bell")
                                                                       .allow(verb::serve, "bob.>")
                                                                       .allow(verb::state_read, "public.>")
                                                                       .allow(verb::state_write, "bob.>")}});
}

std::string auth(std::string_view secret) {
  return R"({"type":"auth","token":")" + std::string(secret) + R"(","mid":"in"})";
}

fake_client& logged_in(core_network& network, std::size_t node, std::string_view secret) {
  auto& client = network.client(node);
  BOOST_REQUIRE(ask(network, client, auth(secret)).find(R"("type":"welcome")") != std::string::npos);
  return client;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_client_reaches_every_service_through_any_node) {
  core_network network(3);
  network.on(2, "fetch", [](const value& data) { return data.at("n").as_int() + 1; });
  network.mesh();
  auto& client = network.client(0);
  BOOST_TEST(ask(network, client, R"({"workspace":"global","mid":"a1","command":"fetch","data":{"n":41}})") ==
             R"({"mid":"a1","value":42})");
  // A number as mid comes back as a number; without data there is nil.
  BOOST_TEST(ask(network, client, R"({"mid":7,"command":"askr.ping"})") == R"({"mid":7,"value":"pong"})");
  BOOST_TEST(ask(network, client, R"({"mid":"x","command":"nothing"})") ==
             R"({"mid":"x","error":"Command's callback for nothing not found","code":"no_handler"})");
  BOOST_TEST(network.counts(0).commands_from_clients == 3);
}

BOOST_AUTO_TEST_CASE(msgpack_clients_get_msgpack) {
  core_network network(1);
  auto& client = network.client(0, {.subprotocols = {"askr.v1.msgpack"}});
  client.say_binary(payload::from(value{{"mid", "a"}, {"command", "askr.ping"}}).bytes());
  network.run();
  const auto heard = client.take();
  BOOST_REQUIRE_EQUAL(heard.size(), 1);
  BOOST_TEST((payload_view(as_bytes(heard[0])).as<value>() == value{{"mid", "a"}, {"value", "pong"}}));
}

BOOST_AUTO_TEST_CASE(the_handler_knows_which_client_asks_through_which_node) {
  core_network network(2);
  std::string who;
  node_id entry;
  network.on(1, "who", [&](const command& asked) {
    who = asked.who().name;
    entry = asked.who().entry;
    BOOST_TEST((asked.who().what == principal::kind::client));
  });
  network.mesh();
  auto& client = network.client(0);
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"who"})") == R"({"mid":"a","value":null})");
  BOOST_TEST(who == "local");
  BOOST_TEST((entry == network.self(0).id));
}

BOOST_AUTO_TEST_CASE(messages_that_cannot_be_understood_are_answered_and_counted_and_the_session_lives) {
  core_network network(1);
  auto& client = network.client(0);
  for (const auto* broken :
       {"{", "[]", "7", "{}", R"({"mid":"a"})", R"({"command":"x"})", R"({"mid":[],"command":"x"})",
        R"({"type":"welcome","mid":"w"})", R"({"type":"credit","mid":"c","bytes":1})",
        R"({"type":"gap","mid":"g","eventType":"x","from":"a","epoch":1,"seq":1,"until":2})"}) {
    const auto answer = ask(network, client, broken);
    BOOST_TEST(answer.find(R"("code":"bad_message")") != std::string::npos, broken << " -> " << answer);
  }
  BOOST_TEST(network.counts(0).client_messages_malformed == 10);
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"askr.ping"})") == R"({"mid":"a","value":"pong"})");
}

BOOST_AUTO_TEST_CASE(another_workspace_is_refused) {
  core_network network(1);
  auto& client = network.client(0);
  BOOST_TEST(ask(network, client, R"({"workspace":"other","mid":"a","command":"askr.ping"})")
                 .find(R"("code":"wrong_workspace")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_mid_that_is_pending_is_refused_and_the_first_command_still_gets_its_answer) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"slow"})");
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"slow"})").find(R"("code":"duplicate_mid")") !=
             std::string::npos);
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  network.run();
  BOOST_TEST(client.heard() == R"({"mid":"a","value":1})");
  // Answered, it is free again; "1" and 1 are different mids.
  client.say(R"({"mid":"1","command":"slow"})");
  BOOST_TEST(ask(network, client, R"({"mid":1,"command":"slow"})") == "");
}

BOOST_AUTO_TEST_CASE(a_client_has_only_so_many_commands_pending) {
  core_network network(1, [](node_options& options) { options.sessions.commands_pending_max = 2; });
  defer(network, 0, "slow");
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"slow"})");
  client.say(R"({"mid":"b","command":"slow"})");
  BOOST_TEST(ask(network, client, R"({"mid":"c","command":"slow"})").find(R"("code":"overloaded")") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_chooses_its_target_and_its_deadline) {
  core_network network(2);
  for (std::size_t node : {0, 1}) network.on(node, "who", [node] { return node; });
  defer(network, 1, "slow");
  network.mesh();
  auto& client = network.client(0);
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"who","to":"n1"})") == R"({"mid":"a","value":1})");
  client.say(R"({"mid":"b","command":"slow","timeout":500})");
  network.advance(490ms);
  BOOST_TEST(client.heard() == "");
  network.advance(30ms);
  BOOST_TEST(client.heard() ==
             R"({"mid":"b","error":"no answer before the deadline","code":"timed_out","maybeExecuted":true})");
}

BOOST_AUTO_TEST_CASE(a_client_may_give_up_a_command) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"slow"})");
  network.run();
  BOOST_TEST(ask(network, client, R"({"type":"cancel","mid":"a"})") ==
             R"({"mid":"a","error":"the caller gave up","code":"canceled"})");
  // The serving node was told: its late answer finds nobody.
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  BOOST_TEST(network.counts(1).replies_late == 1);
  BOOST_TEST(ask(network, client, R"({"type":"cancel","mid":"never"})") == "");
}

BOOST_AUTO_TEST_CASE(when_a_client_goes_its_commands_its_services_and_its_subscriptions_go) {
  core_network network(2);
  defer(network, 1, "slow");
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"slow"})");
  client.say(R"({"type":"subscription","eventType":"tick"})");
  client.say(R"({"type":"serve","command":"client.serves"})");
  network.run();
  const auto served = network.send(1, "client.serves");
  network.run();
  client.gone = true;
  network.run();
  BOOST_TEST((served.code() == errc::peer_lost));
  BOOST_TEST((network.send(1, "client.serves").code() == errc::no_handler));
  network.emit(1, "tick");
  BOOST_TEST(network.counts(1).events_delivered == 0);
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  BOOST_TEST(network.counts(1).replies_late == 1);
  BOOST_TEST(network.core(0).sessions().size() == 0);
  BOOST_TEST(network.counts(0).sessions_closed == 1);
}

BOOST_AUTO_TEST_CASE(clients_subscribe_unsubscribe_and_emit) {
  core_network network(2);
  network.mesh();
  auto& here = network.client(0);
  auto& there = network.client(1);
  BOOST_TEST(ask(network, there, R"({"type":"subscription","eventType":"tick","mid":"s"})") ==
             R"({"mid":"s","value":true})");
  BOOST_TEST(ask(network, here, R"({"type":"tick","payload":{"a":1},"mid":"e"})") == R"({"mid":"e","value":true})");
  BOOST_TEST(there.heard() ==
             R"({"type":"tick","from":")" + network.name(0) + R"(","epoch":1,"seq":1,"payload":{"a":1}})");
  BOOST_TEST(ask(network, there, R"({"type":"unsubscription","eventType":"tick"})") == "");
  BOOST_TEST(ask(network, here, R"({"type":"tick","payload":2})") == "");
  BOOST_TEST(there.heard() == "");
}

BOOST_AUTO_TEST_CASE(a_client_has_only_so_many_subscriptions) {
  core_network network(1, [](node_options& options) { options.sessions.subscriptions_max = 1; });
  auto& client = network.client(0);
  ask(network, client, R"({"type":"subscription","eventType":"a"})");
  BOOST_TEST(
      ask(network, client, R"({"type":"subscription","eventType":"b","mid":"s"})").find(R"("code":"overloaded")") !=
      std::string::npos);
  ask(network, client, R"({"type":"unsubscription","eventType":"a"})");
  BOOST_TEST(ask(network, client, R"({"type":"subscription","eventType":"b","mid":"s"})") ==
             R"({"mid":"s","value":true})");
}

BOOST_AUTO_TEST_CASE(a_client_may_serve_commands_for_the_whole_mesh) {
  core_network network(2);
  network.mesh();
  auto& server = network.client(1);
  auto& asker = network.client(0);
  BOOST_TEST(ask(network, server, R"({"type":"serve","command":"double","mid":"s"})") == R"({"mid":"s","value":true})");
  asker.say(R"({"mid":"a","command":"double","data":21})");
  network.run();
  const auto asked = from_json(server.heard());
  BOOST_REQUIRE(asked.ok());
  BOOST_TEST(asked->at("command").as_string() == "double");
  BOOST_TEST(asked->at("data").as_int() == 21);
  BOOST_TEST(asked->at("from").as_string() == "local");
  const auto mid = std::to_string(asked->at("mid").as_uint());
  ask(network, server, R"({"mid":)" + mid + R"(,"value":42})");
  BOOST_TEST(asker.heard() == R"({"mid":"a","value":42})");
  // A second answer to the same command is late.
  ask(network, server, R"({"mid":)" + mid + R"(,"value":43})");
  BOOST_TEST(asker.heard() == "");
  BOOST_TEST(network.counts(1).replies_late == 1);
  ask(network, server, R"({"type":"unserve","command":"double"})");
  BOOST_TEST((network.send(0, "double").code() == errc::no_handler));
}

BOOST_AUTO_TEST_CASE(a_serving_client_answers_with_an_error_or_is_told_that_nobody_waits) {
  core_network network(2);
  network.mesh();
  auto& server = network.client(1);
  ask(network, server, R"({"type":"serve","command":"try"})");
  const auto mid_asked = [&] { return std::to_string(from_json(server.heard())->at("mid").as_uint()); };
  const auto failed = network.send(0, "try");
  network.run();
  ask(network, server, R"({"mid":)" + mid_asked() + R"(,"error":"no luck","code":"overloaded"})");
  BOOST_TEST(failed.text() == "overloaded: no luck");
  const auto late = network.send(0, "try", {}, {.timeout = 100ms});
  network.run();
  const auto mid = mid_asked();
  network.advance(200ms);
  BOOST_TEST((late.code() == errc::timed_out));
  BOOST_TEST(server.heard() == R"({"type":"cancel","mid":)" + mid + "}");
}

BOOST_AUTO_TEST_CASE(a_client_does_not_answer_for_another_one) {
  core_network network(1);
  auto& server = network.client(0);
  auto& thief = network.client(0);
  ask(network, server, R"({"type":"serve","command":"try"})");
  const auto waiting = network.send(0, "try");
  network.run();
  const auto mid = std::to_string(from_json(server.heard())->at("mid").as_uint());
  ask(network, thief, R"({"mid":)" + mid + R"(,"value":"stolen"})");
  BOOST_TEST(waiting.pending());
  ask(network, server, R"({"mid":)" + mid + R"(,"value":"mine"})");
  BOOST_TEST(waiting.as<std::string>() == "mine");
}

BOOST_AUTO_TEST_CASE(hello_is_answered_with_who_the_node_is) {
  core_network network(1);
  auto& client = network.client(0);
  const auto answer = from_json(ask(network, client, R"({"type":"hello","mid":"h"})"));
  BOOST_REQUIRE(answer.ok());
  BOOST_TEST(answer->at("type").as_string() == "welcome");
  BOOST_TEST(answer->at("node").at("name").as_string() == network.name(0));
  BOOST_TEST(answer->at("workspace").as_string() == "global");
}

BOOST_AUTO_TEST_CASE(without_a_token_the_first_message_ends_the_session) {
  core_network network(1, with_tokens);
  auto& client = network.client(0);
  const auto answer = ask(network, client, R"({"mid":"a","command":"askr.ping"})");
  BOOST_TEST(answer.find(R"("mid":"a")") != std::string::npos);
  BOOST_TEST(answer.find(R"("code":"unauthenticated")") != std::string::npos);
  BOOST_TEST(client.closed_with() == 1008);
  BOOST_TEST(network.core(0).sessions().size() == 0);
}

BOOST_AUTO_TEST_CASE(a_token_opens_the_session_by_message_or_by_subprotocol) {
  core_network network(1, with_tokens);
  auto& client = network.client(0);
  BOOST_TEST(ask(network, client, auth(alice)).find(R"({"type":"welcome")") == 0);
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"askr.ping"})") == R"({"mid":"a","value":"pong"})");
  auto& page = network.client(0, {.subprotocols = {"askr.v1.json", "askr.token." + alice}});
  BOOST_TEST(ask(network, page, R"({"mid":"a","command":"askr.ping"})") == R"({"mid":"a","value":"pong"})");
  BOOST_TEST(page.http().find(alice) == std::string::npos);  // Never echoed.
}

BOOST_AUTO_TEST_CASE(a_wrong_token_may_be_corrected_but_not_for_ever) {
  core_network network(1, with_tokens);
  auto& forgetful = network.client(0);
  BOOST_TEST(ask(network, forgetful, auth(std::string(40, 'x'))) ==
             R"({"mid":"in","error":"unknown token","code":"unauthenticated"})");
  BOOST_TEST(ask(network, forgetful, auth(alice)).find(R"({"type":"welcome")") == 0);
  auto& guesser = network.client(0);
  for (int i = 0; i < 4 && guesser.closed_with() == 0; ++i) ask(network, guesser, auth(std::string(40, 'x')));
  BOOST_TEST(guesser.closed_with() == 1008);
}

BOOST_AUTO_TEST_CASE(a_token_in_a_session_that_was_let_in_changes_nothing) {
  core_network network(1, with_tokens);
  auto& client = logged_in(network, 0, bob);
  BOOST_TEST(ask(network, client, auth(alice)) == R"({"mid":"in","value":true})");
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"fetch"})").find(R"("code":"denied")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_does_not_authenticate_in_time_is_closed) {
  core_network network(1, with_tokens);
  auto& client = network.client(0);
  network.advance(4900ms);
  BOOST_TEST(client.closed_with() == 0);
  network.advance(200ms);
  BOOST_TEST(client.closed_with() == 1008);
}

BOOST_AUTO_TEST_CASE(messages_wait_for_the_verdict_and_are_then_served_in_order) {
  core_network network(1, with_tokens);
  network.hold_verdicts = true;
  auto& client = network.client(0, {.subprotocols = {"askr.v1.json", "askr.token." + alice}});
  for (int i = 0; i < 3; ++i) client.say(R"({"mid":)" + std::to_string(i) + R"(,"command":"askr.ping"})");
  network.run();
  BOOST_TEST(client.heard() == "");
  principal who;
  who.name = "alice";
  who.rights = permissions::member();
  network.core(0).clients().on_verdict(network.now(), network.verdicts_due.at(0).second, who);
  network.run();
  BOOST_TEST(client.heard() == R"({"mid":0,"value":"pong"} | {"mid":1,"value":"pong"} | {"mid":2,"value":"pong"})");
}

BOOST_AUTO_TEST_CASE(what_waits_for_the_verdict_is_bounded) {
  core_network network(1, with_tokens);
  network.hold_verdicts = true;
  auto& client = network.client(0);
  for (int i = 0; i < 4; ++i)
    client.say(R"({"mid":"a","command":"askr.echo","data":")" + std::string(4000, 'x') + R"("})");
  network.run();
  BOOST_TEST(client.closed_with() == 1008);
}

BOOST_AUTO_TEST_CASE(a_verdict_for_a_session_that_has_gone_is_ignored) {
  core_network network(1, with_tokens);
  network.hold_verdicts = true;
  auto& client = network.client(0);
  client.gone = true;
  network.run();
  network.core(0).clients().on_verdict(network.now(), network.verdicts_due.at(0).second, principal{});
  BOOST_TEST(network.core(0).sessions().size() == 0);
}

BOOST_AUTO_TEST_CASE(rights_decide_what_a_client_may_send_emit_hear_and_serve) {
  core_network network(2, with_tokens);
  network.on(1, "fetch", [] { return 1; });
  network.mesh();
  auto& client = logged_in(network, 0, bob);
  const auto denied = [&](std::string_view json) {
    return ask(network, client, json).find(R"("code":"denied")") != std::string::npos;
  };
  BOOST_TEST(denied(R"({"mid":"a","command":"fetch"})"));
  BOOST_TEST(!denied(R"({"mid":"a","command":"askr.ping"})"));
  BOOST_TEST(denied(R"({"mid":"a","type":"door.lock","payload":1})"));
  BOOST_TEST(!denied(R"({"mid":"a","type":"door.bell","payload":1})"));
  BOOST_TEST(denied(R"({"mid":"a","type":"subscription","eventType":"window.open"})"));
  BOOST_TEST(denied(R"({"mid":"a","type":"subscription","eventType":">"})"));
  BOOST_TEST(denied(R"({"mid":"a","type":"subscription","eventType":"door.>"})"));  // More than door.* lets one hear.
  BOOST_TEST(!denied(R"({"mid":"a","type":"subscription","eventType":"door.*"})"));
  BOOST_TEST(denied(R"({"mid":"a","type":"serve","command":"alice.do"})"));
  BOOST_TEST(!denied(R"({"mid":"a","type":"serve","command":"bob.do"})"));
}

BOOST_AUTO_TEST_CASE(sessions_beyond_the_limits_are_refused) {
  core_network network(1, [](node_options& options) {
    options.limits.sessions_max = 3;
    options.limits.sessions_per_address_max = 1;
  });
  auto& door = network.core(0).clients();
  const auto now = network.now();
  const auto first = door.open({"10.0.0.1", false, now});
  BOOST_TEST(first.ok());
  BOOST_TEST((door.open({"10.0.0.1", false, now}).code() == errc::overloaded));
  door.on_closed(network.now(), *first);
  BOOST_TEST(door.open({"10.0.0.1", false, now}).ok());
  BOOST_TEST(door.open({"127.0.0.1", true, now}).ok());
  BOOST_TEST(door.open({"127.0.0.1", true, now}).ok());
  BOOST_TEST((door.open({"127.0.0.1", true, now}).code() == errc::overloaded));
}

BOOST_AUTO_TEST_CASE(a_node_that_stops_tells_its_clients) {
  core_network network(1);
  auto& client = network.client(0);
  network.core(0).stop(network.now());
  network.run();
  BOOST_TEST(client.closed_with() == 1001);
}

// --- state

BOOST_AUTO_TEST_CASE(the_connected_state_is_read_and_set_from_anywhere_by_who_may) {
  core_network network(2, with_tokens);
  std::string watched;
  network.core(1).watch_state(
      [&](std::string_view key, payload_view value) { watched = std::string(key) + "=" + *value.to_json(); });
  BOOST_REQUIRE(network.core(1).set_state("public.color", payload::from("red")).ok());
  BOOST_REQUIRE(network.core(1).set_state("secret.code", payload::from(1234)).ok());
  network.mesh();
  auto& client = logged_in(network, 0, alice);
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"STATE_REQUEST","to":"n1"})") ==
             R"({"mid":"a","value":{"public.color":"red","secret.code":1234}})");
  BOOST_TEST(ask(network, client,
                 R"({"mid":"a","command":"STATE_SET","to":"n1","data":{"key":"public.color","value":"blue"}})") ==
             R"({"mid":"a","value":null})");
  BOOST_TEST(watched == R"(public.color="blue")");
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"STATE_REQUEST","to":"n1","data":{"key":"public.color"}})") ==
             R"({"mid":"a","value":"blue"})");
  BOOST_TEST(ask(network, client, R"({"mid":"a","command":"STATE_REQUEST","to":"n1","data":{"key":"none"}})")
                 .find(R"("code":"no_key")") != std::string::npos);
  for (const auto* broken : {"1", R"({"key":"a"})", R"({"value":1})", R"({"key":1,"value":1})"}) {
    BOOST_TEST(ask(network, client, R"({"mid":"a","command":"STATE_SET","data":)" + std::string(broken) + "}")
                   .find(R"("code":"bad_payload")") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(rights_to_state_hold_on_the_own_node_and_on_every_other) {
  core_network network(2, with_tokens);
  for (std::size_t node : {0, 1}) {
    BOOST_REQUIRE(network.core(node).set_state("public.color", payload::from("red")).ok());
    BOOST_REQUIRE(network.core(node).set_state("secret.code", payload::from(1234)).ok());
  }
  network.mesh();
  auto& client = logged_in(network, 0, bob);
  for (const std::string to : {"n0", "n1"}) {
    const auto asked = [&](std::string_view command, std::string_view data) {
      return ask(network, client,
                 R"({"mid":"a","to":")" + to + R"(","command":")" + std::string(command) + R"(","data":)" +
                     std::string(data) + "}");
    };
    const auto denied = [](std::string_view answer) { return answer.find(R"("code":"denied")") != std::string::npos; };
    BOOST_TEST(asked("STATE_REQUEST", R"({"key":"public.color"})") == R"({"mid":"a","value":"red"})");
    BOOST_TEST(denied(asked("STATE_REQUEST", R"({"key":"secret.code"})")), to);
    BOOST_TEST(asked("STATE_REQUEST", "null").find("1234") == std::string::npos, to);
    BOOST_TEST(denied(asked("STATE_SET", R"({"key":"secret.code","value":1})")), to);
    BOOST_TEST(asked("STATE_SET", R"({"key":"bob.here","value":1})") == R"({"mid":"a","value":null})");
  }
}

BOOST_AUTO_TEST_SUITE_END()
