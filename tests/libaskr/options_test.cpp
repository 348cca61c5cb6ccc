// SPDX-License-Identifier: MIT
#include <askr/options.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>

BOOST_AUTO_TEST_SUITE(options)

namespace {

using namespace askr;

/// The rule that the change breaks; empty: none.
std::string broken(const std::function<void(node_options&)>& change) {
  node_options changed;
  change(changed);
  const auto checked = validate(changed);
  if (checked) return {};
  BOOST_TEST((checked.code() == errc::bad_options));
  return checked.error().detail;
}

const std::string long_enough(32, 's');

}  // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_valid_and_stay_on_this_host) {
  BOOST_TEST(validate(node_options{}).ok());
  BOOST_TEST(node_options{}.bind == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(names_and_workspaces_are_words) {
  for (const std::string bad : {"", "a b", "a/b", "\xc3\xa4", "a\n"}) {
    BOOST_TEST(broken([&](auto& o) { o.name = bad; }).starts_with("name"));
    BOOST_TEST(broken([&](auto& o) { o.workspace = bad; }).starts_with("workspace"));
  }
  BOOST_TEST(!broken([&](auto& o) { o.name = std::string(49, 'a'); }).empty());
  BOOST_TEST(broken([&](auto& o) { o.name = std::string(48, 'a'); }).empty());
  BOOST_TEST(broken([&](auto& o) { o.name = "my-agent_2.b"; }).empty());
}

BOOST_AUTO_TEST_CASE(off_loopback_there_must_be_a_secret_or_an_explicit_open) {
  for (const std::string off : {"0.0.0.0", "192.168.1.5", "::"}) {
    const auto why = broken([&](auto& o) { o.bind = off; });
    BOOST_TEST(why.find("askr keygen") != std::string::npos);  // It says what to do.
    BOOST_TEST(broken([&](auto& o) { o.bind = off, o.secret = long_enough; }).empty());
    BOOST_TEST(broken([&](auto& o) { o.bind = off, o.secret_file = "/some/file"; }).empty());
    BOOST_TEST(broken([&](auto& o) { o.bind = off, o.open = true; }).empty());
  }
  for (const std::string loopback : {"127.0.0.1", "127.1.2.3", "::1"}) {
    BOOST_TEST(broken([&](auto& o) { o.bind = loopback; }).empty());
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_long_and_there_is_one) {
  BOOST_TEST(!broken([&](auto& o) { o.secret = std::string(31, 's'); }).empty());
  BOOST_TEST(!broken([&](auto& o) { o.secret = long_enough, o.secret_file = "x"; }).empty());
  BOOST_TEST(!broken([&](auto& o) { o.secret = long_enough, o.open = true; }).empty());
}

BOOST_AUTO_TEST_CASE(limits_that_contradict_each_other_are_refused) {
  const std::vector<std::function<void(node_options&)>> bad = {
      [](auto& o) { o.links.heartbeat = 1300ms; },
      [](auto& o) { o.links.heartbeat = 1ms; },
      [](auto& o) { o.links.lease = -1ms; },
      [](auto& o) { o.links.outbox_bytes_soft = 0; },
      [](auto& o) { o.links.outbox_bytes_soft = o.links.outbox_bytes_hard + 1; },
      [](auto& o) { o.links.message_bytes_max = 0; },
      [](auto& o) { o.links.message_bytes_max = (64 << 20) + 1; },
      [](auto& o) { o.sessions.message_bytes_max = 0; },
      [](auto& o) { o.sessions.message_bytes_max = (64 << 20) + 1; },
      [](auto& o) { o.sessions.output_bytes_soft = o.sessions.output_bytes_hard + 1; },
      [](auto& o) { o.limits.commands_pending_max = 0; },
      [](auto& o) { o.limits.sessions_max = 65'536; },
      [](auto& o) { o.limits.peers_max = 65'536; },
  };
  for (std::size_t i = 0; i < bad.size(); ++i) BOOST_TEST(!broken(bad[i]).empty(), "rule " << i);
  BOOST_TEST(broken([](auto& o) { o.links.lease = 0ms, o.links.heartbeat = 10s; }).empty());
}

BOOST_AUTO_TEST_CASE(a_node_looks_for_more_to_do_for_a_second_at_most) {
  BOOST_TEST(!broken([](auto& o) { o.busy_poll = -1us; }).empty());
  BOOST_TEST(!broken([](auto& o) { o.busy_poll = 1s + 1us; }).empty());
  BOOST_TEST(broken([](auto& o) { o.busy_poll = 1s; }).empty());
}

BOOST_AUTO_TEST_SUITE_END()
