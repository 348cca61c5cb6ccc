// SPDX-License-Identifier: MIT
#include "transport/outbox.hpp"

#include "transport/compression.hpp"
#include "transport/inbox.hpp"
#include "transport/record_codec.hpp"
#include "transport/record_delta_codec.hpp"

#include <askr/random.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace askr;
using namespace askr::transport;

// What comes out of the other end, in a form that can be compared.
struct arrival {
  message_kind kind = message_kind::none;
  std::uint64_t number = 0;  // mid or sequence
  std::string name;
  std::string payload;
  std::uint16_t status = 0;
};

class far_end {
 public:
  // The messages that are whole by the end of this record.
  std::vector<arrival> hear(byte_span record) {
    std::vector<arrival> heard;
    for (;;) {
      const auto message = box_.next(record);
      BOOST_REQUIRE(message.ok());
      if (message->kind == message_kind::none) return heard;
      heard.push_back(decode(*message));
    }
  }

 private:
  arrival decode(const opened_message& message) {
    if (message.kind == message_kind::command) {
      const auto got = box_.decode_command(message).value();
      return {message.kind, got.mid, std::string(got.name.text), plain(got.payload)};
    }
    if (message.kind == message_kind::event) {
      const auto got = box_.decode_event(message).value();
      return {message.kind, got.sequence, std::string(got.topic.text), plain(got.payload)};
    }
    if (message.kind == message_kind::reply) {
      const auto got = decode_reply(message).value();
      return {message.kind, got.mid, {}, plain(got.payload), got.status};
    }
    return {message.kind, message.kind == message_kind::cancel ? decode_cancel(message).value() : 0, {}, {}};
  }
  std::string plain(const wire_payload& payload) { return std::string(as_text(box_.plain_bytes(payload).value())); }

  decompressor decompressor_;
  inbox box_{decompressor_};
};

struct wire {
  outbox box;
  far_end far;
  byte_buffer scratch;

  explicit wire(const outbox_options& options = {}, compressor* compressor = nullptr) : box(options, compressor) {}

  std::vector<arrival> record() {
    const auto bytes = box.next_record(scratch);
    BOOST_REQUIRE(bytes.size() <= record_plaintext_bytes_max);
    return far.hear(bytes);
  }
  std::vector<arrival> drain() {
    std::vector<arrival> all;
    while (!box.empty()) {
      for (auto& each : record()) all.push_back(std::move(each));
    }
    return all;
  }
  admission command(std::uint64_t mid, const std::string& payload, std::string_view name = "work") {
    return box.append_command({.mid = mid, .name = name, .payload = {as_bytes(payload)}});
  }
  admission event(std::uint64_t sequence, const std::string& payload) {
    return box.append_event({.topic = "news", .sequence = sequence, .payload = {as_bytes(payload)}});
  }
  admission reply(std::uint64_t mid, const std::string& payload) {
    return box.append_reply({.mid = mid, .payload = {as_bytes(payload)}});
  }
};

const std::string big(100'000, 'b');

std::string random_text(std::size_t bytes) {
  rng random(3);
  std::string text(bytes, '\0');
  for (auto& c : text) c = static_cast<char>(random.next());
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox_suite)

BOOST_AUTO_TEST_CASE(an_empty_outbox_has_no_record) {
  wire w;
  BOOST_TEST(w.box.empty());
  BOOST_TEST(w.box.next_record(w.scratch).empty());
}

BOOST_AUTO_TEST_CASE(one_lane_leaves_without_a_copy) {
  wire w;
  for (std::uint64_t mid = 1; mid <= 3; ++mid) BOOST_TEST((w.command(mid, "x") == admission::queued));
  const auto bytes = w.box.next_record(w.scratch);
  BOOST_TEST(w.scratch.empty());
  const auto heard = w.far.hear(bytes);
  BOOST_REQUIRE(heard.size() == 3u);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(heard[i].number == i + 1);
  BOOST_TEST(w.box.empty());
}

BOOST_AUTO_TEST_CASE(lanes_leave_by_priority) {
  wire w;
  (void)w.command(1, big);
  (void)w.event(2, "e");
  (void)w.command(3, "c");
  (void)w.reply(4, "r");
  (void)w.box.append_ping({1, 0, 0});
  const auto heard = w.drain();
  BOOST_REQUIRE(heard.size() == 5u);
  BOOST_TEST((heard[0].kind == message_kind::ping));
  BOOST_TEST((heard[1].kind == message_kind::reply));
  BOOST_TEST((heard[2].kind == message_kind::command && heard[2].number == 3));
  BOOST_TEST((heard[3].kind == message_kind::event));
  BOOST_TEST((heard[4].kind == message_kind::command && heard[4].number == 1));
  BOOST_TEST(heard[4].payload == big);
  BOOST_TEST(heard[4].name == "work");
}

BOOST_AUTO_TEST_CASE(a_small_command_passes_a_bulk_transfer) {
  wire w;
  (void)w.command(1, std::string(4 << 20, 'b'));
  (void)w.record();
  for (std::uint64_t mid = 2; mid < 20; ++mid) {
    (void)w.command(mid, "small");
    const auto heard = w.record();
    BOOST_REQUIRE(heard.size() == 1u);
    BOOST_TEST(heard[0].number == mid);
  }
  const auto rest = w.drain();
  BOOST_REQUIRE(rest.size() == 1u);
  BOOST_TEST(rest[0].payload.size() == 4u << 20);
}

BOOST_AUTO_TEST_CASE(bulk_gets_one_chunk_a_record_while_others_wait_and_four_when_alone) {
  wire w;
  (void)w.command(1, std::string(1 << 20, 'b'));
  const auto before = w.box.queued_bytes();
  BOOST_TEST(w.box.next_record(w.scratch).size() > 65'000u);
  BOOST_TEST(before - w.box.queued_bytes() > 65'000u);
  (void)w.reply(2, "r");
  const auto mixed = w.box.next_record(w.scratch).size();
  BOOST_TEST((mixed > chunk_bytes_max && mixed < chunk_bytes_max + 100));
}

BOOST_AUTO_TEST_CASE(no_lane_starves) {
  wire w;
  (void)w.command(1'000'000, big);
  (void)w.event(1, "e");
  std::size_t events = 0, bulk = 0, commands = 0, replies = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {  // More than a record of commands and of replies before every record.
    for (std::uint64_t j = 0; j < 10; ++j) {
      (void)w.command(i * 10 + j, std::string(16'000, 'c'));
      (void)w.reply(i * 10 + j, std::string(16'000, 'r'));
    }
    for (const auto& each : w.record()) {
      events += each.kind == message_kind::event;
      bulk += each.number == 1'000'000;
      commands += each.kind == message_kind::command && each.number != 1'000'000;
      replies += each.kind == message_kind::reply;
    }
  }
  BOOST_TEST((events == 1 && bulk == 1));
  BOOST_TEST((commands >= 20 && replies >= 20));
}

BOOST_AUTO_TEST_CASE(events_of_a_topic_stay_in_order_whatever_their_sizes) {
  wire w;
  rng random(11);
  std::uint64_t sent = 0, heard = 0;
  while (heard < 300) {
    for (std::uint64_t i = random.below(4); i > 0 && sent < 300; --i) {
      const std::string payload(random.below(3) == 0 ? random.below(60'000) : random.below(100), 'e');
      BOOST_REQUIRE((w.event(++sent, payload) == admission::queued));
      (void)w.command(sent, std::string(random.below(40'000), 'c'));
    }
    for (const auto& each : w.record()) {
      if (each.kind == message_kind::event) BOOST_REQUIRE(each.number == ++heard);
    }
  }
}

BOOST_AUTO_TEST_CASE(names_survive_every_mix_of_lanes) {
  wire w;
  rng random(5);
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const auto name = "command." + std::to_string(random.below(100));
    const bool large = random.below(50) == 0;
    (void)w.box.append_command({.mid = i, .name = name, .payload = {large ? as_bytes(big) : as_bytes(name)}});
    if (random.below(5) != 0) continue;
    for (const auto& each : w.record()) {
      if (each.payload.size() < 100) BOOST_REQUIRE(each.payload == each.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(above_soft_events_are_dropped_and_commands_refused_but_replies_go) {
  wire w({.bytes_soft = 10'000, .bytes_hard = 20'000});
  while (!w.box.above_soft()) (void)w.command(1, std::string(1'000, 'c'));
  BOOST_TEST((w.event(1, "e") == admission::overloaded));
  BOOST_TEST((w.command(2, "c") == admission::overloaded));
  BOOST_TEST(w.box.events_dropped() == 1u);
  BOOST_TEST((w.reply(3, "r") == admission::queued));
  BOOST_TEST((w.box.append_cancel(1) == admission::queued));
  BOOST_TEST(!w.box.overflowed());
  (void)w.drain();
  BOOST_TEST((w.event(2, "e") == admission::queued));
}

BOOST_AUTO_TEST_CASE(a_large_reply_above_soft_becomes_overloaded) {
  wire w({.bytes_soft = 10'000, .bytes_hard = 1 << 20});
  while (!w.box.above_soft()) (void)w.command(1, std::string(1'000, 'c'));
  BOOST_TEST((w.reply(3, big) == admission::queued));
  const auto heard = w.drain();
  BOOST_TEST((heard[0].number == 3 && heard[0].status == static_cast<int>(errc::overloaded)));
}

BOOST_AUTO_TEST_CASE(above_hard_the_link_has_to_close) {
  wire w({.bytes_soft = 10'000, .bytes_hard = 20'000});
  while (!w.box.overflowed()) {
    const auto taken = w.reply(3, std::string(1'000, 'r'));
    BOOST_TEST((taken == admission::overloaded) == w.box.overflowed());
  }
  BOOST_TEST(w.box.queued_bytes() < 22'000u);
  (void)w.drain();
  BOOST_TEST((w.reply(4, "r") == admission::overloaded));  // A message was lost: it stays so.
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_and_a_reply_says_so) {
  wire w({.message_bytes_max = 1'000});
  const std::string large(1'001, 'x');
  BOOST_TEST((w.command(1, large) == admission::too_large));
  BOOST_TEST((w.event(1, large) == admission::too_large));
  BOOST_TEST((w.reply(7, large) == admission::queued));
  const auto heard = w.drain();
  BOOST_REQUIRE(heard.size() == 1u);
  BOOST_TEST((heard[0].number == 7 && heard[0].status == static_cast<int>(errc::too_large)));
}

BOOST_AUTO_TEST_CASE(a_cancel_follows_its_command_in_either_lane) {
  wire w;
  (void)w.command(1, big);
  (void)w.command(2, "small");
  (void)w.box.append_cancel(1);
  (void)w.box.append_cancel(2);
  bool seen[3] = {};
  std::size_t cancels_in_vain = 0, cancels = 0;
  for (const auto& each : w.drain()) {
    if (each.kind == message_kind::command) seen[each.number] = true;
    if (each.kind != message_kind::cancel) continue;
    ++cancels;
    cancels_in_vain += !seen[each.number];
  }
  BOOST_TEST(cancels == 4u);
  BOOST_TEST(cancels_in_vain == 1u);  // The first of the large command's two.
}

BOOST_AUTO_TEST_CASE(payloads_are_compressed_only_where_it_is_wanted_and_pays) {
  compressor c;
  const auto sent_bytes = [&c](compression_mode mode, bool bottleneck, const std::string& payload,
                               bool secret = false) {
    wire w({.compression = mode}, &c);
    w.box.set_bottleneck(bottleneck);
    (void)w.box.append_event({.topic = "t", .sequence = 1, .secret = secret, .payload = {as_bytes(payload)}});
    const auto bytes = w.box.queued_bytes();
    BOOST_TEST(w.drain().at(0).payload == payload);
    return bytes;
  };
  BOOST_TEST(sent_bytes(compression_mode::off, true, big) > big.size());
  BOOST_TEST(sent_bytes(compression_mode::adaptive, false, big) > big.size());
  BOOST_TEST(sent_bytes(compression_mode::adaptive, true, big) < 1'000u);
  BOOST_TEST(sent_bytes(compression_mode::always, false, big) < 1'000u);
  BOOST_TEST(sent_bytes(compression_mode::always, false, big, true) > big.size());
  const std::string below_min(255, 'b');
  BOOST_TEST(sent_bytes(compression_mode::always, false, below_min) > below_min.size());
  const auto noise = random_text(50'000);
  BOOST_TEST(sent_bytes(compression_mode::always, false, noise) > noise.size());
}

BOOST_AUTO_TEST_CASE(a_payload_compressed_once_serves_many_links) {
  compressor c;
  const auto frame = c.compress(as_bytes(big)).value();
  for (int link = 0; link < 3; ++link) {
    wire w({.compression = compression_mode::always}, &c);
    (void)w.box.append_event({.topic = "t", .sequence = 1, .payload = {frame, encoding::raw, true}});
    BOOST_TEST(w.drain().at(0).payload == big);
  }
}

BOOST_AUTO_TEST_CASE(a_large_message_about_the_view_lets_small_ones_pass_and_arrives) {
  wire w;
  byte_buffer pull;
  write_record_pull(pull, std::vector<node_id>(pulled_records_max));
  byte_buffer rows;
  write_view_rows(rows, {}, std::vector<view_row>(view_rows_max));
  BOOST_REQUIRE(rows.size() > chunk_bytes_max);
  (void)w.box.append_control(rows);
  (void)w.box.append_control(pull);
  (void)w.box.append_ping({1, 0, 0});
  const auto heard = w.drain();
  BOOST_REQUIRE(heard.size() == 3u);
  BOOST_TEST((heard[0].kind == message_kind::ping));
  BOOST_TEST((heard[1].kind == message_kind::view_rows));
  BOOST_TEST((heard[2].kind == message_kind::record_pull));
}

BOOST_AUTO_TEST_CASE(the_largest_message_fits_whatever_waits) {
  wire w;
  const std::vector<std::string> roles(roles_max, std::string(role_bytes_max, 'r'));
  const std::string name(name_bytes_max, 'n');
  const sent_principal who{name, roles};
  const std::string payload(chunk_bytes_max, 'p');
  (void)w.event(1, payload);
  (void)w.command(1, big);
  (void)w.box.append_command({.mid = ~0ull, .name = name, .asked_by = &who, .payload = {as_bytes(payload)}});
  const auto heard = w.record();
  BOOST_REQUIRE(heard.size() == 2u);
  BOOST_TEST(heard[0].name == name);
  BOOST_TEST(w.drain().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
