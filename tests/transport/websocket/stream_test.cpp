// SPDX-License-Identifier: MIT
#include "transport/websocket/stream.hpp"

#include "tests/transport/websocket/wire.hpp"
#include "transport/websocket/frame_writer.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace askr;
using namespace askr::websocket;
using namespace askr::websocket::test;

std::string frames_of(stream& from) { return to_text(read_frames(take_output(from))); }

/// Moves everything one side has written to the other; returns the messages that arrived.
std::vector<std::string> transfer(stream& from, stream& to) {
  std::vector<std::string> arrived;
  byte_buffer octets;
  append(octets, as_bytes(take_output(from)));
  to.on_bytes(start, octets);
  while (const auto message = to.next()) arrived.emplace_back(as_text(message->data));
  return arrived;
}

/// Lets time pass as a timer would, until `end`.
void run_until(stream& under_test, time_point end) {
  while (under_test.next_timeout() <= end) under_test.on_timeout(under_test.next_timeout());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_stream)

BOOST_AUTO_TEST_CASE(client_and_server_talk_and_part_cleanly) {
  stream server = make_server();
  stream client(role::client, {}, random_source, start);
  BOOST_TEST(client.send_text(as_bytes("from the client")));
  BOOST_TEST(server.send_binary(as_bytes("from the server")));
  BOOST_TEST(to_text(transfer(client, server)) == "from the client | ");
  BOOST_TEST(to_text(transfer(server, client)) == "from the server | ");
  client.close(start, close_codes::normal, "done");
  BOOST_TEST((client.state() == stream_state::closing));
  BOOST_TEST(!client.send_text(as_bytes("too late")));
  transfer(client, server);
  BOOST_TEST(server.cause().code == close_codes::normal);
  BOOST_TEST(server.cause().reason == "done");
  BOOST_TEST(!server.cause().by_us);
  BOOST_TEST(!server.should_shutdown_send());  // Its own Close frame is still to be written.
  transfer(server, client);
  BOOST_TEST(server.should_shutdown_send());
  BOOST_TEST(!client.should_shutdown_send());  // The server ends the connection.
  server.on_end(start);
  client.on_end(start);
  BOOST_TEST((server.state() == stream_state::closed));
  BOOST_TEST((client.state() == stream_state::closed));
  BOOST_TEST(client.cause().by_us);
}

BOOST_AUTO_TEST_CASE(client_masks_every_frame_anew) {
  stream client(role::client, {}, random_source, start);
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) {
    client.send_text(as_bytes("same"));
    keys.push_back(take_output(client).substr(2, 4));
  }
  std::sort(keys.begin(), keys.end());
  BOOST_TEST((std::unique(keys.begin(), keys.end()) == keys.end()));
}

BOOST_AUTO_TEST_CASE(output_stays_in_place_until_it_is_consumed) {
  stream server = make_server();
  server.send_text(as_bytes("first"));
  const byte_span writing = server.output();
  for (int i = 0; i < 1000; ++i) server.send_text(as_bytes("more and more"));
  BOOST_TEST(server.output().data() == writing.data());
  BOOST_TEST(as_text(writing.subspan(2)) == "first");
  server.consume(3);
  BOOST_TEST(as_text(server.output()) == "irst");
  server.consume(4);
  BOOST_TEST(server.output().size() == 1000U * 15);
}

BOOST_AUTO_TEST_CASE(frames_encoded_once_go_to_many) {
  byte_buffer event;
  append_frame(event, opcode::text, as_bytes("event"));
  for (int i = 0; i < 3; ++i) {
    stream server = make_server();
    BOOST_TEST(server.send_encoded(event));
    BOOST_TEST(frames_of(server) == "text:event | ");
    server.close(start, close_codes::going_away);
    BOOST_TEST(!server.send_encoded(event));
  }
}

BOOST_AUTO_TEST_CASE(violation_ends_with_a_drained_shutdown) {
  stream server = make_server();
  BOOST_TEST(to_text(read_frames(echo(server, text("a") + frame(0x83, "") + text("b")))) == "text:a | close:1002 | ");
  BOOST_TEST(server.cause().by_us);
  BOOST_TEST(server.cause().reason == "reserved opcode");
  BOOST_TEST(server.should_shutdown_send());
  BOOST_TEST((server.state() == stream_state::closing));
  BOOST_TEST(echo(server, text("c") + std::string(5000, '\xff')) == "");  // Read and dropped.
  server.on_end(start);
  BOOST_TEST((server.state() == stream_state::closed));
  BOOST_TEST(server.cause().code == close_codes::protocol_error);
}

BOOST_AUTO_TEST_CASE(silent_other_side_does_not_delay_the_end_of_a_close) {
  stream server = make_server();
  server.close(start, close_codes::service_restart, "restart");
  BOOST_TEST(frames_of(server) == "close:1012 | ");
  BOOST_TEST(!server.should_shutdown_send());
  BOOST_TEST((server.next_timeout() == start + 2s));
  server.on_timeout(start + 1999ms);
  BOOST_TEST((server.state() == stream_state::closing));
  server.on_timeout(start + 2s);
  BOOST_TEST((server.state() == stream_state::closed));
  BOOST_TEST(server.cause().code == close_codes::service_restart);
  BOOST_TEST((server.next_timeout() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(messages_after_our_close_frame_go_nowhere_but_its_answer_is_seen) {
  stream server = make_server();
  server.close(start, close_codes::normal);
  take_output(server);
  BOOST_TEST(echo(server, text("late") + ping("late") + close_frame(1000)) == "");
  BOOST_TEST(server.should_shutdown_send());
}

BOOST_AUTO_TEST_CASE(connection_that_breaks_off_is_closed_once_its_output_is_out) {
  stream server = make_server();
  server.send_text(as_bytes("answer"));
  server.on_end(start);
  BOOST_TEST((server.state() == stream_state::closing));
  BOOST_TEST(frames_of(server) == "text:answer | ");
  BOOST_TEST((server.state() == stream_state::closed));
  BOOST_TEST(server.cause().code == close_codes::abnormal);
}

BOOST_AUTO_TEST_CASE(idle_connection_is_pinged_and_given_up_after_a_minute) {
  stream server = make_server();
  run_until(server, start + 24s);
  BOOST_TEST(frames_of(server) == "");
  run_until(server, start + 59s);
  BOOST_TEST(frames_of(server) == "ping: | ping: | ");
  run_until(server, start + 60s);
  BOOST_TEST((server.state() == stream_state::closed));
  BOOST_TEST(server.cause().code == close_codes::abnormal);
}

BOOST_AUTO_TEST_CASE(connection_that_answers_pings_lives) {
  stream server = make_server();
  for (int i = 1; i <= 10; ++i) {
    run_until(server, start + 25s * i);
    BOOST_TEST(frames_of(server) == "ping: | ");
    echo(server, pong(""), 0, start + 25s * i);
  }
  BOOST_TEST((server.state() == stream_state::open));
}

BOOST_AUTO_TEST_CASE(message_that_is_never_finished_ends_the_connection) {
  for (const std::string& begun :
       {text("hello").substr(0, 1), text("hello").substr(0, 8), frame(0x01, "hello"), ping("hello").substr(0, 7)}) {
    stream server = make_server();
    BOOST_TEST(echo(server, text("done") + begun) != "");
    BOOST_TEST((server.next_timeout() == start + 10s));
    run_until(server, start + 10s);
    BOOST_TEST(frames_of(server) == "close:1008 | ");
    BOOST_TEST(server.should_shutdown_send());
  }
}

BOOST_AUTO_TEST_CASE(control_frames_do_not_extend_a_messages_deadline) {
  stream server = make_server();
  echo(server, frame(0x01, "hello"));
  for (int second = 1; second < 10; ++second) echo(server, pong("") + frame(0x00, "."), 0, start + seconds(second));
  BOOST_TEST((server.next_timeout() == start + 10s));
  echo(server, frame(0x80, "!"), 0, start + 9s);
  BOOST_TEST((server.next_timeout() > start + 10s));
}

BOOST_AUTO_TEST_CASE(ping_flood_is_answered_at_a_bounded_rate_newest_last) {
  stream server = make_server();
  std::string flood;
  for (int i = 0; i < 100'000; ++i) flood += ping(std::to_string(i));
  const std::size_t at_once = read_frames(echo(server, flood)).size();
  BOOST_TEST(at_once >= 100U);
  BOOST_TEST(at_once <= 101U);
  BOOST_TEST((server.next_timeout() <= start + 20ms));
  run_until(server, start + 20ms);
  BOOST_TEST(frames_of(server) == "pong:99999 | ");
  BOOST_TEST((server.next_timeout() > start + 1s));
}

BOOST_AUTO_TEST_CASE(own_pings_and_closes_are_cut_to_what_a_control_frame_holds) {
  stream server = make_server();
  server.ping(as_bytes(std::string(200, 'p')));
  server.close(start, 4000, std::string(200, 'r'));
  const std::string written = take_output(server);
  BOOST_TEST(written.size() == 2U * (2 + 125));
}

BOOST_AUTO_TEST_CASE(idle_stream_is_small_and_holds_no_memory) {
  BOOST_TEST(sizeof(stream) < 1024U);
  stream server = make_server();
  echo(server, text(std::string(100'000, 'x')), 1000);
  run_until(server, start + 25s);
  BOOST_TEST(frames_of(server) == "ping: | ");
  BOOST_TEST(echo(server, text("still here"), 3, start + 25s) == frame(0x81, "still here", false));
}

BOOST_AUTO_TEST_CASE(declared_lengths_reserve_nothing) {
  stream_options options;
  options.limits.message_bytes_max = 64 << 20;
  std::vector<stream> servers;
  for (int i = 0; i < 1000; ++i) {  // 64 GiB in all, were the header believed.
    servers.push_back(make_server(options));
    BOOST_TEST(echo(servers.back(), declare(0x82, 64 << 20) + "x") == "");
  }
}

BOOST_AUTO_TEST_SUITE_END()
