// SPDX-License-Identifier: MIT
#include "transport/inbox.hpp"

#include "transport/compression.hpp"
#include "transport/msgpack_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace askr;
using namespace askr::transport;

struct fixture {
  decompressor d;
  byte_buffer record;

  // Frames what `write` appends as one message.
  template <class Write>
  void add(Write write) {
    byte_buffer body;
    write(body);
    grow(record, message_head_bytes);
    store_be(record.data() + record.size() - message_head_bytes, static_cast<std::uint16_t>(body.size()));
    append(record, body);
  }
  void add_chunk(std::uint32_t transfer, bool final, byte_span piece) {
    add([&](byte_buffer& body) {
      write_chunk_head(body, transfer, final, piece.size());
      write_raw(body, piece);
    });
  }
  void add_ping(std::uint64_t sent_us) {
    add([&](byte_buffer& body) { write_message(body, ping_message{sent_us, 0, 0}); });
  }
  void add_raw(std::initializer_list<int> bytes) {
    for (const int byte : bytes) record.push_back(static_cast<std::uint8_t>(byte));
  }
};

byte_buffer large_reply(std::size_t payload_bytes) {
  const byte_buffer payload(payload_bytes, 'p');
  byte_buffer body;
  write_head(body, reply_message{.mid = 5, .payload = {payload}});
  append(body, payload);
  return body;
}

// The code of the first failure; `closed` if there was none.
errc read_all(inbox& box, byte_span rest) {
  for (;;) {
    const auto message = box.next(rest);
    if (!message) return message.code();
    if (message->kind == message_kind::none) return errc::closed;
  }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(inbox_suite, fixture)

BOOST_AUTO_TEST_CASE(messages_come_out_in_order) {
  inbox box(d);
  for (std::uint64_t i = 1; i <= 3; ++i) add_ping(i);
  byte_span rest = record;
  for (std::uint64_t i = 1; i <= 3; ++i) BOOST_TEST(decode_ping(box.next(rest).value())->sent_us == i);
  BOOST_TEST((box.next(rest)->kind == message_kind::none));
  BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_CASE(unknown_kinds_are_passed_over_and_counted) {
  inbox box(d);
  add_raw({0, 2, 0x91, 0x0f});
  add_ping(1);
  add_raw({0, 5, 0x92, 0xcd, 0xff, 0xff, 0xc1});
  byte_span rest = record;
  BOOST_TEST((box.next(rest)->kind == message_kind::ping));
  BOOST_TEST((box.next(rest)->kind == message_kind::none));
  BOOST_TEST(box.messages_skipped() == 2u);
}

BOOST_AUTO_TEST_CASE(broken_framing_is_refused) {
  for (const auto& bytes : {byte_buffer{0}, byte_buffer{0, 0}, byte_buffer{0, 2, 0x91},
                            byte_buffer{0xff, 0xff, 0x91, 2}, byte_buffer{0, 1, 0x90}, byte_buffer{0, 2, 0x91, 0xc1}}) {
    inbox box(d);
    BOOST_TEST((read_all(box, bytes) == errc::bad_message));
  }
}

BOOST_AUTO_TEST_CASE(interleaved_transfers_are_put_together) {
  inbox box(d);
  const auto body = large_reply(50'000);
  const byte_span all = body;
  for (std::size_t at = 0; at < body.size(); at += 1'000) {
    const auto piece = all.subspan(at, std::min<std::size_t>(1'000, body.size() - at));
    for (const std::uint32_t transfer : {7u, 9u}) add_chunk(transfer, at + 1'000 >= body.size(), piece);
    if (at == 20'000) add_ping(1);
  }
  byte_span rest = record;
  BOOST_TEST((box.next(rest)->kind == message_kind::ping));
  BOOST_TEST(box.transfers() == 2u);
  for (int i = 0; i < 2; ++i) {
    const auto reply = decode_reply(box.next(rest).value());
    BOOST_REQUIRE(reply.ok());
    BOOST_TEST(reply->payload.bytes.size() == 50'000u);
  }
  BOOST_TEST((box.next(rest)->kind == message_kind::none));
  BOOST_TEST(box.transfers() == 0u);
}

BOOST_AUTO_TEST_CASE(a_chunked_message_may_not_grow_beyond_the_limit) {
  inbox box(d, {.message_bytes_max = 10'000});
  for (int i = 0; i < 20; ++i) add_chunk(1, false, byte_buffer(1'000, 'x'));
  BOOST_TEST((read_all(box, record) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(transfers_at_once_are_bounded_in_number) {
  inbox box(d, {.transfers_max = 4});
  for (std::uint32_t i = 0; i < 4; ++i) add_chunk(i, false, as_bytes("x"));
  BOOST_TEST((read_all(box, record) == errc::closed));
  record.clear();
  add_chunk(4, false, as_bytes("x"));
  BOOST_TEST((read_all(box, record) == errc::overloaded));
}

BOOST_AUTO_TEST_CASE(transfers_at_once_are_bounded_in_bytes_and_finished_ones_do_not_count) {
  inbox box(d, {.transfer_bytes_max = 60'000});
  for (int i = 0; i < 10; ++i) add_chunk(1, true, large_reply(30'000));
  BOOST_TEST((read_all(box, record) == errc::closed));
  record.clear();
  for (std::uint32_t i = 0; i < 7; ++i) add_chunk(i, false, byte_buffer(10'000, 'x'));
  BOOST_TEST((read_all(box, record) == errc::overloaded));
}

BOOST_AUTO_TEST_CASE(chunks_of_nothing_and_chunks_of_chunks_are_refused) {
  inbox empty(d);
  add_chunk(1, false, {});
  BOOST_TEST((read_all(empty, record) == errc::bad_message));

  byte_buffer inner;
  write_chunk_head(inner, 2, true, 1);
  inner.push_back('x');
  record.clear();
  add_chunk(1, true, inner);
  inbox nested(d);
  BOOST_TEST((read_all(nested, record) == errc::bad_message));

  record.clear();
  add_chunk(1, true, as_bytes("\xc0"));
  inbox nonsense(d);
  BOOST_TEST((read_all(nonsense, record) == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(commands_and_topics_are_numbered_apart) {
  inbox box(d);
  const interned_name definition{interned_name::form::definition, 0, "first"};
  const interned_name number{interned_name::form::number, 0, {}};
  const auto add_event = [this](const interned_name& name) {
    add([&](byte_buffer& body) { write_head(body, sent_event{}, name); });
  };
  add([&](byte_buffer& body) { write_head(body, sent_command{}, definition); });
  add([&](byte_buffer& body) { write_head(body, sent_command{}, number); });
  add_event(number);
  byte_span rest = record;
  BOOST_TEST(box.decode_command(box.next(rest).value())->name.text == "first");
  const auto second = box.decode_command(box.next(rest).value());
  BOOST_TEST((second->name.text == "first" && second->name.id == 0));
  BOOST_TEST(!box.decode_event(box.next(rest).value()).ok());
}

BOOST_AUTO_TEST_CASE(a_payload_is_opened_on_demand_and_within_the_limit) {
  compressor c;
  const std::string payload(5'000, 'z');
  const wire_payload packed{c.compress(as_bytes(payload)).value(), encoding::raw, true};
  inbox roomy(d);
  BOOST_TEST(as_text(roomy.plain_bytes(packed).value()) == payload);
  BOOST_TEST(as_text(roomy.plain_bytes({as_bytes("as it is")}).value()) == "as it is");
  inbox narrow(d, {.message_bytes_max = 4'999});
  BOOST_TEST((narrow.plain_bytes(packed).code() == errc::too_large));
  BOOST_TEST((roomy.plain_bytes({as_bytes("not a frame"), encoding::raw, true}).code() == errc::bad_payload));
}

BOOST_AUTO_TEST_SUITE_END()
