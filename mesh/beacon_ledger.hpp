// SPDX-License-Identifier: MIT
#pragma once

/// What came of beacons: on each interface how many went out, came back and came from others; which sources sent what
/// is not ours; and whose clocks differ. It bounds the work that a flood can cause, and `askr doctor` explains from it.

#include "mesh/token_bucket.hpp"

#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace askr::mesh {

class beacon_ledger {
 public:
  static constexpr std::size_t sources_max = 1024;
  static constexpr std::size_t clocks_max = 1024;

  /// Beacons by one interface and IP family.
  struct route {
    std::string problem;  ///< Why it cannot be used; empty: it can.
    std::uint64_t sent = 0;
    std::uint64_t came_back = 0;
    std::uint64_t from_others = 0;
    time_point first_sent{};
  };
  struct source {
    std::uint64_t other_workspace = 0;  ///< Or this one with another secret.
    std::uint64_t wrong_mac = 0;
    std::uint64_t malformed = 0;
    std::uint64_t other_network = 0;  ///< Ours and authentic, but from no network of the interface; the sender listens
    std::uint16_t port = 0;           ///< here.
    time_point last{};
    token_bucket news{news_per_second, news_burst};
  };

  /// Before anything is read of a datagram: false if there were too many.
  bool may_read(time_point now) { return reads_.take(now); }
  /// A beacon of another node that is news: false if it is one too many, from there or in all.
  bool may_follow(time_point now, const std::string& from, bool from_this_host);

  route& on(const std::string& interface, bool ipv6) { return routes_[{interface, ipv6}]; }
  void forget_route(const std::string& interface, bool ipv6) { routes_.erase({interface, ipv6}); }
  source& from(time_point now, const std::string& address);
  /// How far another node's clock is ahead.
  void set_clock(const node_id& id, std::int64_t ahead_ms);

  using route_key = std::pair<std::string, bool>;  ///< Interface; by IPv6?
  const std::map<route_key, route>& routes() const noexcept { return routes_; }
  const std::map<std::string, source>& sources() const noexcept { return sources_; }
  const std::map<node_id, std::int64_t>& clocks() const noexcept { return clocks_; }

 private:
  static constexpr double reads_per_second = 10'000;
  static constexpr double reads_burst = 1'000;
  static constexpr double followed_per_second = 200;
  static constexpr double news_per_second = 5;  ///< Of one source off this host.
  static constexpr double news_burst = 64;

  token_bucket reads_{reads_per_second, reads_burst};
  token_bucket followed_{followed_per_second, followed_per_second};
  std::map<route_key, route> routes_;
  std::map<std::string, source> sources_;
  std::map<node_id, std::int64_t> clocks_;
};

}  // namespace askr::mesh
