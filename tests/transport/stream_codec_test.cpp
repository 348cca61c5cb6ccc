// SPDX-License-Identifier: MIT
#include "transport/stream_codec.hpp"

#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/msgpack_writer.hpp"
#include "transport/outbox.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(stream_codec)

namespace {

using namespace askr;
using namespace askr::transport;

/// A body of the given kind and unsigned fields.
byte_buffer body_of(std::uint8_t kind, const std::vector<std::uint64_t>& fields) {
  byte_buffer body;
  write_array_header(body, fields.size() + 1);
  write_uint(body, kind);
  for (const auto each : fields) write_uint(body, each);
  return body;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_part_and_a_credit_are_what_they_were) {
  byte_buffer body;
  const byte_buffer data{1, 2, 3};
  write_head(body, part_message{.mid = 7, .number = 300, .payload = {.bytes = data, .kind = encoding::raw}});
  write_raw(body, data);
  const auto part = decode_part(*open_message(body));
  BOOST_REQUIRE(part.ok());
  BOOST_TEST(part->mid == 7);
  BOOST_TEST(part->number == 300);
  BOOST_TEST((part->payload.kind == encoding::raw));
  BOOST_TEST(part->payload.bytes.size() == 3);

  body.clear();
  write_message(body, credit_message{.mid = UINT64_MAX, .bytes = UINT32_MAX});
  const auto credit = decode_credit(*open_message(body));
  BOOST_REQUIRE(credit.ok());
  BOOST_TEST(credit->mid == UINT64_MAX);
  BOOST_TEST(credit->bytes == UINT32_MAX);
}

BOOST_AUTO_TEST_CASE(what_is_short_or_out_of_range_is_refused_and_later_fields_are_passed_over) {
  BOOST_TEST(!decode_credit(*open_message(body_of(20, {1}))).ok());
  BOOST_TEST(!decode_credit(*open_message(body_of(20, {1, 0}))).ok());
  BOOST_TEST(!decode_credit(*open_message(body_of(20, {1, std::uint64_t{1} << 32}))).ok());
  BOOST_TEST(decode_credit(*open_message(body_of(20, {1, 2, 3, 4}))).ok());
  BOOST_TEST(!decode_part(*open_message(body_of(19, {1, 1, 0}))).ok());
  auto without_number = body_of(19, {1, 0, 0});
  without_number[0] = 0x95;
  write_bin(without_number, {});
  BOOST_TEST(!decode_part(*open_message(without_number)).ok());
}

BOOST_AUTO_TEST_CASE(parts_of_all_sizes_and_the_reply_behind_them_stay_in_order) {
  outbox box;
  const byte_buffer large(50'000, 'x'), small(5, 'y');
  for (std::uint64_t number = 1; number <= 6; ++number) {
    const byte_span data = number % 2 == 0 ? large : small;
    BOOST_REQUIRE((box.append_part({.mid = 1, .number = number, .payload = {.bytes = data}}) == admission::queued));
  }
  reply_message last{.mid = 1, .payload = {.bytes = large}};
  last.behind_parts = true;
  BOOST_REQUIRE((box.append_reply(last) == admission::queued));
  std::string order;
  decompressor opener;
  inbox far(opener);
  byte_buffer scratch;
  for (auto record = box.next_record(scratch); !record.empty(); record = box.next_record(scratch)) {
    for (;;) {
      const auto message = far.next(record);
      BOOST_REQUIRE(message.ok());
      if (message->kind == message_kind::none) break;
      order += message->kind == message_kind::part ? std::to_string(decode_part(*message)->number) : "r";
    }
  }
  BOOST_TEST(order == "123456r");
}

BOOST_AUTO_TEST_SUITE_END()
