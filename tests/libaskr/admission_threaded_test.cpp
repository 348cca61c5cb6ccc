// SPDX-License-Identifier: MIT
// Nodes and clients that are let in and put out again: authenticators that fail in every way, and files that change.
#include "tests/support/certificates.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/threaded_nodes.hpp"

#include <askr/authenticators.hpp>
#include <askr/authority.hpp>
#include <askr/client.hpp>
#include <askr/keys.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

BOOST_AUTO_TEST_SUITE(admission_threaded)

namespace {

using namespace askr;
using namespace askr::test;

/// Fails in one way.
struct failing : authenticator {
  enum class how { throws, drops, hangs, answers_twice, answers_late };

  explicit failing(how way) : way_(way) {}
  void authenticate_peer(peer_credential, verdict_handler answer) override { fail(std::move(answer)); }
  void authenticate_client(client_credential, verdict_handler answer) override { fail(std::move(answer)); }
  std::vector<verdict_handler> take_kept() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
  }
  std::atomic<int> asked = 0;

 private:
  void fail(verdict_handler answer) {
    ++asked;
    if (way_ == how::throws) throw std::runtime_error("no database");
    if (way_ == how::drops) return;
    if (way_ == how::answers_twice) {
      answer(error{errc::unauthenticated, "no"});
      return answer(principal{});
    }
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(answer));
  }

  how way_;
  std::mutex mutex_;
  std::vector<verdict_handler> kept_;
};

/// What a client hears from a node with this authenticator when it shows a token, and what the node logs.
struct failed_client {
  std::string heard;
  std::string logged;
};

failed_client client_of(std::shared_ptr<failing> judge) {
  auto options = options_of("strict");
  options.authenticator = judge;
  options.limits.verdict_deadline = 300ms;
  std::mutex mutex;
  failed_client seen;
  options.log = [&](log_level, std::string_view line) {
    const std::lock_guard lock(mutex);
    seen.logged += std::string(line) + "\n";
  };
  node strict(std::move(options));
  strict.start();
  client asking({.url = strict.url(), .token = std::string(40, 't'), .reconnect = false});
  try {
    asking.connect();
    seen.heard = "welcome";
  } catch (const failure& why) {
    seen.heard = error{static_cast<errc>(why.code().value()), why.detail()}.message();
  }
  BOOST_TEST(strict.send("askr.ping").get().as<std::string>() == "pong");  // The node lives.
  strict.stop();
  const std::lock_guard lock(mutex);
  return seen;
}

bool drops_out(node& which, std::size_t nodes) {
  return eventually([&] { return which.nodes().size() == nodes; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_authenticator_that_throws_drops_the_question_or_hangs_has_refused) {
  using how = failing::how;
  const auto thrown = client_of(std::make_shared<failing>(how::throws));
  BOOST_TEST(thrown.heard == "unauthenticated: the authenticator gave no answer");
  BOOST_TEST(thrown.logged.find("authenticator: threw what=no database") != std::string::npos);
  BOOST_TEST(client_of(std::make_shared<failing>(how::drops)).heard ==
             "unauthenticated: the authenticator gave no answer");
  BOOST_TEST(client_of(std::make_shared<failing>(how::hangs)).heard ==
             "timed_out: the authenticator did not answer in time");
  BOOST_TEST(client_of(std::make_shared<failing>(how::answers_twice)).heard == "unauthenticated: no");
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_connection_or_the_node_has_gone_is_passed_over) {
  const auto late = std::make_shared<failing>(failing::how::answers_late);
  {
    auto options = options_of("late");
    options.authenticator = late;
    node strict(std::move(options));
    strict.start();
    {
      client gone({.url = strict.url(), .reconnect = false});
      auto never = std::async(std::launch::async, [&] { gone.connect(); });
      BOOST_TEST(eventually([&] { return late->asked == 1; }));
      gone.close();
      BOOST_CHECK_THROW(never.get(), failure);
    }
    BOOST_TEST(eventually([&] { return strict.counters().sessions_closed == 1; }));
    for (auto& each : late->take_kept()) each(principal{});
    BOOST_TEST(strict.send("askr.ping").get().as<std::string>() == "pong");
    auto peer = options_of("peer", {address(strict)});
    node refused(std::move(peer));
    refused.start();
    BOOST_TEST(eventually([&] { return late->asked == 2; }));
  }
  for (auto& each : late->take_kept()) each(principal{});
}

BOOST_AUTO_TEST_CASE(a_key_removed_from_the_file_of_trusted_keys_ends_the_links_of_its_node) {
  const scratch_folder files;
  const auto made = generate_identity_file(files.file("b"));
  const auto own = generate_identity_file(files.file("a"));
  BOOST_REQUIRE((made.ok() && own.ok()));
  const auto both = own->id.to_string() + " a\n" + made->key + " b\n";
  files.write("trusted", both);
  auto options = options_of("a");
  options.identity_file = files.file("a");
  options.authenticator = std::make_shared<trusted_keys>(files.file("trusted"));
  std::atomic<int> put_out = 0, kept = 0;
  options.log = [&](log_level, std::string_view line) {
    kept += line.find("authenticator: what it read before still holds") == 0;
    put_out += line.find("link: no longer admitted") == 0 && line.find("is not among the trusted keys") != line.npos;
  };
  node a(std::move(options));
  a.start();
  auto other = options_of("b", {address(a)});
  other.identity_file = files.file("b");
  std::atomic<int> was_told = 0;
  other.log = [&](log_level, std::string_view line) {
    was_told += line.find("link: down") == 0 && line.find("is not among the trusted keys") != line.npos;
  };
  node b(std::move(other));
  b.on("fetch", [] { return 42; });
  b.start();
  BOOST_REQUIRE(serves(a, "fetch"));
  BOOST_TEST(outcome(a.send("fetch")) == "42");
  files.write("trusted", "not a key\n");  // A slip: all stays as it was.
  BOOST_TEST(eventually([&] { return kept == 1; }));
  BOOST_TEST(outcome(a.send("fetch")) == "42");
  files.write("trusted", own->id.to_string() + " a\n");
  BOOST_TEST(drops_out(a, 1));
  BOOST_TEST(drops_out(b, 1));
  BOOST_TEST(put_out == 1);
  BOOST_TEST(was_told == 1);
  BOOST_TEST(outcome(a.send("fetch")) == "no_handler");
  files.write("trusted", both);
  BOOST_TEST(serves(a, "fetch"));  // It comes back by itself.
}

BOOST_AUTO_TEST_CASE(a_certificate_lets_a_node_in_is_renewed_without_a_word_and_ends_by_revocation) {
  const scratch_folder files;
  const auto secret = files.file("authority"), workspace = options_of("a").workspace;
  BOOST_REQUIRE(generate_authority_file(secret).ok());
  const auto now = static_cast<wall_ms>(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  const auto admit = [&](const std::string& name, const node_id& id, wall_ms until) {
    BOOST_REQUIRE(admit_node(secret,
                             {.node = id.to_string(),
                              .workspace = workspace,
                              .name = name,
                              .not_before = now - 60'000,
                              .not_after = until},
                             files.file(name + ".certificate"))
                      .ok());
  };
  BOOST_REQUIRE(revoke(secret, workspace, files.file("revoked"), {}, {}, now).ok());
  const auto start = [&](const std::string& name, wall_ms until, std::vector<std::string> seeds) {
    const auto made = generate_identity_file(files.file(name));
    BOOST_REQUIRE(made.ok());
    admit(name, made->id, until);
    auto options = options_of(name, std::move(seeds));
    options.identity_file = files.file(name);
    options.authenticator = std::make_shared<workspace_authority>(
        workspace, workspace_authority::sources{.authority_file = secret + ".pub",
                                                .certificate_file = files.file(name + ".certificate"),
                                                .revocations_file = files.file("revoked")});
    auto started = std::make_unique<node>(std::move(options));
    started->on(name, [] { return 1; });
    started->start();
    return started;
  };
  const auto a = start("a", now + 3'600'000, {});
  const auto b = start("b", now + 4'000, {address(*a)});  // Soon over, and renewed before.
  BOOST_REQUIRE(serves(*a, "b"));
  admit("b", b->id(), now + 3'600'000);
  auto stranger = options_of("stranger", {address(*a)});  // It has the secret, and no certificate.
  node uninvited(std::move(stranger));
  uninvited.start();
  std::size_t failed = 0;
  // Traffic until what it showed first has expired, and the node has looked: it does so twice a second.
  while (std::chrono::system_clock::now().time_since_epoch() < milliseconds(now + 4'600)) {
    failed += outcome(a->send("b")) != "1";
  }
  BOOST_TEST(failed == 0);
  BOOST_TEST(a->nodes().size() == 2);
  BOOST_REQUIRE(revoke(secret, workspace, files.file("revoked"), {b->id().to_string()}, {}, now).ok());
  BOOST_TEST(drops_out(*a, 1));
  BOOST_TEST(outcome(a->send("b")) == "no_handler");
}

BOOST_AUTO_TEST_CASE(a_client_comes_in_by_its_key_and_goes_when_the_key_or_its_token_is_removed) {
  const scratch_folder files;
  const auto key = generate_client_key_file(files.file("ann"));
  BOOST_REQUIRE(key.ok());
  files.write("keys", *key + " ann\n");
  files.write("tokens", "bob " + hash_token(std::string(40, 'b')) + "\n");
  auto options = options_of("door");
  options.authenticator = std::make_shared<peers_and_clients>(
      std::make_shared<workspace_secret>(),
      std::vector<std::shared_ptr<authenticator>>{std::make_shared<client_key>(files.file("keys")),
                                                  token::from_file(files.file("tokens"))});
  node door(std::move(options));
  door.on("who", [](const command& asked) { return asked.who().name; });
  door.start();
  client ann({.url = door.url(), .signing_key_file = files.file("ann"), .reconnect = false});
  client bob({.url = door.url(), .token = std::string(40, 'b'), .reconnect = false});
  client eve({.url = door.url(), .reconnect = false});
  ann.connect();
  bob.connect();
  BOOST_CHECK_THROW(eve.connect(), failure);
  BOOST_TEST(ann.send("who").get().as<std::string>() == "ann");
  BOOST_TEST(bob.send("who").get().as<std::string>() == "bob");
  files.write("keys", "# nobody\n");
  BOOST_TEST(eventually([&] { return ann.node_name().empty(); }));
  BOOST_TEST(bob.send("who").get().as<std::string>() == "bob");
  files.write("tokens", "# nobody\n");
  BOOST_TEST(eventually([&] { return bob.node_name().empty(); }));
  BOOST_TEST(door.counters().admissions_ended == 2);
}

namespace {

void write_pair(const scratch_folder& files, const std::string& name, const issued& made) {
  files.write(name + ".pem", made.certificate);
  files.write(name + ".key", made.key);
}

node_options door_with_tls(const scratch_folder& files, const test::authority& by) {
  files.write("ca", by.certificate());
  write_pair(files, "node", by.issue("node", "IP:127.0.0.1"));
  auto options = options_of("door");
  options.tls = {.certificate_file = files.file("node.pem"),
                 .key_file = files.file("node.key"),
                 .client_ca_file = files.file("ca")};
  return options;
}

client_options to_door(const scratch_folder& files, const node& door) {
  return {.url = "wss://" + address(door), .ca_file = files.file("ca"), .reconnect = false};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_client_that_came_by_a_certificate_has_its_roles_and_goes_when_it_expires) {
  const scratch_folder files;
  const test::authority lab("lab");
  auto options = door_with_tls(files, lab);
  options.roles = {{"ops", permissions::none().allow(verb::send, "who")}};
  write_pair(files, "ann", lab.issue("ann", {}, 3, {"ops"}));
  node door(std::move(options));
  door.on("who", [](const command& asked) { return asked.who().name; });
  door.on("other", [] { return 1; });
  door.start();
  const auto shown = [&] {
    auto made = to_door(files, door);
    made.certificate_file = files.file("ann.pem");
    made.key_file = files.file("ann.key");
    return made;
  };
  client ann(shown());
  ann.connect();
  BOOST_TEST(ann.send("who").get().as<std::string>() == "O=ops,CN=ann");
  BOOST_CHECK_THROW((void)ann.send("other").get(), failure);
  BOOST_TEST(eventually([&] { return ann.node_name().empty(); }));
  BOOST_TEST(door.counters().admissions_ended == 1);
  client late(shown());
  BOOST_CHECK_THROW(late.connect(), failure);
}

BOOST_AUTO_TEST_CASE(tls_handshakes_beyond_their_budget_are_closed_and_counted) {
  const scratch_folder files;
  const test::authority lab("lab");
  auto options = door_with_tls(files, lab);
  options.tls.handshakes_per_second = 1;
  options.tls.handshakes_burst = 1;
  node door(std::move(options));
  door.start();
  client first(to_door(files, door));
  first.connect();
  const auto one_more = [&] {
    client another(to_door(files, door));
    try {
      another.connect();
    } catch (const failure&) {
    }
    return door.counters().tls_refused > 0;
  };
  BOOST_TEST(eventually(one_more));  // At the first try, but on a machine that takes a second for it.
  BOOST_TEST(door.counters().tls_failed == 0);
  BOOST_TEST(!first.node_name().empty());
}

BOOST_AUTO_TEST_CASE(a_secret_is_exchanged_while_commands_flow_and_none_is_lost) {
  const scratch_folder files;
  const std::string old_secret(40, 'o'), new_secret(40, 'n');
  const auto exchanged = [](const std::shared_ptr<std::atomic<int>>& times, int wanted) {
    BOOST_REQUIRE(eventually([&] { return *times == wanted; }));
  };
  const auto start = [&](const std::string& name, const std::string& secrets, std::vector<std::string> seeds,
                         std::shared_ptr<std::atomic<int>> times) {
    files.write(name, secrets);
    auto options = options_of(name, std::move(seeds));
    options.secret.clear();
    options.secret_file = files.file(name);
    options.links.old_secret_kept = 1500ms;
    options.log = [times](log_level, std::string_view line) {
      *times += line.find("node: workspace secrets exchanged") == 0;
    };
    auto started = std::make_unique<node>(std::move(options));
    started->on(name, [] { return 1; });
    started->start();
    return started;
  };
  const auto new_count = [] { return std::make_shared<std::atomic<int>>(0); };
  const auto of_a = new_count(), of_b = new_count(), of_other = new_count();
  const auto a = start("a", old_secret + "\n", {}, of_a);
  const auto b = start("b", old_secret + "\n", {address(*a)}, of_b);
  const auto lagging = start("lagging", old_secret + "\n", {address(*a)}, of_other);
  BOOST_REQUIRE((serves(*a, "b") && serves(*b, "a") && serves(*a, "lagging")));
  std::atomic<bool> done = false;
  std::vector<std::string> failed;
  std::size_t sent = 0;
  std::thread traffic([&] {
    while (!done) {
      for (const auto& [from, name] : {std::pair(a.get(), "b"), std::pair(b.get(), "a")}) {
        ++sent;
        if (const auto got = outcome(from->send(name)); got != "1") failed.push_back(got);
      }
    }
  });
  files.write("a", new_secret + "\n" + old_secret + "\n");  // One after the other, as people do it.
  exchanged(of_a, 1);
  files.write("b", new_secret + "\n" + old_secret + "\n");
  exchanged(of_b, 1);
  files.write("a", new_secret + "\n");
  exchanged(of_a, 2);
  files.write("b", new_secret + "\n");
  exchanged(of_b, 2);
  // Who has not got the new one is put out by both; a link between them that had to be replaced, and was not, would be
  // closed in the same moment.
  BOOST_TEST(drops_out(*a, 2));
  BOOST_TEST(drops_out(*b, 2));
  const auto joined = start("c", new_secret + "\n", {address(*a)}, of_other);
  BOOST_TEST(serves(*joined, "b"));  // Newcomers come by it alone.
  done = true;
  traffic.join();
  BOOST_TEST(failed.size() == 0, failed.size() << " of " << sent << " failed, the first with " << failed.front());
  BOOST_TEST(sent > 1000);
  BOOST_TEST(outcome(a->send("b")) == "1");
  BOOST_TEST(lagging->nodes().size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
