// SPDX-License-Identifier: MIT
#pragma once

/// One node that might be dialled, or one seed: where it may be reached, what became of the last attempt at each
/// address, and the race that is on. The dialer owns the candidates and decides when; this decides in which order.

#include <askr/endpoint.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace askr::mesh {

/// How to connect. A node's unix socket has a name that follows from its endpoint, and answers on its own host only.
enum class dial_way : std::uint8_t { tcp, unix_socket };

struct dial_candidate {
  /// One address, and what became of it.
  struct target {
    endpoint to;
    std::string tcp_result;  ///< Empty: not tried yet.
    std::string unix_result;

    std::string& result_of(dial_way way) { return way == dial_way::tcp ? tcp_result : unix_result; }
  };
  struct attempt {
    endpoint to;
    dial_way way = dial_way::tcp;
  };
  enum class reach : std::uint8_t {
    self,   ///< It is our own: never dialled.
    local,  ///< On this host: the unix socket first.
    remote,
  };
  using reach_of = std::function<reach(const endpoint&)>;

  std::optional<node_id> id;
  bool seed = false;
  bool ignored = false;         ///< Not to be dialled for now.
  std::string name;             ///< Of the seed that it is an address of, if that is a DNS name.
  std::vector<target> targets;  ///< The one to try first comes first.
  std::uint32_t failures = 0;   ///< Races lost since the last link.
  std::string last_result = "not tried yet";
  time_point heard;                     ///< When somebody last spoke of it.
  std::uint32_t brief_links = 0;        ///< That went as soon as they had come, since one that stayed.
  time_point linked;                    ///< When its last link came,
  time_point lost = time_point::min();  ///< and when it went.

  std::deque<attempt> ahead;  ///< Of the race that is on: not started yet.
  std::size_t open = 0;       ///< Dials under way.

  bool racing() const noexcept { return open > 0 || !ahead.empty(); }
  /// Puts new addresses behind the one that worked last and before the others; beyond `targets_max` the last are
  /// forgotten. Gives back the new ones.
  std::vector<endpoint> learn(const std::vector<endpoint>& endpoints, std::size_t targets_max);
  /// Lines up attempts at all targets.
  void line_up(const reach_of& where);
  /// The same for these only, behind those that are waiting already.
  void line_up(const std::vector<endpoint>& endpoints, const reach_of& where);
  target* find(const endpoint& to);
  /// This one worked: it comes first from now on.
  void prefer(const endpoint& to);
};

}  // namespace askr::mesh
