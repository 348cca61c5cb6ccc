// SPDX-License-Identifier: MIT
#include "libaskr/src/stream_feed.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

BOOST_AUTO_TEST_SUITE(stream_feed)

namespace {

using namespace askr;

payload of_size(std::size_t bytes) { return {byte_buffer(bytes, 'x'), encoding::raw}; }

}  // namespace

BOOST_AUTO_TEST_CASE(parts_come_out_in_order_and_whoever_takes_them_is_woken_once) {
  askr::stream_feed feed;
  int woken = 0;
  feed.open([&] { return ++woken, true; }, false);
  for (int i = 0; i < 3; ++i) feed.push(payload::from(i));
  BOOST_TEST(woken == 1);
  for (int i = 0; i < 3; ++i) BOOST_TEST(feed.take()->as<int>() == i);
  BOOST_TEST(!feed.take().has_value());
  feed.push(payload::from(3));
  BOOST_TEST(woken == 2);
}

BOOST_AUTO_TEST_CASE(a_waker_that_could_not_pass_it_on_is_called_again) {
  askr::stream_feed feed;
  int woken = 0;
  feed.open([&] { return ++woken > 1; }, false);
  for (int i = 0; i < 3; ++i) feed.push(payload::from(i));
  BOOST_TEST(woken == 2);
}

BOOST_AUTO_TEST_CASE(without_credit_nothing_is_taken) {
  askr::stream_feed feed;
  feed.open([] { return true; }, false);
  for (int i = 0; i < 4; ++i) feed.push(of_size(100'000));
  int taken = 0;
  while (feed.take()) ++taken;
  BOOST_TEST(taken == 3);  // The last one exceeds the credit.
  feed.add_credit(10'000);
  BOOST_TEST(!feed.take().has_value());
  feed.add_credit(100'000);
  BOOST_TEST(feed.take().has_value());
  BOOST_TEST(feed.is_empty());
}

BOOST_AUTO_TEST_CASE(a_flood_of_credit_does_not_overflow) {
  askr::stream_feed feed;
  feed.open([] { return true; }, false);
  for (int i = 0; i < 1000; ++i) feed.add_credit(std::int64_t{1} << 62);
  feed.push(of_size(10));
  BOOST_TEST(feed.take().has_value());
}

BOOST_AUTO_TEST_CASE(a_handler_that_waits_for_room_goes_on_with_credit_and_stops_when_nobody_listens) {
  askr::stream_feed feed;
  feed.open([] { return true; });
  std::atomic<int> sent = 0;
  std::thread handler([&] {
    while (feed.push(of_size(200'000))) ++sent;
  });
  const auto await = [&](int count) {
    while (sent < count) std::this_thread::yield();
  };
  await(2);
  feed.take();
  feed.take();
  feed.add_credit(400'000);
  await(3);
  feed.close();
  handler.join();
  BOOST_TEST(!feed.push(of_size(1)));
  BOOST_TEST(feed.is_empty());
}

BOOST_AUTO_TEST_SUITE_END()
