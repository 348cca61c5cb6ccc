// SPDX-License-Identifier: MIT
#include "transport/event_codec.hpp"

#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/msgpack_writer.hpp"
#include "transport/outbox.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::transport;

template <class Message>
byte_buffer body_of(const Message& message) {
  byte_buffer body;
  write_message(body, message);
  return body;
}

template <class Decode>
auto decoded(const byte_buffer& body, Decode decode) {
  return decode(open_message(body).value());
}

// No prefix of a message is one, and what a later minor appends is passed over.
template <class Decode>
void check_edges(const byte_buffer& body, Decode decode) {
  for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
    const auto opened = open_message(byte_span(body).first(bytes));
    BOOST_TEST((!opened.ok() || !decode(*opened).ok()));
  }
  byte_buffer longer(body), behind(body);
  ++longer.front();  // A fixarray of one more,
  write_str(longer, "from a later minor");
  BOOST_TEST(decoded(longer, decode).ok());
  behind.push_back(0);
  BOOST_TEST(!decoded(behind, decode).ok());
}

// Everything that the far end reads from this outbox, message by message.
template <class Visit>
void hear_all(outbox& box, Visit visit) {
  decompressor opener;
  inbox far(opener);
  byte_buffer scratch;
  for (auto record = box.next_record(scratch); !record.empty(); record = box.next_record(scratch)) {
    for (;;) {
      const auto message = far.next(record);
      BOOST_REQUIRE(message.ok());
      if (message->kind == message_kind::none) break;
      visit(far, *message);
    }
  }
}

const std::vector<std::pair<std::uint64_t, std::uint64_t>> bad_ranges = {
    {0, 1}, {2, 1}, {1, sequence_max + 1}, {1ULL << 63U, ~0ULL}, {~0ULL, ~0ULL}};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_codec)

BOOST_AUTO_TEST_CASE(ranges_come_back_as_they_were) {
  const auto skipped_body = body_of(skipped_message{"a.b", 3, 9});
  const auto skipped = decoded(skipped_body, decode_skipped).value();
  BOOST_TEST((skipped.topic == "a.b" && skipped.from == 3 && skipped.to == 9));
  const auto pull_body = body_of(pull_message{7, "t", 1, sequence_max});
  const auto pull = decoded(pull_body, decode_pull).value();
  BOOST_TEST((pull.request == 7 && pull.topic == "t" && pull.from == 1 && pull.to == sequence_max));
  const auto gap_body = body_of(gap_message{0, "t", 5, 5});
  const auto gap = decoded(gap_body, decode_gap).value();
  BOOST_TEST((gap.request == 0 && gap.topic == "t" && gap.from == 5 && gap.to == 5));
}

BOOST_AUTO_TEST_CASE(heads_come_back_as_they_were) {
  const std::vector<topic_head> rows{{"a", 1}, {"b.c", 70'000}};
  const auto heads_body = body_of(heads_message{rows});
  const auto heads = decoded(heads_body, decode_heads).value();
  BOOST_REQUIRE_EQUAL(heads.last.size(), 2);
  BOOST_TEST((heads.last[1].topic == "b.c" && heads.last[1].sequence == 70'000));
  const auto applied_body = body_of(interest_applied_message{12, false, rows});
  const auto applied = decoded(applied_body, decode_interest_applied).value();
  BOOST_TEST((applied.interest == 12 && !applied.complete && applied.next.size() == 2));
  BOOST_TEST((applied.next[0].topic == "a" && applied.next[0].sequence == 1));
}

BOOST_AUTO_TEST_CASE(every_message_keeps_the_rules_for_later_versions) {
  const std::vector<topic_head> rows{{"a", 1}};
  check_edges(body_of(skipped_message{"t", 3, 9}), decode_skipped);
  check_edges(body_of(pull_message{7, "t", 1, 2}), decode_pull);
  check_edges(body_of(gap_message{7, "t", 1, 2}), decode_gap);
  check_edges(body_of(heads_message{rows}), decode_heads);
  check_edges(body_of(interest_applied_message{1, true, rows}), decode_interest_applied);
}

BOOST_AUTO_TEST_CASE(ranges_that_are_none_are_refused) {
  for (const auto& [from, to] : bad_ranges) {
    BOOST_TEST(!decoded(body_of(skipped_message{"t", from, to}), decode_skipped).ok());
    BOOST_TEST(!decoded(body_of(pull_message{1, "t", from, to}), decode_pull).ok());
    BOOST_TEST(!decoded(body_of(gap_message{1, "t", from, to}), decode_gap).ok());
  }
}

BOOST_AUTO_TEST_CASE(topics_that_are_no_names_are_refused) {
  for (const std::string topic : {"", "two words", "\x01", "\xff"}) {
    BOOST_TEST(!decoded(body_of(skipped_message{topic, 1, 1}), decode_skipped).ok());
    BOOST_TEST(!decoded(body_of(pull_message{1, topic, 1, 1}), decode_pull).ok());
    const std::vector<topic_head> rows{{topic, 1}};
    BOOST_TEST(!decoded(body_of(heads_message{rows}), decode_heads).ok());
  }
}

BOOST_AUTO_TEST_CASE(past_and_relayed_events_share_the_numbers_of_events) {
  outbox box;
  const auto text = as_bytes("payload");
  node_id origin;
  origin.bytes.fill(9);
  using enum admission;
  BOOST_TEST((box.append_event({.topic = "t", .sequence = 4, .payload = {.bytes = text}}) == queued));
  BOOST_TEST(
      (box.append_past_event({.request = 8, .topic = "t", .sequence = 2, .payload = {.bytes = text}}) == queued));
  BOOST_TEST((box.append_relayed_event({.origin = origin,
                                        .life = 77,
                                        .topic = "t",
                                        .sequence = 5,
                                        .hops_left = 7,
                                        .payload = {.bytes = text, .kind = encoding::raw}}) == queued));
  std::string heard;
  hear_all(box, [&](inbox& far, const opened_message& message) {
    if (message.kind == message_kind::event) {
      const auto got = far.decode_event(message).value();
      heard += "event " + std::string(got.topic.text) + std::to_string(got.topic.id) + "; ";
    } else if (message.kind == message_kind::past_event) {
      const auto got = far.decode_past_event(message).value();
      BOOST_TEST((got.request == 8 && got.sequence == 2 && as_text(got.payload.bytes) == "payload"));
      heard += "past " + std::string(got.topic.text) + std::to_string(got.topic.id) + "; ";
    } else {
      const auto got = far.decode_relayed_event(message).value();
      BOOST_TEST((got.origin == origin && got.life == 77 && got.sequence == 5 && got.hops_left == 7));
      BOOST_TEST((got.payload.kind == encoding::raw));
      heard += "relayed " + std::string(got.topic.text) + std::to_string(got.topic.id) + "; ";
    }
  });
  BOOST_TEST(heard == "event t0; past t0; relayed t0; ");
}

BOOST_AUTO_TEST_CASE(an_event_without_a_sequence_is_refused) {
  for (const std::uint64_t sequence : {std::uint64_t{0}, sequence_max + 1, ~std::uint64_t{0}}) {
    received_names names;
    byte_buffer past, relayed;
    const interned_name topic{.text = "t"};
    write_head(past, past_event{.request = 1, .topic = "t", .sequence = sequence}, topic);
    BOOST_TEST(!decode_past_event(open_message(past).value(), names).ok());
    write_head(relayed, relayed_event{.topic = "t", .sequence = sequence}, topic);
    BOOST_TEST(!decode_relayed_event(open_message(relayed).value(), names).ok());
  }
}

BOOST_AUTO_TEST_CASE(many_rows_travel_in_several_messages_and_the_last_is_complete) {
  std::vector<std::string> topics;
  for (int i = 0; i < 3'000; ++i) topics.push_back("a.rather.long.topic.for.a.test." + std::to_string(i));
  std::vector<topic_head> rows;
  for (const auto& each : topics) rows.push_back({each, rows.size() + 1});
  outbox box;
  BOOST_TEST((box.append_interest_applied(5, rows) == admission::queued));
  BOOST_TEST((box.append_interest_applied(6, {}) == admission::queued));
  BOOST_TEST((box.append_heads(rows) == admission::queued));
  std::vector<std::size_t> complete;
  std::size_t next = 0, last = 0;
  hear_all(box, [&](inbox&, const opened_message& message) {
    if (message.kind == message_kind::heads) {
      const auto got = decode_heads(message).value();
      for (const auto& each : got.last) BOOST_TEST(each.topic == topics[last++]);
      return;
    }
    const auto got = decode_interest_applied(message).value();
    for (const auto& each : got.next) BOOST_TEST(each.topic == topics[next++]);
    if (got.complete) complete.push_back(got.interest);
  });
  BOOST_TEST((next == 3'000 && last == 3'000));
  BOOST_TEST(complete == (std::vector<std::size_t>{5, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
