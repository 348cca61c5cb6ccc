// SPDX-License-Identifier: MIT
#pragma once

/// Those on this node who listen: its own listeners and its clients' sessions. They are handed events in order, and
/// told where some are missing.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/event_replays.hpp"
#include "libaskr/src/subscriptions.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/handler.hpp>
#include <askr/options.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class session_table;

using gap_listener = detail::unique_function<void(const event_gap&)>;

class event_audience {
 public:
  event_audience(const node_limits& limits, subscriptions& table, session_table& sessions, event_replays& replays,
                 counters& counts);

  /// False if there are too many.
  bool add_listener(std::uint64_t id, std::string_view pattern, detail::listener listener, gap_listener on_gap);
  void remove_listener(std::uint64_t id);

  /// `matched` may name nodes, too: they are passed over.
  void deliver(const std::vector<subscriber>& matched, const event& what);
  void report(const std::vector<subscriber>& matched, const event_gap& what);
  /// To one alone, of what it had to wait for.
  void deliver_to(const subscriber& who, const event& what);
  void report_to(const subscriber& who, const event_gap& what);

 private:
  void deliver_numbered(const subscriber& who, const event& what, std::uint64_t number);
  struct listener_row {
    std::string pattern;
    detail::listener call;
    gap_listener on_gap;
  };

  template <class Call>
  void call(std::uint64_t listener, Call how);

  const node_limits& limits_;
  subscriptions& table_;
  session_table& sessions_;
  event_replays& replays_;
  counters& counts_;
  std::unordered_map<std::uint64_t, std::shared_ptr<listener_row>> listeners_;
};

}  // namespace askr
