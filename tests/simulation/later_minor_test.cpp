// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/later_minor.hpp"

#include "transport/wire_codec.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(later_minor)

namespace {

using namespace askr;
using namespace askr::simulated;

void add(byte_buffer& record, byte_span body) {
  record.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  record.push_back(static_cast<std::uint8_t>(body.size()));
  append(record, body);
}

std::vector<byte_buffer> bodies(byte_span record) {
  std::vector<byte_buffer> all;
  while (!record.empty()) {
    const auto bytes = std::size_t{record[0]} << 8 | record[1];
    BOOST_REQUIRE(record.size() >= bytes + 2);
    const auto body = record.subspan(2, bytes);
    all.emplace_back(body.begin(), body.end());
    record = record.subspan(bytes + 2);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_said_has_a_field_more_and_is_followed_by_what_nobody_knows) {
  byte_buffer ping, record, out;
  transport::write_message(ping, transport::ping_message{.sent_us = 7, .echo_us = 6, .held_us = 5});
  add(record, ping);
  write_as_later_minor(record, out);
  const auto said = bodies(out);
  BOOST_REQUIRE_EQUAL(said.size(), 2);
  BOOST_TEST(said[0].size() == ping.size() + 1);
  const auto opened = transport::open_message(said[0]);
  BOOST_REQUIRE(opened.ok());
  BOOST_TEST(transport::decode_ping(*opened)->sent_us == 7);
  const auto unknown = transport::open_message(said[1]);
  BOOST_REQUIRE(unknown.ok());
  BOOST_TEST((unknown->kind == transport::message_kind::none));
}

BOOST_AUTO_TEST_CASE(an_array_of_fifteen_fields_gets_another_head_and_a_full_record_stays_as_it_is) {
  byte_buffer fifteen{0x9f}, record, out;
  for (int i = 0; i < 15; ++i) fifteen.push_back(14);
  add(record, fifteen);
  write_as_later_minor(record, out);
  const auto said = bodies(out);
  BOOST_TEST((said[0][0] == 0xdc && said[0][1] == 0 && said[0][2] == 16));
  BOOST_TEST(said[0].size() == fifteen.size() + 3);

  byte_buffer full(65'517, 0x0e), same;
  full[0] = 0x92;
  record.clear();
  add(record, full);
  write_as_later_minor(record, same);
  BOOST_TEST((same == record));
}

BOOST_AUTO_TEST_SUITE_END()
