// SPDX-License-Identifier: MIT
#pragma once

/// Subscribers that want the past first: the last events of each topic, or those after a place where they stopped
/// listening. As soon as an origin has said where its topics stand, what is wanted of them is pulled from its history
/// and handed on in order; what comes live meanwhile is held, and follows, each event once. What is gone, or does not
/// come in time, is a gap. No I/O, no clock; docs/protocol.md, "The past".

#include "libaskr/src/subscriptions.hpp"
#include "mesh/event_order.hpp"

#include <askr/event.hpp>
#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace askr {

/// How far a subscriber has heard a topic of an origin.
struct stream_position {
  std::string topic;
  node_id origin;
  std::string origin_name;
  incarnation epoch = 0;
  mesh::event_sequence sequence = 0;
};

struct replay_options {
  std::size_t last = 0;                ///< Of each topic of each origin,
  std::vector<stream_position> since;  ///< or what came after these.
};

/// To be handed to one subscriber, in the order in which it is taken.
struct replayed {
  subscriber who;
  mesh::ordered what;
  std::string origin_name;  ///< If it is known.
  gap_cause why = gap_cause::lost;
};

class event_replays {
 public:
  /// `origins`: whose topics are not known yet, with what they have to have applied. They are waited for until `due`.
  void start(time_point now, subscriber who, std::string pattern, replay_options options, std::uint64_t generation,
             const std::vector<node_id>& origins);
  void stop(subscriber who);
  bool empty() const noexcept { return replays_.empty(); }

  /// True if it was kept, to be handed on later.
  bool hold(subscriber who, const event& what);
  bool hold(subscriber who, const event_gap& what);

  using heads = std::vector<std::pair<std::string, mesh::event_sequence>>;
  /// The origin has applied the interest `generation`; `next`: where its topics stand.
  void on_origin_known(time_point now, const node_id& origin, incarnation life, std::uint64_t generation,
                       const heads& next);
  /// True if some replay waits for it.
  bool waits_for(const node_id& origin) const noexcept;
  void on_past_event(time_point now, std::uint64_t request, const event& heard);
  void on_gone(time_point now, std::uint64_t request, const node_id& origin, std::string_view topic,
               mesh::sequence_range gone);
  void on_origin_lost(const node_id& origin);

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return next_timeout_; }

  struct pull {
    std::uint64_t request = 0;
    mesh::event_pull what;
  };
  std::vector<pull> take_pulls() { return std::exchange(pulls_, {}); }
  std::vector<replayed> take_replayed() { return std::exchange(out_, {}); }
  bool has_output() const noexcept { return !pulls_.empty() || !out_.empty(); }

 private:
  /// What is wanted of one topic of one origin, from `next` to `last`.
  struct stream {
    incarnation life = 0;
    mesh::event_sequence next = 0;
    mesh::event_sequence last = 0;
    mesh::event_sequence pulled_to = 0;
    time_point pull_at;
    int tries = 0;
  };
  using stream_key = std::pair<node_id, std::string>;
  struct replay {
    std::string pattern;
    replay_options options;
    std::uint64_t generation = 0;
    std::uint64_t request = 0;
    time_point due;
    std::set<node_id> waiting;
    std::map<stream_key, stream> streams;
    std::deque<replayed> held;
    std::size_t held_bytes = 0;
  };
  using table = std::map<subscriber, replay>;

  bool keep(subscriber who, replay& in, const mesh::ordered& what, std::string_view name, gap_cause why);
  void open(time_point now, subscriber who, replay& in, const node_id& origin, incarnation life, const heads& next);
  mesh::event_sequence first_wanted(subscriber who, const replay& in, const node_id& origin, incarnation life,
                                    std::string_view topic, mesh::event_sequence next);
  void report(subscriber who, const stream_position& at, incarnation life, gap_cause why);
  void pull_more(time_point now, replay& in, const stream_key& key, stream& of);
  void settle(time_point now, subscriber who, replay& in, std::map<stream_key, stream>::iterator at);
  void give_up(subscriber who, const stream_key& key, stream& of);
  void release(replay& in, const node_id& origin, std::string_view topic, mesh::event_sequence next);
  void release_all_of(replay& in, const node_id& origin);
  void forget_waiting(subscriber who, replay& in, const node_id& origin);
  table::iterator end_if_done(table::iterator at);
  std::pair<subscriber, replay*> find(std::uint64_t request) noexcept;
  bool take_token(time_point now);
  void wake_at(time_point due) { next_timeout_ = std::min(next_timeout_, due); }

  table replays_;
  std::uint64_t requests_ = 0;
  double tokens_ = 0;
  time_point tokens_at_;
  time_point next_timeout_ = time_point::max();
  std::vector<pull> pulls_;
  std::vector<replayed> out_;
};

}  // namespace askr
