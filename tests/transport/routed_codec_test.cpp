// SPDX-License-Identifier: MIT
#include "transport/routed_codec.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(routed_codec)

namespace {

using namespace askr;
using namespace askr::transport;

node_id id_of(std::uint8_t byte) {
  node_id id;
  id.bytes.fill(byte);
  return id;
}

template <class Message>
byte_buffer encode(const Message& message) {
  byte_buffer body;
  write_message(body, message);
  return body;
}

const byte_buffer sealed(50, 9);

routed_message envelope() {
  return {.source = id_of(1),
          .source_life = 1'732'406'400'000,
          .target = id_of(2),
          .target_life = 7,
          .session = ~0ull,
          .hops_left = 8,
          .sealed = sealed};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_envelope_keeps_every_field) {
  const auto body = encode(envelope());
  const auto got = decode_routed(*open_message(body));
  BOOST_REQUIRE(got.ok());
  BOOST_TEST((got->source == id_of(1) && got->source_life == 1'732'406'400'000 && got->target == id_of(2)));
  BOOST_TEST((got->target_life == 7 && got->session == ~0ull && got->hops_left == 8));
  BOOST_TEST(byte_buffer(got->sealed.begin(), got->sealed.end()) == sealed, boost::test_tools::per_element());
  BOOST_TEST(body.size() < sealed.size() + 80);
}

BOOST_AUTO_TEST_CASE(the_news_of_a_broken_path_keeps_every_field) {
  const auto body = encode(route_broken_message{id_of(1), id_of(2), 77, 3, errc::overloaded, id_of(4), "full"});
  const auto got = decode_route_broken(*open_message(body));
  BOOST_REQUIRE(got.ok());
  BOOST_TEST((got->to == id_of(1) && got->about == id_of(2) && got->session == 77 && got->hops_left == 3));
  BOOST_TEST((got->code == errc::overloaded && got->relay == id_of(4) && got->text == "full"));
}

BOOST_AUTO_TEST_CASE(what_is_cut_padded_or_out_of_range_is_refused) {
  for (auto body : {encode(envelope()), encode(route_broken_message{.text = "x"})}) {
    const auto accepted = [](const byte_buffer& bytes) {
      const auto message = open_message(bytes);
      if (!message) return false;
      return message->kind == message_kind::routed ? decode_routed(*message).ok() : decode_route_broken(*message).ok();
    };
    BOOST_TEST(accepted(body));
    for (std::size_t bytes = 2; bytes < body.size(); ++bytes) {
      BOOST_TEST(!accepted(byte_buffer(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(bytes))));
    }
    body.push_back(0xc0);
    BOOST_TEST(!accepted(body));
  }
  auto to_itself = envelope();
  to_itself.target = to_itself.source;
  BOOST_TEST(!decode_routed(*open_message(encode(to_itself))).ok());
  auto too_short = envelope();
  too_short.sealed = too_short.sealed.first(39);
  BOOST_TEST(!decode_routed(*open_message(encode(too_short))).ok());
}

BOOST_AUTO_TEST_SUITE_END()
