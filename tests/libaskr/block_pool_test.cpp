// SPDX-License-Identifier: MIT
#include <askr/bytes.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(block_pool_suite)

using namespace askr;
using namespace askr::detail;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

BOOST_AUTO_TEST_CASE(what_was_given_back_is_the_next_of_its_size_that_is_taken) {
  auto* first = take_block(128);
  give_block(first, 128);
  auto* smaller = take_block(64);
  auto* nearly_equal = take_block(100);
  BOOST_TEST(nearly_equal == first);
  BOOST_TEST(smaller != first);
  give_block(smaller, 64);
  give_block(nearly_equal, 100);
}

BOOST_AUTO_TEST_CASE(a_thread_keeps_no_more_than_its_pool_may) {
  std::vector<void*> taken(3 * pool_bytes_max / pooled_bytes_max);
  std::thread([&] {
    for (auto& each : taken) each = take_block(pooled_bytes_max);
    for (auto* each : taken) give_block(each, pooled_bytes_max);
    std::vector<void*> again(taken.size());
    std::vector<void*> heap(taken.size());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < again.size(); ++i) {
      again[i] = take_block(pooled_bytes_max);
      kept += std::find(taken.begin(), taken.end(), again[i]) != taken.end() ? 1 : 0;
      heap[i] = ::operator new(pooled_bytes_max);  // It takes what the pool let go of.
    }
    BOOST_TEST(kept >= pool_bytes_max / pooled_bytes_max);
    BOOST_TEST(kept < taken.size());
    for (auto* each : again) give_block(each, pooled_bytes_max);
    for (auto* each : heap) ::operator delete(each);
  }).join();
}

#endif

BOOST_AUTO_TEST_CASE(a_buffer_keeps_its_bytes_whatever_comes_and_goes_beside_it) {
  std::vector<byte_buffer> buffers;
  for (std::size_t i = 0; i < 300; ++i) buffers.emplace_back(i * 17, static_cast<std::uint8_t>(i));
  for (std::size_t i = 0; i < buffers.size(); i += 2) byte_buffer().swap(buffers[i]);
  for (std::size_t i = 0; i < buffers.size(); i += 2) buffers[i].assign(i * 17, static_cast<std::uint8_t>(i));
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const auto& each = buffers[i];
    BOOST_TEST(each.size() == i * 17);
    BOOST_TEST(std::all_of(each.begin(), each.end(), [&](auto byte) { return byte == static_cast<std::uint8_t>(i); }));
  }
}

BOOST_AUTO_TEST_CASE(a_buffer_may_be_given_back_by_another_thread_and_after_the_end_of_its_own) {
  byte_buffer moved;
  std::thread([&] { moved.assign(1000, 7); }).join();
  std::thread([taken = std::move(moved)]() mutable { byte_buffer().swap(taken); }).join();
  BOOST_TEST(moved.empty());
}

BOOST_AUTO_TEST_SUITE_END()
