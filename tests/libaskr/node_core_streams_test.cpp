// SPDX-License-Identifier: MIT
#include "tests/support/core_network.hpp"

BOOST_AUTO_TEST_SUITE(node_core_streams)

namespace {

using namespace askr;
using askr::test::core_network;
using askr::test::outcomes;

/// Sends so many numbers, then their count.
void serve_count(core_network& network, std::size_t node) {
  network.on(node, "count", blocking([](const command& asked, stream& out) {
               const auto last = asked.as<int>();
               for (int i = 0; i < last; ++i) out.send(i);
               return last;
             }));
}

/// What the caller heard.
struct listener {
  core_network::extras hear() {
    return {.number = 77, .parts = std::make_shared<part_receiver>([this](payload_view part) {
                            heard.push_back(part.as<int>());
                            if (on_part) on_part();
                          })};
  }
  std::vector<int> heard;
  std::function<void()> on_part;
};

/// A handler that the test drives part by part.
void serve_by_hand(core_network& network, std::size_t node) {
  auto handler = std::make_shared<detail::handler>();
  handler->how = detail::handler::mode::deferred;
  handler->streams = true;
  network.hold_jobs = true;
  BOOST_REQUIRE(network.core(node).add_handler("count", handler).ok());
}

/// A client of `node` that serves "count"; what the test says for it are parts of the answer to the one command it has.
struct serving_client {
  serving_client(core_network& in, std::size_t node, const test::fake_client::options& how = {})
      : network(in), wire(in.client(node, how)) {
    wire.say(R"({"type":"serve","command":"count"})");
    network.run();
  }
  /// What it was asked.
  value asked() {
    const auto heard = from_json(wire.heard());
    BOOST_REQUIRE(heard);
    mid = std::to_string(heard->at("mid").as_uint());
    return *heard;
  }
  void part(std::uint64_t number, std::string_view json) {
    const auto said =
        R"({"mid":)" + mid + R"(,"part":)" + std::to_string(number) + R"(,"value":)" + std::string(json) + "}";
    credit -= static_cast<std::int64_t>(said.size());
    wire.say(said);
  }
  /// Everything else that it has heard.
  std::vector<std::string> take() {
    auto heard = wire.take();
    std::erase_if(heard, [this](const std::string& each) {
      const auto said = from_json(each);
      const bool is_credit = said && said->find("type") != nullptr && said->at("type").as_string() == "credit";
      if (is_credit) credit += static_cast<std::int64_t>(said->at("bytes").as_uint());
      return is_credit;
    });
    return heard;
  }
  void end(std::string_view json) { wire.say(R"({"mid":)" + mid + R"(,"value":)" + std::string(json) + "}"); }

  core_network& network;
  test::fake_client& wire;
  std::string mid;
  std::int64_t credit = 256 << 10;
};

std::string json_text(std::size_t bytes) { return '"' + std::string(bytes, 'x') + '"'; }

link_id link_of(core_network& network, std::size_t from, std::size_t to) {
  return network.core(from).peers().link_to(network.self(to).id);
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_come_in_order_and_then_the_outcome_from_here_and_from_elsewhere) {
  for (const std::size_t server : {0, 1}) {
    core_network network(2);
    serve_count(network, server);
    network.mesh();
    listener ear;
    const auto total = network.send(0, "count", payload::from(5), {}, 0, ear.hear());
    network.run();
    BOOST_TEST(ear.heard == (std::vector{0, 1, 2, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST(total.as<int>() == 5);
  }
}

BOOST_AUTO_TEST_CASE(many_and_large_parts_stay_in_order_and_within_the_credit) {
  core_network network(2);
  std::size_t bytes = 0;
  int count = 0;
  network.on(1, "pour", blocking([](const command&, stream& out) {
               for (int i = 0; i < 200; ++i) out.send(std::string(i % 3 == 0 ? 40'000 : 10, 'x'));
               return std::string(100'000, 'y');
             }));
  network.mesh();
  const auto poured =
      network.send(0, "pour", {}, {}, 0, {.parts = std::make_shared<part_receiver>([&](payload_view part) {
                                            bytes += part.as<std::string>().size();
                                            ++count;
                                          })});
  network.run();
  BOOST_TEST(count == 200);
  BOOST_TEST(bytes == 67 * 40'000 + 133 * 10);
  BOOST_TEST(poured.as<std::string>().size() == 100'000);
}

BOOST_AUTO_TEST_CASE(a_fast_producer_is_held_until_the_caller_has_room) {
  core_network network(2);
  serve_by_hand(network, 1);
  auto& line = network.connect(0, 1);
  network.run();
  const auto waiting =
      network.send(0, "count", {}, {}, 0, {.parts = std::make_shared<part_receiver>([](payload_view) {})});
  network.run();
  auto& feed = *network.jobs.at(0).second.feed;
  int room = 0;
  line.blocked = true;  // The caller neither hears parts nor gives credit.
  for (int i = 0; i < 5; ++i) {
    feed.push_with(payload::from(std::string(100'000, 'x')), [&](bool open) { room += open ? 1 : 100; });
    network.run();
  }
  BOOST_TEST(room == 2);  // Behind the third nothing is left of the credit.
  line.blocked = false;
  network.run();
  BOOST_TEST(room == 5);
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  network.run();
  BOOST_TEST(waiting.as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_that_answers_in_parts_is_asked_for_a_stream) {
  core_network network(2);
  serve_count(network, 1);
  network.on(1, "plain", [] { return 1; });
  network.mesh();
  const auto refused = network.send(0, "count", payload::from(1));
  listener ear;
  const auto plain = network.send(0, "plain", {}, {}, 0, ear.hear());
  network.run();
  BOOST_TEST(refused.text() == "unsupported: count answers in parts: ask for a stream");
  BOOST_TEST(plain.as<int>() == 1);
  BOOST_TEST(ear.heard.empty());
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_stops_the_handler_within_one_round_trip) {
  core_network network(2);
  serve_by_hand(network, 1);
  network.mesh();
  listener ear;
  const auto waiting = network.send(0, "count", {}, {}, 0, ear.hear());
  network.run();
  const auto& job = network.jobs.at(0).second;
  BOOST_TEST(!job.asked.canceled());
  network.core(0).cancel(network.now(), 77);
  BOOST_TEST((waiting.code() == errc::canceled));
  network.run();
  BOOST_TEST(job.asked.canceled());
  BOOST_TEST(!stream(job.asked.parts).send(1));
}

BOOST_AUTO_TEST_CASE(a_caller_may_give_up_while_it_hears_a_part) {
  for (const std::size_t server : {0, 1}) {
    core_network network(2);
    serve_count(network, server);
    network.mesh();
    listener ear;
    ear.on_part = [&] { network.core(0).cancel(network.now(), 77); };
    const auto waiting = network.send(0, "count", payload::from(5), {}, 0, ear.hear());
    network.run();
    BOOST_TEST((waiting.code() == errc::canceled));
    BOOST_TEST(ear.heard.size() == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_lost_server_ends_a_stream_and_once_parts_have_come_nobody_begins_anew) {
  core_network network(3);
  for (std::size_t node : {1, 2}) serve_by_hand(network, node);
  std::vector<test::wire*> wires{&network.connect(0, 1), &network.connect(0, 2)};
  network.run();
  listener ear;
  const auto waiting = network.send(0, "count", {}, {.idempotent = true}, 0, ear.hear());
  network.run();
  const auto server = network.jobs.at(0).first;
  stream(network.jobs[0].second.asked.parts).send_with(payload::from(1), [](bool) {});
  network.run();
  BOOST_TEST(ear.heard.size() == 1);
  network.cut(*wires[server - 1]);
  network.run();
  BOOST_TEST((waiting.code() == errc::peer_lost));
  BOOST_TEST(network.jobs.size() == 1);
  BOOST_TEST(network.jobs[0].second.asked.canceled());
}

BOOST_AUTO_TEST_CASE(parts_that_nobody_asked_for_or_that_come_too_late_are_counted_and_dropped) {
  core_network network(2);
  serve_by_hand(network, 1);
  network.mesh();
  listener ear;
  const auto waiting = network.send(0, "count", {}, {}, 0, ear.hear());
  network.run();
  auto& server = network.core(1).peers();
  const auto back = link_of(network, 1, 0);
  BOOST_TEST(server.send_part(back, 999, 1, payload::from(1).view()).ok());
  network.run();
  BOOST_TEST(network.counts(0).parts_unasked == 1);
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  network.run();
  BOOST_TEST(waiting.only().ok());
  BOOST_TEST(server.send_part(back, 1, 1, payload::from(1).view()).ok());
  network.run();
  BOOST_TEST(network.counts(0).parts_unasked == 2);
  BOOST_TEST(network.links_between(0, 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_part_out_of_turn_ends_the_command_with_an_error) {
  core_network network(2);
  serve_by_hand(network, 1);
  network.mesh();
  listener ear;
  const auto waiting = network.send(0, "count", {}, {}, 0, ear.hear());
  network.run();
  BOOST_TEST(network.core(1).peers().send_part(link_of(network, 1, 0), 1, 2, payload::from(1).view()).ok());
  network.run();
  BOOST_TEST((waiting.code() == errc::bad_message));
  BOOST_TEST(network.jobs[0].second.asked.canceled());
}

BOOST_AUTO_TEST_CASE(floods_of_credit_and_credit_for_nothing_do_no_harm) {
  core_network network(2);
  serve_by_hand(network, 1);
  network.mesh();
  listener ear;
  const auto waiting = network.send(0, "count", {}, {}, 0, ear.hear());
  network.run();
  const auto to = link_of(network, 0, 1);
  for (int i = 0; i < 1000; ++i) {
    network.core(0).peers().send_credit(to, 1, UINT32_MAX);
    network.core(0).peers().send_credit(to, 12345, UINT32_MAX);
  }
  network.run();
  BOOST_TEST(network.links_between(0, 1) == 1);
  network.core(1).on_answer(network.now(), network.jobs[0].second.serving, payload::from(1));
  network.run();
  BOOST_TEST(waiting.as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_client_hears_the_parts_with_their_numbers) {
  core_network network(2);
  serve_count(network, 1);
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":"a","command":"count","data":2,"stream":true})");
  network.run();
  BOOST_TEST(client.heard() ==
             R"({"mid":"a","part":1,"value":0} | {"mid":"a","part":2,"value":1} | {"mid":"a","value":2})");
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_slowly_holds_the_handler_and_loses_nothing) {
  core_network network(2, [](node_options& options) { options.sessions.output_bytes_soft = 50'000; });
  network.on(1, "pour", blocking([](const command&, stream& out) {
               for (int i = 0; i < 100; ++i) out.send(std::string(10'000, 'x'));
             }));
  network.mesh();
  auto& client = network.client(0);
  client.deaf = true;
  client.say(R"({"mid":1,"command":"pour","stream":true})");
  network.run();
  const auto queued = network.core(0).sessions().find(client.session)->wire.output_bytes();
  BOOST_TEST(queued < 500'000);
  network.advance(100ms);
  client.deaf = false;
  network.advance(1s);
  const auto heard = client.take();
  BOOST_TEST(heard.size() == 101);
  BOOST_TEST(heard.back() == R"({"mid":1,"value":null})");
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_away_cancels_what_is_at_work_for_it) {
  core_network network(2);
  serve_by_hand(network, 1);
  network.mesh();
  auto& client = network.client(0);
  client.say(R"({"mid":1,"command":"count","stream":true})");
  network.run();
  client.gone = true;
  network.run();
  BOOST_TEST(network.jobs.at(0).second.asked.canceled());
}

// --- clients that serve

BOOST_AUTO_TEST_CASE(a_client_answers_in_parts_to_its_own_node_to_another_one_and_to_a_client_there) {
  for (const std::size_t caller : {1, 0}) {
    core_network network(2);
    network.mesh();
    serving_client server(network, 1);
    listener ear;
    const auto total = network.send(caller, "count", payload::from(2), {}, 0, ear.hear());
    network.run();
    BOOST_TEST(server.asked().at("stream").as_bool());
    server.part(1, "10"), server.part(2, "20"), server.end("2");
    network.run();
    BOOST_TEST(ear.heard == (std::vector{10, 20}), boost::test_tools::per_element());
    BOOST_TEST(total.as<int>() == 2);
    auto& asking = network.client(caller);
    asking.say(R"({"mid":"a","command":"count","stream":true})");
    network.run();
    server.asked();
    server.part(1, "1"), server.end("null");
    network.run();
    BOOST_TEST(asking.heard() == R"({"mid":"a","part":1,"value":1} | {"mid":"a","value":null})");
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_is_not_asked_for_a_stream_is_told_so_and_its_parts_are_dropped) {
  core_network network(2);
  network.mesh();
  serving_client server(network, 1);
  const auto plain = network.send(0, "count");
  network.run();
  BOOST_TEST(server.asked().find("stream") == nullptr);
  server.part(1, "1"), server.end("2");
  network.run();
  BOOST_TEST(plain.as<int>() == 2);
  BOOST_TEST(network.counts(1).parts_unasked == 1);
}

BOOST_AUTO_TEST_CASE(a_client_gets_credit_as_its_parts_are_heard_and_none_while_they_are_not) {
  core_network network(2);
  auto& line = network.connect(0, 1);
  network.run();
  serving_client server(network, 1);
  std::uint64_t heard = 0, number = 0;
  const auto total =
      network.send(0, "count", {}, {}, 0, {.parts = std::make_shared<part_receiver>([&](payload_view) { ++heard; })});
  network.run();
  server.asked();
  const auto pour = [&] {
    server.part(++number, json_text(60'000));
    network.run();
    server.take();
  };
  for (int i = 0; i < 20; ++i) pour();
  BOOST_TEST(heard == 20);
  BOOST_TEST(server.credit > 128 << 10);
  line.blocked = true;
  while (server.credit > 0 && number < 100) pour();
  // As much as the other node has given credit for went out, and the client was given credit for as much again.
  BOOST_TEST(number - heard <= 11);
  const auto before = std::exchange(heard, 0);
  network.advance(100ms);
  server.take();
  BOOST_TEST(server.credit <= 0);
  line.blocked = false;
  network.run();
  server.take();
  BOOST_TEST(before + heard == number);
  BOOST_TEST(server.credit > 128 << 10);
  server.end("1");
  network.run();
  BOOST_TEST(total.as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_client_whose_bytes_weigh_more_than_what_they_say_is_never_stuck) {
  core_network network(2);
  network.mesh();
  serving_client server(network, 1);
  std::size_t heard = 0;
  const auto total = network.send(
      0, "count", {}, {}, 0,
      {.parts = std::make_shared<part_receiver>([&](payload_view part) { heard += part.as<std::string>().size(); })});
  network.run();
  server.asked();
  std::string escaped;  // Six bytes each, which are one for the other node.
  for (int i = 0; i < 20'000; ++i) escaped += "\\u0041";
  for (std::uint64_t number = 1; number <= 30; ++number) {
    server.part(number, '"' + escaped + '"');
    network.run();
    server.take();
    BOOST_REQUIRE(server.credit > 0);
  }
  server.end("1");
  network.run();
  BOOST_TEST(heard == 30 * 20'000);
  BOOST_TEST(total.as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_client_that_breaks_the_rules_of_parts_ends_the_command_and_is_told) {
  const auto broken = [](const std::function<void(serving_client&, core_network&)>& breaks) {
    core_network network(2);
    auto& line = network.connect(0, 1);
    network.run();
    serving_client server(network, 1);
    listener ear;
    const auto total =
        network.send(0, "count", {}, {}, 0, {.parts = std::make_shared<part_receiver>([](payload_view) {})});
    network.run();
    server.asked();
    line.blocked = true;
    breaks(server, network);
    line.blocked = false;
    network.run();
    const auto told = server.wire.take();
    BOOST_REQUIRE(!told.empty());
    BOOST_TEST(told.back() == R"({"type":"cancel","mid":)" + server.mid + "}");
    server.end("1");
    network.run();
    BOOST_TEST(network.counts(1).replies_late == 1);
    return total.code();
  };
  BOOST_TEST((broken([](serving_client& server, core_network&) { server.part(2, "1"); }) == errc::bad_message));
  BOOST_TEST((broken([](serving_client& server, core_network& network) {
                for (std::uint64_t number = 1; number <= 20; ++number) {
                  server.part(number, json_text(100'000));
                  network.run();
                }
              }) == errc::overloaded));
}

BOOST_AUTO_TEST_CASE(what_a_client_has_said_in_full_is_heard_though_it_goes_away) {
  for (const bool in_full : {true, false}) {
    core_network network(2);
    auto& line = network.connect(0, 1);
    network.run();
    serving_client server(network, 1);
    std::size_t heard = 0;
    const auto total =
        network.send(0, "count", {}, {}, 0, {.parts = std::make_shared<part_receiver>([&](payload_view) { ++heard; })});
    network.run();
    server.asked();
    line.blocked = true;
    for (std::uint64_t number = 1; number <= 4; ++number) server.part(number, json_text(80'000));
    network.run();
    for (std::uint64_t number = 5; number <= 6; ++number) server.part(number, json_text(80'000));
    if (in_full) server.end("6");
    network.run();
    server.wire.gone = true;
    network.run();
    line.blocked = false;
    network.run();
    BOOST_TEST(heard == (in_full ? 6 : 4));
    if (in_full) BOOST_TEST(total.as<int>() == 6);
    if (!in_full) BOOST_TEST((total.code() == errc::peer_lost));
  }
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_cancels_what_a_client_answers_in_parts) {
  core_network network(2);
  network.mesh();
  serving_client server(network, 1);
  listener ear;
  ear.on_part = [&] { network.core(0).cancel(network.now(), 77); };
  const auto total = network.send(0, "count", {}, {}, 0, ear.hear());
  network.run();
  server.asked();
  server.part(1, "1"), server.part(2, "2");
  network.run();
  BOOST_TEST((total.code() == errc::canceled));
  BOOST_TEST(ear.heard.size() == 1);
  BOOST_TEST(server.wire.heard() == R"({"type":"cancel","mid":)" + server.mid + "}");
}

BOOST_AUTO_TEST_SUITE_END()
