// SPDX-License-Identifier: MIT
#include "libaskr/src/client_url.hpp"

#include <boost/test/unit_test.hpp>

using namespace askr;

BOOST_AUTO_TEST_SUITE(client_urls)

BOOST_AUTO_TEST_CASE(urls_are_read_strictly) {
  const auto url = client_url::parse("ws://[::1]:9000/path?x=1");
  BOOST_REQUIRE(url);
  BOOST_TEST(url->at.host == "::1");
  BOOST_TEST(url->at.port == 9000);
  BOOST_TEST(url->host == "[::1]:9000");
  BOOST_TEST(url->target == "/path?x=1");
  BOOST_TEST(client_url::parse("ws://edge")->host == "edge:8800");
  BOOST_TEST(client_url::parse("ws://edge")->target == "/");
  BOOST_TEST(!client_url::parse("ws://" + std::string(301, 'h')));
  for (const auto* wrong :
       {"", "ws://[::1]8800", "edge:8800", "http://edge", "ws://", "ws://edge:0", "ws://edge:99999", "ws://a b",
        "ws://user@edge", "ws://edge/\r\nX: y", "ws://:8800", "ws://edge/#x", "ws://edge/\x7f"}) {
    BOOST_TEST(!client_url::parse(wrong), wrong);
  }
  BOOST_TEST(!client_url::parse("ws://edge")->tls);
  BOOST_TEST(client_url::parse("wss://edge/x")->tls);
  BOOST_TEST(client_url::parse("wss://edge/x")->host == "edge:8800");
}

BOOST_AUTO_TEST_SUITE_END()
