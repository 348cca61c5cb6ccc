// SPDX-License-Identifier: MIT
// Mistakes that other systems have made and published, each tried on askr: docs/security.md lists them all, with those
// whose test stands elsewhere under the same kind of name.
#include "tests/support/core_network.hpp"
#include "tests/transport/websocket/wire.hpp"
#include "transport/compression.hpp"
#include "transport/http.hpp"
#include "transport/link.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <map>
#include <numeric>

namespace askr::transport {
namespace {

namespace ws = askr::websocket::test;
using askr::test::core_network;

constexpr time_point begin = time_point(seconds(1000));
constexpr std::size_t one_mib = 1 << 20;
const entropy random_source{};
const auto own = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 1)));
const auto other = crypto::identity::from_seed(crypto::secret<32>(byte_buffer(32, 2)));
const auto workspace =
    std::make_shared<const crypto::keyring>(crypto::workspace_keys::derive(as_bytes("the secret"), "lab"));

link made(role side) {
  return {{}, side, {side == role::initiator ? own : other, workspace, {.name = "n"}}, random_source, begin};
}

byte_buffer taken_from(link& from) {
  byte_buffer bytes(from.output().begin(), from.output().end());
  from.consume(bytes.size());
  return bytes;
}

void give(link& to, byte_span bytes) {
  byte_buffer scratch(bytes.begin(), bytes.end());
  to.on_bytes(begin, scratch);
}

/// Two sides of which so many messages have been delivered, and all that they said.
struct handshake {
  explicit handshake(std::size_t given) {
    said.push_back(taken_from(initiator));
    for (std::size_t i = 0; i < given; ++i) {
      auto& to = i % 2 == 0 ? responder : initiator;
      give(to, said[i]);
      said.push_back(taken_from(to));
    }
  }
  link initiator = made(role::initiator), responder = made(role::responder);
  std::vector<byte_buffer> said;
};

/// A client that has been upgraded and has shown nothing yet.
struct unadmitted_session {
  explicit unadmitted_session(bool deflate = false) {
    options.handshake.deflate = deflate;
    feed(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    BOOST_REQUIRE(under_test.upgraded());
    (void)written();
  }
  void feed(std::string_view text) {
    byte_buffer piece;
    append(piece, as_bytes(text));
    under_test.on_bytes(begin, piece);
    while (under_test.next()) ++messages;
  }
  std::string written() {
    std::string all;
    while (!under_test.output().empty()) {
      all += as_text(under_test.output());
      under_test.consume(under_test.output().size());
    }
    return all;
  }

  session_options options;
  websocket::deflate_context deflate_state;
  session under_test{options, random_source, deflate_state, {"127.0.0.1", true, begin}};
  std::size_t messages = 0;
};

errc code_of(byte_span packed) {
  const auto checked = check_msgpack(packed);
  return checked ? errc{} : checked.code();
}

byte_buffer repeated(std::initializer_list<std::uint8_t> unit, std::size_t bytes) {
  byte_buffer out;
  while (out.size() < bytes) out.insert(out.end(), unit);
  return out;
}

/// One message of each kind that has a list, text or payload: its fields up to there, then a header that claims
/// 2^32 - 1 of something, then a few bytes.
std::vector<byte_buffer> messages_that_claim_too_much() {
  std::vector<byte_buffer> all;
  for (const int kind : {1, 3, 6, 7, 8, 9, 10, 12, 13, 16, 17, 19, 32, 33, 34, 35, 36, 37, 38, 39}) {
    for (const std::size_t fields : {0, 1, 3, 5, 8}) {
      for (const std::uint8_t tag : {0xdd, 0xdf, 0xdb}) {
        byte_buffer body;
        write_array_header(body, 12);
        write_uint(body, static_cast<std::uint64_t>(kind));
        for (std::size_t i = 0; i < fields; ++i) write_uint(body, 1);
        body.insert(body.end(), {tag, 0xff, 0xff, 0xff, 0xff});
        body.insert(body.end(), 10, std::uint8_t{0x01});
        all.push_back(std::move(body));
      }
    }
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(advisories)

BOOST_AUTO_TEST_CASE(advisory_01_a_bomb_before_authentication_meets_the_limit_of_a_stranger) {
  websocket::deflate_context maker;
  const std::string zeros(one_mib, '\0');
  for (const std::size_t bytes : {std::size_t{13} << 10, one_mib, 64 * one_mib}) {
    const auto bomb = maker.compress(as_bytes(std::string(bytes, '\0')), 15);
    BOOST_REQUIRE(bomb.has_value());
    unadmitted_session client(true);
    client.feed(ws::frame(0xc2, as_text(*bomb)));
    BOOST_TEST(client.messages == 0u);
    BOOST_TEST(ws::to_text(ws::read_frames(client.written())).starts_with("close:1009"));
  }
  compressor zstd;  // At the doors that know no compression it is garbage.
  const auto frame = zstd.compress(as_bytes(zeros));
  BOOST_REQUIRE(frame.has_value());
  auto peer = made(role::responder);
  give(peer, frame->first(std::min<std::size_t>(frame->size(), 4'096)));
  BOOST_TEST((peer.state() == link_state::closed));
  http::head_parser head;
  (void)head.on_bytes(*frame);
  BOOST_TEST(!head.complete());
}

BOOST_AUTO_TEST_CASE(advisory_02_lengths_without_sense_end_the_connection_before_anything_is_kept) {
  for (const std::uint64_t length : {~0ULL, 1ULL << 63, (1ULL << 63) - 1, (1ULL << 62) + 1, 1ULL << 40, 1ULL << 32}) {
    for (const int first : {0x81, 0x82, 0x01, 0x88, 0x89, 0x8a, 0xc1, 0xf2}) {
      auto server = ws::make_server();
      const auto said = ws::read_frames(ws::echo(server, ws::declare(first, length) + "some octets"));
      BOOST_REQUIRE(said.size() == 1u);
      BOOST_TEST((said[0] == "close:1002" || said[0] == "close:1009"));
    }
  }
}

// Messages of two handshakes, given to each side in each of its states: whole, cut off, twice. Only the one message
// that is due is taken, and only by the handshake that it was made for.
BOOST_AUTO_TEST_CASE(advisory_03_every_message_in_every_state_doubled_reordered_or_cut_off) {
  struct state {
    role side;
    std::size_t given;  // Messages of its handshake that were delivered,
    std::size_t due;    // and the one that is next; 9: none.
  };
  const handshake stranger(3);
  for (const auto& [side, given, due] :
       {state{role::initiator, 1, 1}, state{role::initiator, 2, 9}, state{role::responder, 0, 0},
        state{role::responder, 2, 2}, state{role::responder, 3, 9}}) {
    auto pool = handshake(given).said;
    const auto own_count = pool.size();
    for (std::size_t which = 0; which < own_count + stranger.said.size(); ++which) {
      for (const int how : {0, 1, 2}) {
        handshake played(given);
        auto bytes = which < own_count ? played.said[which] : stranger.said[which - own_count];
        if (bytes.empty()) continue;
        if (how == 1) bytes.resize(bytes.size() / 2);
        if (how == 2) append(bytes, byte_buffer(bytes));
        auto& target = side == role::initiator ? played.initiator : played.responder;
        const auto before = target.state();
        const bool first = side == role::responder && given == 0 && (which == 0 || which == own_count);
        give(target, bytes);
        if (target.state() != before && target.state() != link_state::closed) {
          BOOST_TEST((which == due && how != 1 && !first));
        }
        if (before == link_state::handshaking && how == 0 && which != due && !first) {
          BOOST_TEST((target.state() == link_state::closed));
        }
        target.admit();
        byte_span body;
        BOOST_TEST(!target.next_message(body));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(advisory_03_a_second_upgrade_is_a_broken_frame) {
  unadmitted_session client;
  client.feed("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_TEST(ws::to_text(ws::read_frames(client.written())).starts_with("close:1002"));
}

BOOST_AUTO_TEST_CASE(advisory_04_a_gigabyte_before_authentication_is_cut_off_after_kilobytes) {
  const std::string block(65'536, 'x');
  auto peer = made(role::responder);
  give(peer, preface_magic);
  std::size_t taken = 0;
  for (; taken < (1U << 30) && peer.state() != link_state::closed; taken += 64) give(peer, byte_buffer(64, 0));
  BOOST_TEST(taken <= 4'096u);

  http::head_parser head;
  for (taken = 0; taken < (1U << 30) && !head.failed();) taken += head.on_bytes(as_bytes(block));
  BOOST_TEST(taken <= 8u << 10);

  for (const bool whole : {true, false}) {
    unadmitted_session client;
    for (taken = 0; taken < (1U << 30) && !client.under_test.wants_shutdown(); taken += 1'024) {
      client.feed(whole && taken == 0 ? ws::declare(0x81, 1U << 20)
                  : whole             ? std::string(1'024, 'x')
                                      : ws::frame(taken == 0 ? 0x01 : 0x00, std::string(1'024, 'x')));
      BOOST_REQUIRE(taken <= 16u << 10);
      (void)client.written();
    }
  }
}

BOOST_AUTO_TEST_CASE(advisory_05_nothing_that_is_said_before_the_verdict_reaches_a_handler) {
  core_network network(1);
  int ran = 0;
  network.on(0, "count", [&] { return ++ran; });
  network.listen(0, ">", [&](const event&) { ++ran; });
  network.hold_verdicts = true;
  auto& client = network.client(0);
  for (const char* said : {R"({"mid":"a","command":"count"})", R"({"type":"topic","payload":1})",
                           R"({"type":"serve","command":"mine"})", R"({"type":"subscription","eventType":">"})",
                           R"({"mid":"s","command":"STATE_SET","data":{"key":"k","value":1}})", "nonsense", "{}"}) {
    client.say(said);
    network.run();
  }
  BOOST_TEST(ran == 0);
  BOOST_TEST(network.core(0).state("k") == nullptr);
  BOOST_TEST(network.counts(0).commands_from_clients == 0u);
  BOOST_TEST(client.heard() == "");
  BOOST_REQUIRE(network.verdicts_due.size() == 1u);
  network.core(0).clients().on_verdict(network.now(), network.verdicts_due[0].second, error{errc::unauthenticated});
  network.run();
  BOOST_TEST(ran == 0);
  BOOST_TEST(network.counts(0).commands_from_clients == 0u);
  BOOST_TEST(client.closed_with() == websocket::close_codes::policy_violation);
}

BOOST_AUTO_TEST_CASE(advisory_07_a_declared_length_keeps_no_memory) {
  for (int i = 0; i < 1'000; ++i) {
    auto declared = made(role::responder);
    byte_buffer said(preface_magic.begin(), preface_magic.end());
    said.insert(said.end(), {1, 1, 0, 0xff, 0xff, 0});
    give(declared, said);
    BOOST_REQUIRE((declared.state() == link_state::closed));  // By the length alone: the rest never has to come.
    BOOST_REQUIRE((declared.close_reason().code == errc::too_large));
  }
  auto waiting = made(role::responder);
  byte_buffer said(preface_magic.begin(), preface_magic.end());
  said.insert(said.end(), {1, 1, 0, 0x02, 0x00, 0});
  give(waiting, said);
  BOOST_TEST((waiting.state() == link_state::handshaking));
  BOOST_TEST(waiting.wanted_bytes() >= 4'096u - 3);  // What came is all that it holds.
}

BOOST_AUTO_TEST_CASE(advisory_08_counts_and_times_at_the_edge_of_64_bits_are_refused_or_bounded) {
  core_network network(1, [](node_options& options) { options.events.history_topics = {">"}; });
  for (int i = 0; i < 5; ++i) network.emit(0, "t");
  auto& client = network.client(0);
  const auto ask = [&](std::string said) {
    client.say(said);
    network.run();
    return client.heard();
  };
  for (const char* number : {"-1", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e308"}) {
    BOOST_TEST_CONTEXT(number) {
      BOOST_TEST(
          ask(std::string(R"({"mid":"t","command":"askr.ping","timeout":)") + number + "}").find("bad_message") !=
          std::string::npos);
      (void)ask(std::string(R"({"type":"unsubscription","eventType":"t"})"));
      (void)ask(std::string(R"({"type":"subscription","eventType":"t","last":)") + number + "}");
      BOOST_TEST(ask(R"({"mid":"p","command":"askr.ping"})").find("pong") != std::string::npos);
    }
  }
  const auto past = ask(R"({"type":"subscription","eventType":"t","last":9223372036854775807,"mid":"s"})");
  BOOST_TEST(client.closed_with() == 0);
  BOOST_TEST(past.size() < 4'096u);
}

BOOST_AUTO_TEST_CASE(advisory_10_who_asks_is_what_the_node_knows_and_not_what_the_message_says) {
  core_network network(2);
  network.on(1, "who", [](const command& asked) {
    return asked.who().name + "/" + std::to_string(asked.who().roles.size()) + "/" +
           asked.who().entry.to_string().substr(0, 2) + "/" + std::to_string(asked.who().rights.may(verb::admin, "x"));
  });
  network.mesh();
  auto& client = network.client(0);
  const auto ask = [&](std::string_view said) {
    client.say(said);
    network.run();
    return client.heard();
  };
  const auto plain = ask(R"({"mid":"a","command":"who"})");
  BOOST_TEST(plain.find("/0/01/0") != std::string::npos);  // No roles, by node 0, no admin.
  for (const char* field :
       {R"("from":"root")", R"("roles":["admin"])", R"("who":{"name":"root"})", R"("principal":["root",["admin"]])",
        R"("entry":"02020202020202020202020202020202")", R"("depth":0)", R"("hops":0)", R"("rights":"everything")"}) {
    BOOST_TEST(ask(std::string(R"({"mid":"a","command":"who",)") + field + "}") == plain);
  }
}

BOOST_AUTO_TEST_CASE(advisory_11_counts_that_the_bytes_cannot_hold_are_not_believed) {
  const auto messages = messages_that_claim_too_much();
  for (const auto& body : messages) {
    core_network network(2);
    network.connect(0, 1);
    network.run();
    byte_buffer record;
    grow(record, message_head_bytes);
    store_be(record.data(), static_cast<std::uint16_t>(body.size()));
    append(record, body);
    network.core(1).on_link_record(network.now(), network.core(1).peers().link_to(network.self(0).id), record);
    network.run();
    // Either it is refused, or the claim stood behind all that the message needs: then it is passed over, unread.
    BOOST_REQUIRE(network.counts(1).messages_malformed <= 1u);
  }
  BOOST_TEST(messages.size() == 300u);
}

BOOST_AUTO_TEST_CASE(advisory_12_contents_of_no_byte_one_byte_and_too_many) {
  decompressor opener;
  compressor packer;
  const byte_buffer nothing{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0},
      one{0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'x'};
  BOOST_TEST((!opener.decompress(nothing, 100) || opener.decompress(nothing, 100)->empty()));
  BOOST_TEST((!opener.decompress(one, 100) || opener.decompress(one, 100)->size() == 1));
  const auto huge = packer.compress(byte_buffer(17 << 20, 0));
  BOOST_REQUIRE(huge.has_value());
  BOOST_TEST((opener.decompress(*huge, 16 << 20).code() == errc::too_large));
  for (const std::size_t bytes : {0, 1}) {  // Of a record.
    auto first = made(role::initiator), second = made(role::responder);
    give(second, taken_from(first));
    give(first, taken_from(second));
    give(second, taken_from(first));
    first.admit();
    second.admit();
    if (bytes == 1) BOOST_REQUIRE(first.seal(byte_buffer{0}));
    auto sent = bytes == 1 ? taken_from(first) : repeated({0, 16}, 18);
    second.on_bytes(begin, sent);
    byte_span body;
    BOOST_TEST(!second.next_message(body));
    BOOST_TEST((second.state() == link_state::closed));
  }
}

BOOST_AUTO_TEST_CASE(advisory_14_sizes_of_2_to_the_32_wrap_nowhere) {
  for (const std::uint8_t tag : {0xdd, 0xdf, 0xdb, 0xc6, 0xc9, 0xdc, 0xde, 0xda, 0xc5, 0xc8}) {
    const byte_buffer packed{tag, 0xff, 0xff, 0xff, 0xff, 0x01, 0x02};
    BOOST_TEST((code_of(packed) == errc::bad_message || code_of(packed) == errc::too_large));
    BOOST_TEST(!decode_peer_hello(packed).ok());
    BOOST_TEST(!open_message(packed).ok());
    BOOST_TEST(!payload_view(packed).try_as<std::vector<std::string>>().ok());
    BOOST_TEST(!payload_view(packed).try_as<byte_buffer>().ok());
  }
}

BOOST_AUTO_TEST_CASE(advisory_16_a_close_frame_holds_its_code_and_reason_and_nothing_else) {
  for (std::size_t bytes = 0; bytes <= 200; ++bytes) {
    auto server = ws::make_server();
    const std::string reason(bytes, 'r');
    server.close(ws::start, 1000, reason);
    const auto said = ws::take_output(server);
    const auto kept = std::min<std::size_t>(bytes, 123);
    BOOST_TEST(said == ws::frame(0x88, ws::close_body(1000, reason.substr(0, kept)), false));
  }
}

BOOST_AUTO_TEST_CASE(advisory_17_nested_and_endless_claims_are_refused_in_no_time) {
  const std::vector<byte_buffer> bombs{{0xdd, 0xff, 0xff, 0xff, 0xff},
                                       repeated({0xdc, 0xff, 0xff}, 73 << 10),
                                       repeated({0x91}, one_mib),
                                       repeated({0x81}, one_mib),
                                       repeated({0xdd, 0, 0, 0, 1}, one_mib),
                                       repeated({0xdf, 0xff, 0xff, 0xff, 0xff}, 73 << 10)};
  for (const auto& bomb : bombs) {
    BOOST_TEST((code_of(bomb) == errc::bad_message || code_of(bomb) == errc::too_large));
    BOOST_TEST(!payload_view(bomb).try_as<value>().ok());
    BOOST_TEST((!payload_view(bomb).try_as<std::map<std::string, std::vector<int>>>().ok()));
    byte_buffer text;
    BOOST_TEST(!payload_view(bomb).to_json().ok());
    byte_buffer as_payload{0x83, 0xa3, 'm', 'i',  'd', 0x01, 0xa7, 'c', 'o', 'm', 'm',
                           'a',  'n',  'd', 0xa1, 'x', 0xa4, 'd',  'a', 't', 'a'};
    append(as_payload, bomb);
    client_codec codec;
    BOOST_TEST(!codec.decode(as_payload, client_encoding::msgpack).ok());
  }
}

BOOST_AUTO_TEST_CASE(advisory_18_buffers_grow_by_what_came_and_not_by_what_was_said) {
  decompressor opener;
  for (const std::uint8_t top : {0x7f, 0xff}) {  // A zstd frame that says its content has nearly 2^63 or 2^64 bytes.
    const byte_buffer frame{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, top, 1, 0, 0};
    const auto got = opener.decompress(frame, 16 << 20);
    BOOST_TEST((!got && (got.code() == errc::too_large || got.code() == errc::bad_payload)));
  }
  inbox box(opener, {.message_bytes_max = 1'000, .transfers_max = 2, .transfer_bytes_max = 2'000});
  byte_buffer record;
  write_chunk_head(record, 1, false, UINT32_MAX);  // Pieces are as long as the message that holds them.
  byte_buffer framed{0, static_cast<std::uint8_t>(record.size())};
  append(framed, record);
  byte_span rest = framed;
  BOOST_TEST((box.next(rest).code() == errc::bad_message));
}

BOOST_AUTO_TEST_CASE(advisory_20_lengths_below_their_own_header_end_it_and_loop_nowhere) {
  decompressor opener;
  for (std::uint16_t length = 0; length <= record_overhead_bytes - record_head_bytes; ++length) {
    record_opener records{crypto::cipher_state()};
    byte_buffer sent(64, 0);
    sent[1] = static_cast<std::uint8_t>(length);
    BOOST_TEST((records.open(sent).what == record_opener::status::failed));
  }
  for (const byte_buffer& record : {byte_buffer{0, 0}, byte_buffer{0}, byte_buffer{0, 1}, byte_buffer{0, 0, 0, 0},
                                    byte_buffer{0, 2, 0x91}, byte_buffer{0xff, 0xff, 0x91, 0x02}}) {
    inbox box(opener);
    byte_span rest = record;
    BOOST_TEST((box.next(rest).code() == errc::bad_message));
  }
  auto peer = made(role::responder);
  byte_buffer said(preface_magic.begin(), preface_magic.end());
  said.insert(said.end(), {1, 1, 0, 0, 0});
  give(peer, said);
  BOOST_TEST((peer.state() == link_state::closed));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace askr::transport
