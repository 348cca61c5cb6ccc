// SPDX-License-Identifier: MIT
// Who is in, and who is put out again: proofs of clients' keys, refusals and their price, reviews, expiry.
#include "crypto/client_proof.hpp"
#include "crypto/hex.hpp"
#include "libaskr/src/credential_guard.hpp"
#include "libaskr/src/open_questions.hpp"
#include "tests/support/core_network.hpp"

#include <askr/authenticators.hpp>

#include <map>
#include <set>

BOOST_AUTO_TEST_SUITE(node_core_admission)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::fake_client;

const std::string alice(40, 'a'), wrong(40, 'x');
const auto key_of_ann = crypto::sign_keys_from_seed(crypto::secret<32>(byte_buffer(32, 9)));

/// Admits what a test lets it, peers by their id's first byte; clients by the token `alice` or by any proven key.
struct changing : authenticator {
  std::set<int> nodes{1, 2, 3};
  bool alice_too = true;
  wall_ms expires = 0;
  permissions rights = permissions::member();
  std::optional<client_credential> last;

  void authenticate_peer(peer_credential shown, verdict_handler answer) override {
    if (!nodes.contains(shown.id.bytes[0])) return answer(error{errc::unauthenticated, "its key was removed"});
    principal who;
    who.what = principal::kind::node;
    who.name = shown.name;
    who.entry = shown.id;
    who.expires = expires;
    who.rights = rights;
    answer(who);
  }
  void authenticate_client(client_credential shown, verdict_handler answer) override {
    last = shown;
    if (!shown.key && (shown.token != alice || !alice_too))
      return answer(error{errc::unauthenticated, "unknown token"});
    principal who;
    who.name = "alice";
    who.expires = expires;
    who.rights = rights;
    answer(who);
  }
};

struct admitting {
  std::shared_ptr<changing> judge = std::make_shared<changing>();
  core_network network;

  explicit admitting(std::size_t nodes)
      : network(nodes, [this](node_options& options) { options.authenticator = judge; }) {}
  void review(std::size_t node) {
    network.core(node).members().view().claim_all();
    network.core(node).clients().review();
    network.run();
  }
};

std::string ask(core_network& network, fake_client& client, std::string_view json) {
  client.say(json);
  network.run();
  return client.heard();
}

std::string auth(std::string_view secret) {
  return R"({"type":"auth","token":")" + std::string(secret) + R"(","mid":"in"})";
}

std::string field(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":\"");
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, json);
  const auto from = at + name.size() + 4;
  return json.substr(from, json.find('"', from) - from);
}

const auto public_key_of_ann = crypto::to_hex(key_of_ann.shown);

std::string asks_for_challenge() { return R"({"type":"auth","key":")" + public_key_of_ann + R"(","mid":"a"})"; }

/// What Ann says to a challenge if she takes it to come from this node, on this host.
std::string proof(const std::string& challenge, const std::string& node, std::string_view host = "127.0.0.1:8800") {
  byte_buffer nonce(32);
  BOOST_REQUIRE(crypto::from_hex(nonce, field(challenge, "nonce")));
  const crypto::client_proof_text text{"global", node_id::from_string(node).value(), host, nonce};
  return R"({"type":"auth","key":")" + public_key_of_ann + R"(","signature":")" +
         crypto::to_hex(crypto::sign(key_of_ann.own, text.encode(key_of_ann.shown))) + R"(","mid":"b"})";
}

}  // namespace

// --- keys of clients

BOOST_AUTO_TEST_CASE(a_client_proves_its_key_by_signing_the_nodes_challenge) {
  admitting all(1);
  auto& client = all.network.client(0);
  const auto challenge = ask(all.network, client, asks_for_challenge());
  BOOST_TEST(challenge.starts_with(R"({"type":"challenge")"), challenge);
  BOOST_TEST(field(challenge, "mid") == "a");
  BOOST_TEST(field(challenge, "workspace") == "global");
  BOOST_TEST(field(challenge, "nonce").size() == 64);
  const auto id = all.network.self(0).id.to_string();
  BOOST_TEST(field(challenge, "id") == id);
  const auto welcome = ask(all.network, client, proof(challenge, id));
  BOOST_TEST(welcome.starts_with(R"({"type":"welcome")"), welcome);
  BOOST_TEST((all.judge->last->key == key_of_ann.shown));
  BOOST_TEST(ask(all.network, client, R"({"mid":1,"command":"askr.ping"})") == R"({"mid":1,"value":"pong"})");
}

BOOST_AUTO_TEST_CASE(a_proof_is_good_for_one_session_one_node_one_host_and_one_try) {
  admitting all(2);
  all.network.mesh();
  const auto id = all.network.self(0).id.to_string();
  const auto refused = [&](fake_client& client, const std::string& said) {
    all.judge->last.reset();
    client.say(said);
    all.network.run();
    all.network.advance(100ms);
    const auto answer = client.heard();
    BOOST_TEST(!all.judge->last.has_value());  // It is not even asked.
    return answer.find("the signature does not prove this key") != std::string::npos;
  };
  auto& first = all.network.client(0);
  const auto challenge = ask(all.network, first, asks_for_challenge());
  BOOST_TEST(refused(first, proof(challenge, all.network.self(1).id.to_string())));  // Made for another node.
  BOOST_TEST(refused(first, proof(challenge, id)));                                  // The nonce is used up.

  auto& second = all.network.client(0);
  const auto other = ask(all.network, second, asks_for_challenge());
  BOOST_TEST(field(other, "nonce") != field(challenge, "nonce"));
  BOOST_TEST(refused(second, proof(challenge, id)));  // Heard in another session.
  const auto third = ask(all.network, second, asks_for_challenge());
  BOOST_TEST(refused(second, proof(third, id, "evil.example:8800")));  // Passed on by somebody else.

  auto& hasty = all.network.client(0);
  BOOST_TEST(refused(hasty, proof(challenge, id)));  // Without a challenge.
}

BOOST_AUTO_TEST_CASE(keys_and_signatures_of_every_other_length_are_refused) {
  for (const std::size_t digits : {0, 2, 62, 63, 65, 126, 127, 128, 129, 256}) {
    admitting all(1);
    auto& client = all.network.client(0);
    ask(all.network, client, asks_for_challenge());
    client.say(R"({"type":"auth","key":")" + public_key_of_ann.substr(0, std::min<std::size_t>(digits, 63)) +
               R"(0","signature":")" + std::string(digits, '0') + R"(","mid":"b"})");
    all.network.advance(100ms);
    BOOST_TEST(client.heard().find("welcome") == std::string::npos, digits);
  }
}

// --- the price of a wrong credential

BOOST_AUTO_TEST_CASE(a_refusal_takes_a_moment_and_what_is_said_meanwhile_waits) {
  admitting all(1);
  auto& client = all.network.client(0);
  client.say(auth(wrong));
  client.say(auth(alice));
  all.network.run();
  BOOST_TEST(client.heard() == "");
  all.network.advance(99ms);
  BOOST_TEST(client.heard() == "");
  all.network.advance(1ms);
  const auto heard = client.take();
  BOOST_REQUIRE_EQUAL(heard.size(), 2);
  BOOST_TEST(heard[0] == R"({"mid":"in","error":"unknown token","code":"unauthenticated"})");
  BOOST_TEST(heard[1].starts_with(R"({"type":"welcome")"));
  BOOST_TEST(all.network.counts(0).clients_refused == 1);
}

BOOST_AUTO_TEST_CASE(an_address_with_too_many_wrong_credentials_is_not_heard_for_a_while_but_others_are) {
  admitting all(1);
  const auto from = [&](std::string address) -> fake_client& {
    return all.network.client(0, {.subprotocols = {}, .address = std::move(address), .loopback = false});
  };
  const auto try_once = [&](const std::string& address, const std::string& secret) {
    auto& client = from(address);
    client.say(auth(secret));
    all.network.advance(100ms);
    return client.heard();
  };
  for (int i = 0; i < 5; ++i) BOOST_TEST(try_once("10.0.0.1", wrong).find("unknown token") != std::string::npos);
  all.judge->last.reset();
  BOOST_TEST(try_once("10.0.0.1", alice).find(R"("code":"overloaded")") != std::string::npos);
  BOOST_TEST(all.judge->last->token == "");  // Only the question at the upgrade.
  BOOST_TEST(all.network.counts(0).clients_throttled == 1);
  auto& page = all.network.client(
      0, {.subprotocols = {"askr.v1.json", "askr.token." + alice}, .address = "10.0.0.1", .loopback = false});
  BOOST_TEST(page.closed_with() == 1008);  // By subprotocol neither.
  BOOST_TEST(try_once("10.0.0.2", alice).find("welcome") != std::string::npos);
  all.network.advance(seconds(13));  // A fifth of a minute: one try.
  BOOST_TEST(try_once("10.0.0.1", alice).find("welcome") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sessions_that_try_at_the_same_time_are_judged_as_many_at_once_as_could_be_wrong) {
  admitting all(1);
  std::map<std::string, std::vector<fake_client*>> from;
  const auto judged = [&] {  // As by an authenticator that takes its time.
    for (const auto& [node, session] : std::exchange(all.network.verdicts_due, {})) {
      const auto* asking = all.network.core(node).sessions().find(session);
      if (asking == nullptr) continue;
      const auto& address = asking->wire.shown().address;
      principal alice_herself;
      alice_herself.name = "alice";
      alice_herself.rights = permissions::member();
      all.network.core(node).clients().on_verdict(
          all.network.now(), session,
          address == "10.0.0.1" ? result<principal>(error{errc::unauthenticated, "unknown token"}) : alice_herself);
    }
    all.network.run();
  };
  all.network.hold_verdicts = true;
  for (int i = 0; i < 64; ++i) {
    for (const std::string address : {"10.0.0.1", "10.0.0.2"}) {
      from[address].push_back(&all.network.client(
          0, {.subprotocols = {"askr.v1.json", "askr.token." + wrong}, .address = address, .loopback = false}));
    }
  }
  all.network.run();
  BOOST_TEST(all.network.verdicts_due.size() == 10u);  // Five of each address.
  for (auto* leaves : {from["10.0.0.1"][0], from["10.0.0.1"][40]}) leaves->gone = true;
  all.network.run();
  for (int i = 0; i < 64; ++i) judged();
  all.network.advance(100ms);
  BOOST_TEST(all.network.counts(0).clients_refused == 4u);  // And the one that did not wait for the answer.
  BOOST_TEST(all.network.counts(0).clients_throttled == 58u);
  for (auto* each : from["10.0.0.2"]) {
    BOOST_TEST(ask(all.network, *each, R"({"mid":1,"command":"askr.ping"})").find("pong") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_principal_that_no_peer_would_understand_is_refused) {
  const auto heard = [](auto spoil) {
    admitting all(1);
    all.network.hold_verdicts = true;
    auto& client = all.network.client(0, {.subprotocols = {"askr.v1.json", "askr.token." + alice}});
    all.network.run();
    principal who;
    who.name = "alice";
    spoil(who);
    all.network.core(0).clients().on_verdict(all.network.now(), all.network.verdicts_due.at(0).second, who);
    all.network.advance(100ms);
    return client.heard();
  };
  BOOST_TEST(heard([](principal&) {}) == "");
  const std::vector<void (*)(principal&)> spoilers = {
      [](principal& who) { who.name = std::string(257, 'n'); },
      [](principal& who) { who.name = "\xff"; },
      [](principal& who) { who.roles.assign(65, "role"); },
      [](principal& who) {
        who.roles = {"fine", std::string(65, 'r')};
      },
      [](principal& who) { who.roles = {"\xc3"}; },
  };
  for (const auto spoil : spoilers) BOOST_TEST(heard(spoil).find("too long, or not UTF-8") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_token_is_kept_for_the_next_review_and_lies_open_nowhere) {
  admitting all(1);
  auto& said = all.network.client(0, {.subprotocols = {}});
  ask(all.network, said, auth(alice));
  all.network.client(0, {.subprotocols = {"askr.v1.json", "askr.token." + alice}});
  all.network.run();
  std::size_t rows = 0;
  all.network.core(0).sessions().for_each([&](const client_row& each) {
    ++rows;
    BOOST_TEST(each.admitted);
    BOOST_TEST(each.wire.shown().token.empty());
    BOOST_TEST(as_text(each.token.sealed).find(alice.substr(0, 8)) == std::string_view::npos);
  });
  BOOST_TEST(rows == 2u);
  all.judge->last.reset();
  all.review(0);
  BOOST_TEST(all.judge->last->token == alice);
  BOOST_TEST(all.network.counts(0).admissions_ended == 0u);
}

BOOST_AUTO_TEST_CASE(the_table_of_wrong_credentials_is_bounded_and_counts_ipv6_by_its_network) {
  node_options options;
  options.limits.refused_addresses_max = 2;
  credential_guard guard(options);
  const auto now = core_network::begin;
  for (int i = 0; i < 5; ++i) guard.on_refused(now, "2001:db8::" + std::to_string(i));
  BOOST_TEST(!guard.may_try(now, "2001:db8::99"));
  BOOST_TEST(guard.may_try(now, "2001:db8:0:1::1"));
  BOOST_TEST(guard.size() == 1);
  guard.on_refused(now, "10.0.0.1");
  guard.on_refused(now, "10.0.0.2");  // The oldest goes.
  BOOST_TEST(guard.size() == 2);
  BOOST_TEST(guard.may_try(now, "2001:db8::99"));
}

// --- those who are in

BOOST_AUTO_TEST_CASE(a_node_whose_key_is_removed_loses_its_links_at_once_and_is_told_why) {
  admitting all(3);
  all.network.on(2, "fetch", [] { return 42; });
  all.network.mesh();
  BOOST_TEST(all.network.send(0, "fetch").pending());
  all.network.run();
  all.judge->nodes.erase(3);
  for (std::size_t node : {0, 1}) all.review(node);
  BOOST_TEST(all.network.links_between(0, 2) == 0);
  BOOST_TEST(all.network.links_between(1, 2) == 0);
  BOOST_TEST(all.network.links_between(0, 1) == 1);
  std::vector<std::string> reasons;
  for (const auto& [node, why] : all.network.closed_links)
    reasons.push_back(std::to_string(node) + " " + why.message());
  BOOST_TEST(std::count(reasons.begin(), reasons.end(), "0 unauthenticated: its key was removed") == 1);
  auto refused = all.network.send(0, "fetch");
  all.network.run();
  BOOST_TEST((refused.code() == errc::no_handler));
  BOOST_TEST(all.network.counts(0).admissions_ended >= 1);
}

BOOST_AUTO_TEST_CASE(a_review_that_changes_nothing_disturbs_nobody) {
  admitting all(2);
  all.network.on(1, "fetch", [] { return 42; });
  all.network.mesh();
  auto& client = all.network.client(0);
  ask(all.network, client, auth(alice));
  client.heard();
  for (std::size_t node : {0, 1}) all.review(node);
  BOOST_TEST(ask(all.network, client, R"({"mid":1,"command":"fetch"})") == R"({"mid":1,"value":42})");
  BOOST_TEST(all.network.links_between(0, 1) == 1);
  BOOST_TEST(all.network.counts(0).admissions_ended == 0);
}

BOOST_AUTO_TEST_CASE(a_client_whose_token_is_removed_or_whose_rights_change_is_closed_with_the_reason) {
  admitting all(1);
  const auto heard_at_review = [&](auto change) {
    *all.judge = changing();
    auto& client = all.network.client(0);
    ask(all.network, client, auth(alice));
    ask(all.network, client, R"({"type":"serve","command":"mine"})");
    change(*all.judge);
    all.review(0);
    BOOST_TEST(client.closed_with() == 1008);
    auto unserved = all.network.send(0, "mine");
    all.network.run();
    BOOST_TEST((unserved.code() == errc::no_handler));
    return client.heard();
  };
  BOOST_TEST(heard_at_review([](changing& judge) { judge.alice_too = false; }) ==
             R"({"type":"error","error":"unknown token","code":"unauthenticated"})");
  BOOST_TEST(heard_at_review([](changing& judge) { judge.rights = permissions::none(); }) ==
             R"({"type":"error","error":"your rights have changed: connect again","code":"unauthenticated"})");
  BOOST_TEST(all.network.counts(0).admissions_ended == 2);
}

BOOST_AUTO_TEST_CASE(links_nodes_and_sessions_end_when_their_admission_expires) {
  admitting all(2);
  all.judge->expires = 5'000;
  all.network.connect(0, 1);
  all.network.run();
  all.review(0);  // The links of core_network come up unasked.
  auto& client = all.network.client(0);
  ask(all.network, client, auth(alice));
  BOOST_TEST(all.network.core(0).end_expired(all.network.now(), 4'999) == 5'000u);
  all.network.run();
  BOOST_TEST(all.network.links_between(0, 1) == 1);
  BOOST_TEST(all.network.core(0).end_expired(all.network.now(), 5'000) == 0u);
  all.network.run();
  BOOST_TEST(all.network.links_between(0, 1) == 0);
  BOOST_TEST(client.closed_with() == 1008);
  BOOST_TEST(client.heard().find("your credential has expired") != std::string::npos);
}

// --- questions

BOOST_AUTO_TEST_CASE(a_question_has_one_answer_the_first_or_a_refusal_at_its_deadline) {
  const auto now = core_network::begin;
  open_questions open(5s);
  std::vector<std::string> answers;
  const auto note = [&](std::string which) {
    return [&answers, which](result<principal> verdict) {
      answers.push_back(which + " " + (verdict ? "yes" : verdict.error().message()));
    };
  };
  const auto first = open.add(now, note("first"));
  const auto second = open.add(now + 1s, note("second"));
  BOOST_TEST((open.next_timeout() == now + 5s));
  open.on_answer(second, principal{});
  open.on_answer(second, error{errc::denied});  // Twice,
  open.on_timeout(now + 4999ms);
  BOOST_TEST((answers == std::vector<std::string>{"second yes"}));
  open.on_timeout(now + 5s);
  open.on_answer(first, principal{});  // and too late.
  BOOST_TEST(
      (answers == std::vector<std::string>{"second yes", "first timed_out: the authenticator did not answer in time"}));
  BOOST_TEST(open.size() == 0);
  BOOST_TEST((open.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_SUITE_END()
