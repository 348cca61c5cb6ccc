// SPDX-License-Identifier: MIT
#pragma once

/// A dialer and its clock, for the tests of either of its halves.

#include "mesh/dialer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace askr::test {

inline constexpr time_point begin = time_point(seconds(1000));
inline const endpoint here{"10.0.0.1", 8801}, there{"10.0.0.2", 8802}, yonder{"10.0.0.3", 8803};
inline const error refused{errc::io_failed, "refused"};

inline node_id id_of(std::uint8_t byte) {
  node_id id;
  id.bytes.fill(byte);
  return id;
}

/// Whoever is newly heard of is dialled at once.
inline mesh::dialer_options unpaced() { return {.dial_interval = 0ms}; }

/// A dialer of node 5 and its clock.
struct game {
  rng random{1};
  mesh::dialer_options options = unpaced();
  mesh::dialer under_test{options, id_of(5), random};
  time_point now = begin;

  game() = default;
  explicit game(const mesh::dialer_options& with) : options(with), under_test(with, id_of(5), random) {}

  std::vector<mesh::dial_request> due() {
    under_test.on_timeout(now);
    return under_test.take_requests();
  }
  /// Lets time pass until something is dialled.
  mesh::dial_request next() {
    now = std::max(now, under_test.next_timeout());
    const auto requests = due();
    BOOST_REQUIRE_EQUAL(requests.size(), 1);
    return requests[0];
  }
  /// True if nothing is dialled however long one waits.
  bool quiet() {
    if (under_test.next_timeout() == time_point::max()) return true;
    now = std::max(now, under_test.next_timeout());  // It may be early.
    return due().empty() && under_test.next_timeout() == time_point::max();
  }
};

}  // namespace askr::test
