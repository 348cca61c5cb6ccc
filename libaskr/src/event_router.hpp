// SPDX-License-Identifier: MIT
#pragma once

/// Events: numbered per topic where they are emitted, sent once over each link that leads to a listener, and handed to
/// this node's listeners and sessions. Order per origin and topic follows from one queue per link. No I/O.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/self_description.hpp"
#include "libaskr/src/subscriptions.hpp"

#include <askr/counters.hpp>
#include <askr/event.hpp>
#include <askr/handler.hpp>
#include <askr/options.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class peer_table;
class session_table;

class event_router {
 public:
  event_router(const node_limits& limits, const self_description& self, peer_table& peers,
               session_table& sessions, counters& counts);

  /// From this node's code or one of its clients. Fails with denied, overloaded (too many topics) or too_large.
  result<void> emit(const principal& who, std::string_view topic, payload_view data);
  /// From a peer: for this node's listeners and sessions only.
  void on_event(const event& heard);

  /// False if there are too many listeners.
  bool add_listener(std::uint64_t id, std::string_view pattern, detail::listener listener);
  void remove_listener(std::uint64_t id);

  subscriptions& table() noexcept { return subscriptions_; }

 private:
  struct listener_row {
    std::string pattern;
    detail::listener call;
  };

  void deliver(const subscriber& to, const event& what);
  void hear(std::uint64_t listener, const event& what);

  const node_limits& limits_;
  const self_description& self_;
  peer_table& peers_;
  session_table& sessions_;
  counters& counts_;
  subscriptions subscriptions_;
  std::map<std::uint64_t, std::shared_ptr<listener_row>> listeners_;

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint64_t, text_hash, std::equal_to<>> sequences_;
  std::vector<subscriber> matched_;
};

}  // namespace askr
