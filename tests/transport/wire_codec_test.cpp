// SPDX-License-Identifier: MIT
#include "transport/wire_codec.hpp"

#include "transport/msgpack_writer.hpp"
#include "transport/name_table.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::transport;

template <class Message, class... Name>
byte_buffer encode_with_payload(const Message& message, const Name&... name) {
  byte_buffer body;
  write_head(body, message, name...);
  write_raw(body, message.payload.bytes);
  return body;
}

template <class Message>
byte_buffer encode_control(const Message& message) {
  byte_buffer body;
  write_message(body, message);
  return body;
}

opened_message open(const byte_buffer& body) {
  const auto message = open_message(body);
  BOOST_REQUIRE(message.ok());
  return *message;
}

std::string text_of(byte_span bytes) { return std::string(as_text(bytes)); }

byte_buffer bytes_of(std::initializer_list<int> list) {
  byte_buffer bytes;
  for (const int byte : list) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

sent_command full_command(const sent_principal& who) {
  return {.mid = 0x1122334455667788,
          .name = "fetch",
          .remaining = milliseconds(2'500),
          .depth = 3,
          .idempotent = true,
          .asked_by = &who,
          .payload = {as_bytes("payload"), encoding::json, true}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_codec)

BOOST_AUTO_TEST_CASE(a_command_keeps_every_field) {
  const std::vector<std::string> roles = {"operator", "viewer"};
  const sent_principal who{"laptop", roles};
  const auto body = encode_with_payload(full_command(who), interned_name{.text = "fetch"});
  received_names names;
  const auto got = decode_command(open(body), names);
  BOOST_REQUIRE(got.ok());
  BOOST_TEST(got->mid == 0x1122334455667788u);
  BOOST_TEST(got->name.text == "fetch");
  BOOST_TEST(got->name.id == no_name_id);
  BOOST_TEST(got->remaining.count() == 2'500);
  BOOST_TEST(got->depth == 3);
  BOOST_TEST(got->idempotent);
  BOOST_TEST(!got->by_node);
  BOOST_TEST(got->asked_by.name == "laptop");
  BOOST_TEST(got->asked_by.roles.to_vector() == roles, boost::test_tools::per_element());
  BOOST_TEST(text_of(got->payload.bytes) == "payload");
  BOOST_TEST((got->payload.kind == encoding::json && got->payload.compressed));
}

BOOST_AUTO_TEST_CASE(a_command_of_the_node_itself_has_these_bytes) {
  const sent_command command{.mid = 1, .name = "fetch", .remaining = 10s, .payload = {as_bytes("\xc0")}};
  const auto body = encode_with_payload(command, interned_name{interned_name::form::number, 5, "fetch"});
  const auto expected = bytes_of({0x99, 0x10, 0x01, 0x05, 0xcd, 0x27, 0x10, 0x00, 0x00, 0xc0, 0x00, 0xc4, 0x01, 0xc0});
  BOOST_TEST(body == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(remaining_time_is_clamped_to_what_the_field_holds) {
  received_names names;
  for (const auto& [given, expected] : {std::pair{milliseconds(-5), 0LL}, {milliseconds(1LL << 40), (1LL << 32) - 1}}) {
    const sent_command command{.name = "x", .remaining = given};
    const auto got = decode_command(open(encode_with_payload(command, interned_name{.text = "x"})), names);
    BOOST_REQUIRE(got.ok());
    BOOST_TEST(got->remaining.count() == expected);
    BOOST_TEST(got->by_node);
  }
}

BOOST_AUTO_TEST_CASE(a_name_is_defined_once_and_then_a_number) {
  sent_names sent;
  received_names received;
  for (const auto* name : {"fetch", "start", "fetch", "start"}) {
    const sent_command command{.name = name};
    const auto got = decode_command(open(encode_with_payload(command, sent.intern(name))), received);
    BOOST_REQUIRE(got.ok());
    BOOST_TEST(got->name.text == name);
    BOOST_TEST(got->name.id == (name == std::string("fetch") ? 0u : 1u));
  }
  BOOST_TEST(sent.size() == 2u);
  BOOST_TEST(received.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_full_name_table_falls_back_to_text) {
  sent_names sent;
  received_names received;
  for (std::size_t i = 0; i < names_max + 10; ++i) {
    const auto name = "topic." + std::to_string(i);
    const sent_event event{.topic = name, .sequence = i};
    const auto body = encode_with_payload(event, sent.intern(name));
    const auto got = decode_event(open(body), received);
    BOOST_REQUIRE(got.ok());
    BOOST_REQUIRE(got->topic.text == name);
    BOOST_REQUIRE(got->topic.id == (i < names_max ? i : no_name_id));
  }
  BOOST_TEST((sent.intern("topic.4095").as == interned_name::form::number));
}

BOOST_AUTO_TEST_CASE(bad_definitions_of_names_are_refused) {
  using form = interned_name::form;
  const std::string long_name(name_bytes_max + 1, 'n');
  const std::vector<interned_name> bad = {
      {form::definition, 0, "again"},
      {form::definition, 2, "out of order"},
      {form::number, 1, ""},
      {form::definition, 1, ""},
      {form::definition, 1, long_name},
      {form::definition, 1, "bell\a"},
      {form::definition, 1, "\xff"},
      {form::text, 0, ""},
      {form::text, 0, long_name},
      {form::text, 0, "\xc2\x85"},
  };
  received_names names;
  BOOST_REQUIRE(names.define(0, "first"));
  for (const auto& name : bad) {
    const auto got = decode_event(open(encode_with_payload(sent_event{}, name)), names);
    BOOST_TEST(!got.ok());
    BOOST_TEST(names.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_reply_is_a_value_or_an_error) {
  const auto value = encode_with_payload(reply_message{.mid = 9, .payload = {as_bytes("\x2a")}});
  const auto got_value = decode_reply(open(value));
  BOOST_REQUIRE(got_value.ok());
  BOOST_TEST(got_value->ok());
  BOOST_TEST(got_value->mid == 9u);
  BOOST_TEST(text_of(got_value->payload.bytes) == "\x2a");

  const auto failure = encode_with_payload(reply_message::failed(9, errc::handler_failed, "it broke", true));
  const auto got_failure = decode_reply(open(failure));
  BOOST_REQUIRE(got_failure.ok());
  BOOST_TEST(!got_failure->ok());
  BOOST_TEST((got_failure->code() == errc::handler_failed));
  BOOST_TEST(got_failure->detail == "it broke");
  BOOST_TEST(got_failure->maybe_executed);
}

BOOST_AUTO_TEST_CASE(sentences_are_cut_between_characters) {
  std::string detail(text_bytes_max - 1, 'x');
  detail += "\xc3\xa9\xc3\xa9";
  const auto cut = decode_reply(open(encode_with_payload(reply_message::failed(1, errc::denied, detail))));
  BOOST_REQUIRE(cut.ok());
  BOOST_TEST(cut->detail.size() == text_bytes_max - 1);
  const auto broken_body = encode_with_payload(reply_message::failed(1, errc::denied, "\xff\xfe"));
  const auto broken = decode_reply(open(broken_body));
  BOOST_REQUIRE(broken.ok());
  BOOST_TEST(broken->detail == "(not UTF-8)");
}

BOOST_AUTO_TEST_CASE(control_messages_keep_every_field) {
  const auto ping = decode_ping(open(encode_control(ping_message{1, 2, 1ull << 60})));
  BOOST_REQUIRE(ping.ok());
  BOOST_TEST((ping->sent_us == 1 && ping->echo_us == 2 && ping->held_us == 1ull << 60));

  const auto bye_body = encode_control(bye_message{errc::duplicate_identity, "newer one"});
  const auto bye = decode_bye(open(bye_body));
  BOOST_REQUIRE(bye.ok());
  BOOST_TEST((bye->code == errc::duplicate_identity && bye->text == "newer one"));

  byte_buffer cancel;
  write_cancel(cancel, 77);
  BOOST_TEST(decode_cancel(open(cancel)).value() == 77u);
}

BOOST_AUTO_TEST_CASE(a_ping_is_small) { BOOST_TEST(encode_control(ping_message{~0ull, ~0ull, ~0ull}).size() <= 40u); }

BOOST_AUTO_TEST_CASE(a_later_minor_may_append_to_a_ping_with_and_without_a_root) {
  for (const bool with_root : {false, true}) {
    ping_message ping{1, 2, 3, std::nullopt};
    if (with_root) ping.root = std::array<std::uint8_t, 16>{7};
    auto body = encode_control(ping);
    for (int more = 0; more < 2; ++more) {
      ++body[0];
      body.push_back(more == 0 ? 0xc0 : 7);
      const auto got = decode_ping(open(body));
      BOOST_REQUIRE(got.ok());
      BOOST_TEST((got->root == ping.root && got->held_us == 3));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_ping_may_carry_the_digest_of_the_view) {
  ping_message ping{1, 2, 3, std::array<std::uint8_t, 16>{7, 8, 9}};
  const auto body = encode_control(ping);
  BOOST_TEST(body.size() <= 40u);
  const auto got = decode_ping(open(body));
  BOOST_REQUIRE(got.ok());
  BOOST_TEST((got->root == ping.root && got->held_us == 3u));
  auto short_root = bytes_of({0x95, 0x02, 0x01, 0x02, 0x03, 0xc4, 0x02, 0x01, 0x02});
  BOOST_TEST(!decode_ping(open(short_root)).ok());
}

BOOST_AUTO_TEST_CASE(a_link_is_wanted_or_not) {
  for (const bool wanted : {true, false}) {
    byte_buffer body;
    write_link_wanted(body, wanted);
    BOOST_TEST(decode_link_wanted(open(body)).value() == wanted);
  }
}

BOOST_AUTO_TEST_CASE(where_the_other_side_is_seen_is_told) {
  byte_buffer body;
  write_observed(body, "[fd00::1]:40312");
  BOOST_TEST(decode_observed(open(body)).value() == "[fd00::1]:40312");
  auto number = bytes_of({0x92, 0x0a, 0x01});
  BOOST_TEST(!decode_observed(open(number)).ok());
}

BOOST_AUTO_TEST_CASE(fields_of_later_versions_are_passed_over) {
  auto body = encode_control(ping_message{1, 2, 3, std::array<std::uint8_t, 16>{}});
  BOOST_REQUIRE(body[0] == 0x95);
  body[0] = 0x97;
  append(body, bytes_of({0x81, 0xa1, 'k', 0x92, 0x01, 0x02, 0xc0}));
  const auto got = decode_ping(open(body));
  BOOST_REQUIRE(got.ok());
  BOOST_TEST(got->held_us == 3u);
}

BOOST_AUTO_TEST_CASE(unknown_kinds_are_seen_as_none) {
  for (const auto& body : {bytes_of({0x91, 0x0f}), bytes_of({0x92, 0xcd, 0x01, 0x10, 0xc0}), bytes_of({0x91, 0x00})}) {
    BOOST_TEST((open(body).kind == message_kind::none));
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_a_message_is_refused) {
  for (const auto& body : {bytes_of({}), bytes_of({0x90}), bytes_of({0x80}), bytes_of({0x91}), bytes_of({0x91, 0xc0}),
                           bytes_of({0xdd, 0xff, 0xff, 0xff, 0xff, 0x10}), bytes_of({0xdc, 0x10})}) {
    BOOST_TEST(!open_message(body).ok());
  }
}

// Every decoder, each of its inputs cut off at every byte, and with a byte too many.
BOOST_AUTO_TEST_CASE(cut_or_padded_messages_are_refused) {
  const std::vector<std::string> roles = {"operator"};
  const sent_principal who{"laptop", roles};
  std::vector<byte_buffer> bodies = {
      encode_with_payload(full_command(who), interned_name{interned_name::form::definition, 0, "fetch"}),
      encode_with_payload(sent_event{.payload = {as_bytes("x")}}, interned_name{.text = "t"}),
      encode_with_payload(reply_message::failed(1, errc::denied, "no")),
      encode_control(ping_message{}),
      encode_control(bye_message{}),
      encode_control(ping_message{.root = std::array<std::uint8_t, 16>{}}),
      {},
      {},
  };
  write_cancel(bodies[6], 7);
  write_link_wanted(bodies[7], true);
  const auto accepted = [](const opened_message& message) {
    received_names names;
    switch (message.kind) {
      case message_kind::command:
        return decode_command(message, names).ok();
      case message_kind::event:
        return decode_event(message, names).ok();
      case message_kind::reply:
        return decode_reply(message).ok();
      case message_kind::ping:
        return decode_ping(message).ok();
      case message_kind::bye:
        return decode_bye(message).ok();
      case message_kind::cancel:
        return decode_cancel(message).ok();
      case message_kind::link_wanted:
        return decode_link_wanted(message).ok();
      default:
        return false;
    }
  };
  for (auto body : bodies) {
    BOOST_TEST(accepted(open(body)));
    for (std::size_t bytes = 2; bytes < body.size(); ++bytes) {
      const byte_buffer cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(bytes));
      BOOST_TEST(!accepted(open(cut)));
    }
    body.push_back(0xc0);
    BOOST_TEST(!accepted(open(body)));
  }
}

BOOST_AUTO_TEST_CASE(fields_out_of_range_are_refused) {
  received_names names;
  // depth 256 · encoding 3 · encoding 8 · remaining 2^32
  for (const auto& body :
       {bytes_of({0x99, 0x10, 1, 0xa1, 'x', 1, 0xcd, 0x01, 0x00, 0, 0xc0, 0, 0xc4, 0}),
        bytes_of({0x99, 0x10, 1, 0xa1, 'x', 1, 0, 0, 0xc0, 3, 0xc4, 0}),
        bytes_of({0x99, 0x10, 1, 0xa1, 'x', 1, 0, 0, 0xc0, 8, 0xc4, 0}),
        bytes_of({0x99, 0x10, 1, 0xa1, 'x', 0xcf, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0xc4, 0})}) {
    BOOST_TEST(!decode_command(open(body), names).ok());
  }
}

BOOST_AUTO_TEST_SUITE_END()
