// SPDX-License-Identifier: MIT
#pragma once

/// What a client listens to: its listeners, which patterns the node must therefore be subscribed to, and how far each
/// topic of each node was heard, so that another connection can go on from there.

#include "libaskr/src/subscriptions.hpp"
#include "transport/client_message.hpp"

#include <askr/handler.hpp>
#include <askr/listen_options.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class client_listeners {
 public:
  /// True if it is the first of this pattern.
  bool add(std::uint64_t id, std::string pattern, detail::listener listener, listen_options options);
  /// The pattern, if this was its last listener.
  std::optional<std::string> remove(std::uint64_t id);
  /// The patterns in use, sorted, with how many listen to each.
  const std::map<std::string, std::size_t, std::less<>>& patterns() const noexcept { return patterns_; }

  /// What is to be asked for when a pattern is subscribed to.
  struct wish {
    std::size_t last = 0;
    std::vector<event_position> since = {};
    overflow_policy overflow = overflow_policy::drop_oldest;
    std::optional<milliseconds> ready_timeout = {};  ///< Somebody waits to hear how many nodes are ready.
  };
  wish wanted(std::string_view pattern) const;
  /// How far the topics that match were heard; views until the next event.
  std::vector<transport::client_position> positions(std::string_view pattern) const;

  /// Calls each listener that matches once, unless the event was heard before. False if one of them threw.
  bool hear(const event& heard);
  bool report(const event_gap& gap);
  /// Those who wait for it are told.
  void on_ready(std::string_view pattern, const listen_ready& how);

 private:
  struct row {
    std::string pattern;
    detail::listener call;
    listen_options options;
  };
  struct place {
    std::string origin;
    incarnation epoch = 0;
    std::uint64_t sequence = 0;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  /// False if it was there already.
  bool go_to(std::string_view topic, std::string_view origin, incarnation epoch, std::uint64_t sequence);
  template <class Call>
  bool for_each_match(std::string_view topic, Call call);

  std::unordered_map<std::uint64_t, std::shared_ptr<row>> rows_;
  std::map<std::string, std::size_t, std::less<>> patterns_;
  subscriptions table_;
  std::unordered_map<std::string, std::vector<place>, text_hash, std::equal_to<>> places_;
  std::size_t places_count_ = 0;
  std::vector<subscriber> matched_;
};

}  // namespace askr
