// SPDX-License-Identifier: MIT
#include "tests/support/scratch_folder.hpp"

#include <askr/authenticators.hpp>
#include <askr/authority.hpp>
#include <askr/keys.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <optional>

BOOST_AUTO_TEST_SUITE(authenticators)

namespace {

using namespace askr;
using namespace askr::test;

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

node_id id_of(std::uint8_t number) {
  node_id id;
  id.bytes.fill(number);
  return id;
}

peer_credential peer_of(std::uint8_t number) {
  peer_credential made;
  made.id = id_of(number);
  made.name = "own name";
  return made;
}

/// A file that goes with the test.
class scratch_file {
 public:
  scratch_file(std::string_view text, mode_t mode) : mode_(mode) { write(text); }
  void write(std::string_view text) const { folder_.write("file", text, mode_); }
  std::string read() const { return folder_.read("file"); }

 private:
  scratch_folder folder_;
  mode_t mode_;

 public:
  const std::string path = folder_.file("file");
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
    shown.certificate_groups = {"lab"};
    shown.certificate_expires = 5'000;
    each->authenticate_client(std::move(shown), [&](result<principal> given) { verdict = std::move(given); });
    BOOST_REQUIRE(verdict.ok());
    BOOST_TEST(verdict->name == "CN=ann,O=lab");
    BOOST_TEST((verdict->roles == std::vector<std::string>{"lab"}));
    BOOST_TEST(verdict->expires == 5'000u);
    BOOST_TEST((verdict->rights == permissions::member()));
  }
}

BOOST_AUTO_TEST_CASE(beside_tokens_a_certificate_lets_in_and_being_local_does_not) {
  peers_and_clients judge(std::make_shared<workspace_secret>(), {std::make_shared<token>(std::vector<token::entry>{}),
                                                                 std::make_shared<client_certificate>()});
  const auto verdict_on = [&](const std::string& certificate) {
    client_credential shown;
    shown.loopback = true;
    shown.certificate = certificate;
    auto verdict = result<principal>(errc::timed_out);
    judge.authenticate_client(std::move(shown), [&](result<principal> given) { verdict = std::move(given); });
    return verdict ? verdict->name : verdict.error().message();
  };
  BOOST_TEST(verdict_on("CN=ann") == "CN=ann");
  BOOST_TEST(verdict_on("") == "unauthenticated: unknown token");
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

BOOST_AUTO_TEST_CASE(a_token_file_may_hold_hashes_and_roles_and_is_read_again) {
  scratch_file file("alice " + hash_token(alice) + " ops\n", 0600);
  const auto judge = token::from_file(file.path);
  BOOST_TEST((judge->files() == std::vector<std::string>{file.path}));
  BOOST_TEST((client_verdict(*judge, alice)->roles == std::vector<std::string>{"ops"}));
  BOOST_TEST(!client_verdict(*judge, hash_token(alice)).ok());  // The hash opens nothing.
  file.write("bob " + bob + "\n");
  BOOST_TEST(judge->reload().ok());
  BOOST_TEST(client_verdict(*judge, bob)->name == "bob");
  BOOST_TEST(!client_verdict(*judge, alice).ok());
  file.write("bob\n");  // What was read before still holds.
  BOOST_TEST((judge->reload().code() == errc::bad_key_file));
  BOOST_TEST(client_verdict(*judge, bob)->name == "bob");
}

BOOST_AUTO_TEST_CASE(tokens_are_added_to_a_file_as_hashes) {
  const scratch_file file("# people\nalice " + alice, 0600);
  BOOST_TEST(add_token(file.path, "bob", bob).ok());
  BOOST_TEST((add_token(file.path, "two words", bob).code() == errc::bad_options));
  const auto judge = token::from_file(file.path);
  BOOST_TEST(client_verdict(*judge, alice)->name == "alice");
  BOOST_TEST(client_verdict(*judge, bob)->name == "bob");
  BOOST_TEST(file.read().find(bob) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_trusted_keys_come_in_and_a_removed_one_no_longer) {
  scratch_file file(id_of(7).to_string() + " cam ops # the door\n" + id_of(8).to_string() + "\n", 0644);
  trusted_keys judge(file.path);
  const auto cam = peer_verdict(judge, peer_of(7));
  BOOST_REQUIRE(cam.ok());
  BOOST_TEST(cam->name == "cam");
  BOOST_TEST((cam->roles == std::vector<std::string>{"ops"}));
  BOOST_TEST((cam->entry == id_of(7)));
  BOOST_TEST(cam->rights.may(verb::send, "x"));
  BOOST_TEST(peer_verdict(judge, peer_of(8))->name == "own name");
  BOOST_TEST((peer_verdict(judge, peer_of(9)).code() == errc::unauthenticated));
  BOOST_TEST(client_verdict(judge, local_client).ok());
  file.write(id_of(8).to_string() + "\n");
  BOOST_TEST(judge.reload().ok());
  BOOST_TEST(!peer_verdict(judge, peer_of(7)).ok());
  BOOST_TEST(peer_verdict(judge, peer_of(8)).ok());
}

BOOST_AUTO_TEST_CASE(a_file_of_trusted_keys_that_is_wrong_is_refused_with_the_reason) {
  const auto refused = [](std::string_view text, mode_t mode = 0644) -> std::string {
    const scratch_file file(text, mode);
    try {
      trusted_keys made(file.path);
    } catch (const failure& why) {
      return why.detail().substr(file.path.size());
    }
    return "taken";
  };
  const auto id = id_of(7).to_string();
  BOOST_TEST(refused(id + "\n" + id + " twin\n") == ": twice there: " + id);
  BOOST_TEST(refused("askr-cam-1\n") == ": neither a node's id nor its public key: askr-cam-1");
  BOOST_TEST(refused(id + " \x1b[31m\n") == ": line 1: a name has at most 256 printable characters");
  BOOST_TEST(refused(id, 0666) == ": others may write it: chmod go-w");
  BOOST_TEST(refused("") == "taken");  // Nobody.
}

BOOST_AUTO_TEST_CASE(clients_come_in_by_the_keys_they_have_proven) {
  const auto key = std::string(64, '5');
  const scratch_file file(key + " ann ops\n", 0644);
  client_key judge(file.path);
  auto ann = far_client;
  BOOST_TEST((client_verdict(judge, ann).code() == errc::unauthenticated));
  ann.key.emplace().fill(0x55);
  BOOST_REQUIRE(client_verdict(judge, ann).ok());
  BOOST_TEST(client_verdict(judge, ann)->name == "ann");
  BOOST_TEST(!client_verdict(judge, ann)->rights.may(verb::admin, "x"));
  ann.key->fill(0x56);
  BOOST_TEST((client_verdict(judge, ann).code() == errc::unauthenticated));
  const std::string line = key + " ann\n";
  for (const auto& wrong : {key + "\n", line.substr(1), line + line, line.substr(0, 65) + std::string(257, 'n')}) {
    const scratch_file file_of_keys(wrong, 0644);
    BOOST_CHECK_THROW(client_key{file_of_keys.path}, failure);
  }
  BOOST_CHECK_THROW(client_key{"/nonexistent/keys"}, failure);
}

BOOST_AUTO_TEST_CASE(peers_have_one_authenticator_and_clients_others_that_are_asked_in_turn) {
  const scratch_file keys(std::string(64, '5') + " ann\n", 0644);
  const scratch_file nodes(id_of(7).to_string() + "\n", 0644);
  const auto tokens = std::make_shared<token>(std::vector<token::entry>{{.name = "alice", .secret = alice}});
  peers_and_clients judge(std::make_shared<trusted_keys>(nodes.path),
                          {tokens, std::make_shared<client_key>(keys.path)});
  BOOST_TEST(peer_verdict(judge, peer_of(7)).ok());
  BOOST_TEST(!peer_verdict(judge, peer_of(8)).ok());
  BOOST_TEST(client_verdict(judge, alice)->name == "alice");
  auto ann = far_client;
  ann.key.emplace().fill(0x55);
  BOOST_TEST(client_verdict(judge, ann)->name == "ann");
  BOOST_TEST(client_verdict(judge, far_client).error().detail == "unknown token");  // The first one's.
  BOOST_TEST((judge.files() == std::vector<std::string>{nodes.path, keys.path}));
  BOOST_TEST(judge.reload().ok());
  peers_and_clients nobody(std::make_shared<workspace_secret>(), {});
  BOOST_TEST(!client_verdict(nobody, local_client).ok());
}

// --- certificates

namespace {

constexpr wall_ms day = 86'400'000, begin = 1'800'000'000'000, end = begin + 30 * day;

/// An authority, node 7 that it has admitted, and what node 7 judges others by.
struct admitted_workspace {
  scratch_folder files;
  std::string secret = files.file("authority"), key = secret + ".pub", own = files.file("own"),
              revoked = files.file("revoked");

  admitted_workspace() {
    BOOST_REQUIRE(generate_authority_file(secret).ok());
    admit(7, own);
  }
  std::uint64_t admit(std::uint8_t node, const std::string& into, std::string workspace = "lab") const {
    const auto made = admit_node(secret,
                                 {.node = id_of(node).to_string(),
                                  .workspace = std::move(workspace),
                                  .name = "cam-" + std::to_string(node),
                                  .roles = {"camera"},
                                  .not_before = begin,
                                  .not_after = end},
                                 into);
    BOOST_REQUIRE(made.ok());
    return made->serial;
  }
  void revoke_or_fail(std::vector<std::string> nodes, std::vector<std::uint64_t> serials = {},
                      wall_ms now = begin) const {
    BOOST_REQUIRE(revoke(secret, "lab", revoked, nodes, serials, now).ok());
  }
  workspace_authority judge(bool with_list = false) const {
    return {"lab", {.authority_file = key, .certificate_file = own, .revocations_file = with_list ? revoked : ""}};
  }
  peer_credential shown(std::uint8_t node, wall_ms now = begin) const {
    auto made = peer_of(node);
    made.credential = judge().credential();
    made.shown_at = now;
    return made;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_shows_a_certificate_of_the_authority_comes_in_until_it_expires) {
  const admitted_workspace lab;
  auto judge = lab.judge();
  const auto cam = peer_verdict(judge, lab.shown(7));
  BOOST_REQUIRE(cam.ok());
  BOOST_TEST(cam->name == "cam-7");
  BOOST_TEST((cam->roles == std::vector<std::string>{"camera"}));
  BOOST_TEST(cam->expires == end);
  BOOST_TEST((cam->rights == permissions::member()));
  BOOST_TEST(!peer_verdict(judge, lab.shown(7, end)).ok());
  BOOST_TEST(!peer_verdict(judge, lab.shown(7, begin - day)).ok());
  // Of another node, or none at all.
  BOOST_TEST(peer_verdict(judge, lab.shown(8)).error().detail.find("was shown by node 0808") != std::string::npos);
  BOOST_TEST(peer_verdict(judge, peer_of(7)).error().detail == "it shows no certificate");
  for (const std::size_t bytes : {1, 63, 64, 65, 128, 256}) {
    auto forged = lab.shown(7);
    forged.credential.assign(bytes, 1);
    BOOST_TEST((peer_verdict(judge, forged).code() == errc::unauthenticated), bytes);
  }
}

BOOST_AUTO_TEST_CASE(what_an_authority_takes_back_is_refused_by_node_or_by_serial) {
  const admitted_workspace lab;
  lab.revoke_or_fail({id_of(8).to_string()});
  auto judge = lab.judge(true);
  BOOST_TEST(peer_verdict(judge, lab.shown(7)).ok());
  const auto before = lab.files.read("revoked");
  lab.revoke_or_fail({id_of(7).to_string()});
  BOOST_TEST(judge.reload().ok());
  BOOST_TEST(peer_verdict(judge, lab.shown(7)).error().detail.find("is revoked") != std::string::npos);
  // An older list does not bring it back.
  lab.files.write("revoked", before);
  BOOST_TEST(judge.reload().error().detail.find("older than the list in force") != std::string::npos);
  BOOST_TEST(!peer_verdict(judge, lab.shown(7)).ok());

  const admitted_workspace other;
  const auto serial = other.admit(7, other.own);
  other.revoke_or_fail({}, {serial});
  auto by_serial = other.judge(true);
  BOOST_TEST(!peer_verdict(by_serial, other.shown(7)).ok());
  other.admit(7, other.own);  // A new one is another.
  BOOST_TEST(by_serial.reload().ok());
  BOOST_TEST(peer_verdict(by_serial, other.shown(7)).ok());
}

BOOST_AUTO_TEST_CASE(files_of_an_authority_that_are_swapped_or_cut_or_of_another_workspace_are_refused) {
  const admitted_workspace lab, other;
  const auto refused = [](std::string authority, std::string certificate, std::string revoked = {}) {
    try {
      workspace_authority made("lab", {std::move(authority), std::move(certificate), std::move(revoked)});
    } catch (const failure& why) {
      return why.code() == errc::bad_key_file;
    }
    return false;
  };
  lab.revoke_or_fail({});
  other.revoke_or_fail({});
  BOOST_TEST(!refused(lab.key, lab.own, lab.revoked));
  BOOST_TEST(refused(lab.own, lab.key));
  BOOST_TEST(refused(lab.secret, lab.own));
  BOOST_TEST(refused(other.key, lab.own));
  BOOST_TEST(refused(lab.key, other.own));
  BOOST_TEST(refused(lab.key, lab.own, other.revoked));
  BOOST_TEST(refused(lab.key, lab.own, lab.own));
  BOOST_TEST(refused(lab.key, lab.own, lab.files.file("none")));
  const auto elsewhere = lab.files.file("elsewhere");
  lab.admit(7, elsewhere, "lab2");
  BOOST_TEST(refused(lab.key, elsewhere));
  BOOST_TEST(refused(lab.key, lab.files.file("none")));
  std::string nine;
  for (char digit = '1'; digit <= '9'; ++digit) nine.append(64, digit).append(1, '\n');
  for (const auto& authorities : {std::string("# nobody\n"), nine, nine.substr(0, 63)}) {
    lab.files.write("authorities", authorities);
    BOOST_TEST(refused(lab.files.file("authorities"), lab.own));
  }
  auto text = lab.files.read("own");
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{18}, std::size_t{19}, text.size() / 2, text.size() - 2}) {
    lab.files.write("cut", text.substr(0, bytes));
    BOOST_TEST(refused(lab.key, lab.files.file("cut")), bytes);
  }
  BOOST_TEST((admit_node(lab.key, {.node = id_of(7).to_string()}, lab.own).code() == errc::bad_key_file));
}

BOOST_AUTO_TEST_CASE(a_bad_token_file_is_refused) {
  BOOST_TEST((file_refused("alice " + alice + "\n", 0644) == errc::bad_key_file));
  BOOST_TEST((file_refused("nospace\n") == errc::bad_key_file));
  BOOST_TEST((file_refused("alice short\n") == errc::bad_key_file));
  BOOST_TEST((file_refused("alice blake2b:00\n") == errc::bad_key_file));
  const std::string too_long(65, 'r');
  BOOST_TEST((file_refused("alice " + alice + " " + too_long + "\n") == errc::bad_key_file));
  BOOST_CHECK_THROW(token::from_file("/nonexistent/tokens"), failure);
}

BOOST_AUTO_TEST_SUITE_END()
