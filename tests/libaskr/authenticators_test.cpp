// SPDX-License-Identifier: MIT
#include <askr/authenticator.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <optional>

BOOST_AUTO_TEST_SUITE(authenticators)

namespace {

using namespace askr;

result<principal> client_verdict(authenticator& judge, client_credential shown) {
  std::optional<result<principal>> said;
  judge.authenticate_client(std::move(shown), [&](result<principal> verdict) { said = std::move(verdict); });
  BOOST_REQUIRE(said.has_value());
  return *said;
}

client_credential shown(std::string token, std::string address, bool loopback) {
  return {.token = std::move(token), .origin = {}, .address = std::move(address), .loopback = loopback};
}

const auto local_client = shown({}, "127.0.0.1", true), far_client = shown({}, "10.0.0.1", false);

result<principal> client_verdict(authenticator& judge, const std::string& token, bool loopback = false) {
  return client_verdict(judge, shown(token, "10.0.0.1", loopback));
}

result<principal> peer_verdict(authenticator& judge, peer_credential shown = {}) {
  std::optional<result<principal>> said;
  judge.authenticate_peer(std::move(shown), [&](result<principal> verdict) { said = std::move(verdict); });
  BOOST_REQUIRE(said.has_value());
  return *said;
}

const std::string alice(32, 'a'), bob(256, 'b');

/// A file that goes with the test.
class scratch_file {
 public:
  scratch_file(std::string_view text, mode_t mode) {
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  }
  ~scratch_file() { std::remove(path.c_str()); }
  const std::string path = "/tmp/askr-authenticators-test-" + std::to_string(getpid());
};

errc file_refused(std::string_view text, mode_t mode = 0600) {
  const scratch_file file(text, mode);
  try {
    token::from_file(file.path);
  } catch (const failure& why) {
    return static_cast<errc>(why.code().value());
  }
  return errc{};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_default_refuses_everybody) {
  authenticator nobody;
  BOOST_TEST((client_verdict(nobody, local_client).code() == errc::unauthenticated));
  BOOST_TEST((peer_verdict(nobody).code() == errc::unauthenticated));
  BOOST_TEST(nobody.credential().empty());
}

BOOST_AUTO_TEST_CASE(the_workspace_secret_lets_peers_and_local_clients_in) {
  workspace_secret judge;
  peer_credential member;
  member.name = "askr-a-123456";
  member.id.bytes[0] = 7;
  const auto peer = peer_verdict(judge, member);
  BOOST_REQUIRE(peer.ok());
  BOOST_TEST((peer->what == principal::kind::node));
  BOOST_TEST(peer->name == "askr-a-123456");
  BOOST_TEST((peer->entry == member.id));
  BOOST_TEST(peer->rights.may(verb::send, "x"));
  BOOST_TEST(!peer->rights.may(verb::admin, "x"));
  const auto local = client_verdict(judge, local_client);
  BOOST_REQUIRE(local.ok());
  BOOST_TEST(local->name == "local");
  BOOST_TEST(local->rights.may(verb::admin, "x"));
  BOOST_TEST((client_verdict(judge, far_client).code() == errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_certificate_is_as_good_as_being_local_but_for_administration) {
  workspace_secret judge;
  open_workspace open;
  for (authenticator* each : {static_cast<authenticator*>(&judge), static_cast<authenticator*>(&open)}) {
    auto verdict = result<principal>(errc::timed_out);
    client_credential shown;
    shown.certificate = "CN=ann,O=lab";
    each->authenticate_client(std::move(shown), [&](result<principal> given) { verdict = std::move(given); });
    BOOST_REQUIRE(verdict.ok());
    BOOST_TEST(verdict->name == "CN=ann,O=lab");
    BOOST_TEST((verdict->rights == permissions::member()));
  }
}

BOOST_AUTO_TEST_CASE(an_open_workspace_lets_all_in_but_only_local_ones_administer) {
  open_workspace judge;
  const auto anybody = client_verdict(judge, far_client);
  BOOST_REQUIRE(anybody.ok());
  BOOST_TEST(anybody->name == "anonymous");
  BOOST_TEST(!anybody->rights.may(verb::admin, "x"));
  BOOST_TEST(client_verdict(judge, local_client)->rights.may(verb::admin, "x"));
}

BOOST_AUTO_TEST_CASE(a_token_says_who_its_owner_is_and_loopback_alone_is_not_enough) {
  token judge({{.name = "alice", .secret = alice, .rights = permissions::none(), .roles = {"ops"}},
               {.name = "bob", .secret = bob}});
  const auto known = client_verdict(judge, alice);
  BOOST_REQUIRE(known.ok());
  BOOST_TEST(known->name == "alice");
  BOOST_TEST((known->roles == std::vector<std::string>{"ops"}));
  BOOST_TEST(!known->rights.may(verb::send, "x"));
  BOOST_TEST(client_verdict(judge, bob)->name == "bob");
  for (const std::string& wrong : {std::string(), std::string(31, 'a'), alice + "a", std::string(32, 'c')}) {
    BOOST_TEST((client_verdict(judge, wrong, true).code() == errc::unauthenticated));
  }
  BOOST_TEST(peer_verdict(judge).ok());
}

BOOST_AUTO_TEST_CASE(tokens_that_are_short_long_or_given_twice_are_refused) {
  const auto refused = [](std::vector<token::entry> entries) {
    BOOST_CHECK_EXCEPTION(token{entries}, failure, [](const failure& why) {
      return why.code() == errc::bad_options && why.detail().find(std::string(32, 'a')) == std::string::npos;
    });
  };
  refused({{.name = "short", .secret = std::string(31, 'a')}});
  refused({{.name = "long", .secret = std::string(257, 'a')}});
  refused({{.name = "one", .secret = alice}, {.name = "two", .secret = alice}});
}

BOOST_AUTO_TEST_CASE(tokens_are_read_from_a_file_that_only_its_owner_may_read) {
  const scratch_file file("# people\nalice " + alice + "\n\nbob " + bob + "\n", 0600);
  const auto judge = token::from_file(file.path);
  BOOST_TEST(client_verdict(*judge, alice)->name == "alice");
  BOOST_TEST(client_verdict(*judge, bob)->name == "bob");
}

BOOST_AUTO_TEST_CASE(a_bad_token_file_is_refused) {
  BOOST_TEST((file_refused("alice " + alice + "\n", 0644) == errc::bad_key_file));
  BOOST_TEST((file_refused("nospace\n") == errc::bad_key_file));
  BOOST_TEST((file_refused("alice short\n") == errc::bad_key_file));
  BOOST_CHECK_THROW(token::from_file("/nonexistent/tokens"), failure);
}

BOOST_AUTO_TEST_SUITE_END()
