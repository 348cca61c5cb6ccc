// SPDX-License-Identifier: MIT
#pragma once

/// Events as they arrive, put into the order in which they were emitted: each once, none out of turn, none lost
/// silently. What comes too early is held, within bounds, while the origin is asked for what is missing (a pull); what
/// it no longer has, or does not answer in time, is reported as a gap. Paths change and links skip, so all of this
/// happens without anybody's fault. (docs/protocol.md, "Event") No I/O, no clock; the usual case, the next event,
/// copies and allocates nothing.

#include "mesh/event_history.hpp"

#include <askr/node_id.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr::mesh {

struct event_order_options {
  duration pull_after = milliseconds(10);           ///< A gap often closes by itself when a path changes.
  duration pull_again = milliseconds(500);          ///< Without an answer.
  duration give_up = seconds(2);                    ///< Without progress: the gap is reported.
  std::size_t pull_events_max = 256;                ///< Asked for at once.
  double pulls_per_second = 100;                    ///< Of all topics together, with as many at once.
  std::size_t held_events_max = 1024;               ///< Per topic and origin,
  std::size_t held_bytes_max = 16 << 20;            ///< and of all,
  std::size_t held_bytes_per_origin_max = 4 << 20;  ///< and of one origin. Above these, gaps are reported at once.
  std::size_t gaps_max = 1024;                      ///< Streams under repair at once,
  std::size_t gaps_per_origin_max = 256;            ///< and of one origin.
  std::size_t streams_max = 65536;                  ///< Topics of all origins; the one heard longest ago is forgotten,
  std::size_t streams_per_origin_max = 16384;       ///< and of one origin: of its own the one heard longest ago.
};

/// An event as it came in. Views: valid during the call.
struct arrival {
  node_id origin;
  incarnation life = 0;
  std::string_view topic;
  event_sequence sequence = 0;
  encoding kind = encoding::msgpack;
  byte_span data;
  bool repair =
      true;  ///< False if no subscriber here wants the past: then a gap is reported at once, and nothing is held.
};

/// What was held or is known to be lost. To be handed on in the order in which it is taken.
struct ordered {
  enum class what : std::uint8_t {
    event,
    gap,               ///< Events sequence to `last` are lost.
    origin_restarted,  ///< The life before ended after `sequence` - 1, as far as is known; counting begins anew.
  };
  what is = what::event;
  node_id origin;
  incarnation life = 0;
  std::string topic;
  event_sequence sequence = 0;
  event_sequence last = 0;
  encoding kind = encoding::msgpack;
  byte_buffer data;
};

/// To be sent to the origin, which answers with events and, where they are gone, with what event_history::range says.
struct event_pull {
  node_id origin;
  incarnation life = 0;
  std::string topic;
  sequence_range wanted;
};

class event_order {
 public:
  explicit event_order(const event_order_options& options = {});

  enum class verdict : std::uint8_t {
    deliver,    ///< It is the next one: hand it on before what take_ordered() has.
    held,       ///< It is, or will be, in take_ordered().
    duplicate,  ///< Had before, or of an earlier life.
  };
  /// Call take_ordered() afterwards whatever the verdict, and after each of the calls below.
  verdict on_event(time_point now, const arrival& in);

  /// The origin knows what is wanted here. `next`: for topics that had events before, the first that will be sent; all
  /// others start at 1.
  void on_interest_applied(time_point now, const node_id& origin, incarnation life,
                           const std::vector<std::pair<std::string, event_sequence>>& next);
  /// The topic's last event so far, as told by the origin (heads) or a link that had to skip some.
  void on_head(time_point now, const node_id& origin, incarnation life, std::string_view topic, event_sequence last,
               bool repair = true);
  /// The origin says that these are gone.
  void on_missing(time_point now, const node_id& origin, incarnation life, std::string_view topic, sequence_range gone);

  /// The origin is gone for good: what was held is let go, with its gaps. All rows of it go.
  void forget(const node_id& origin);
  /// Nobody here listens to the topics any more that `unwanted` says yes to.
  template <class Predicate>
  void forget_topics(Predicate unwanted) {
    for (auto each = streams_.begin(); each != streams_.end();) {
      const auto at = each++;
      if (unwanted(std::string_view(at->topic))) erase(at);
    }
  }

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return next_timeout_; }
  std::vector<ordered> take_ordered() { return std::exchange(ordered_, {}); }
  bool has_ordered() const noexcept { return !ordered_.empty(); }
  std::vector<event_pull> take_pulls() { return std::exchange(pulls_, {}); }

  /// Calls visit(topic, next) for each topic of an origin in this life.
  template <class Visit>
  void for_each_stream(const node_id& origin, incarnation life, Visit visit) const {
    const auto row = origins_.find(origin);
    if (row == origins_.end() || row->second.life != life) return;
    for (const auto& [topic, at] : row->second.streams) visit(topic, at->next);
  }
  std::size_t streams() const noexcept { return streams_.size(); }
  /// Forgotten for want of room, so far.
  std::uint64_t streams_dropped() const noexcept { return streams_dropped_; }
  std::size_t under_repair() const noexcept { return broken_.size(); }
  std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  struct held_event {
    encoding kind = encoding::msgpack;
    byte_buffer data;
  };
  struct origin_row;
  /// One topic of one origin. Broken while something is missing before `held`, or up to `last_known`.
  struct stream {
    node_id origin;
    origin_row* row = nullptr;
    stream* older = nullptr;  ///< Of the same origin, in the order in which they were heard last.
    stream* newer = nullptr;
    incarnation life = 0;
    std::string topic;
    event_sequence next = 1;
    event_sequence assumed = 0;     ///< It was taken to begin here, before its origin said where; 0: it had.
    event_sequence last_known = 0;  ///< Emitted for sure.
    event_sequence pulled_to = 0;
    std::map<event_sequence, held_event> held;
    bool broken = false;
    time_point progress;
    time_point pull_at;
  };
  using recency = std::list<stream>;
  struct origin_row {
    incarnation life = 0;
    bool interest_applied = false;                                    ///< So a topic not heard of yet starts at 1.
    std::unordered_map<std::string_view, recency::iterator> streams;  ///< Keys view into the streams.
    stream* oldest = nullptr;
    stream* newest = nullptr;
    std::size_t held_bytes = 0;
    std::size_t broken = 0;
  };

  /// Null if it is of an earlier life.
  origin_row* enter(const node_id& origin, incarnation life);
  void restart(origin_row& row, incarnation life);
  std::vector<recency::iterator> by_topic(const origin_row& row) const;
  stream* find(origin_row& row, std::string_view topic);
  stream& open(origin_row& row, const node_id& origin, std::string_view topic, event_sequence next);
  void make_room(origin_row& row);
  void drop(stream& which);
  void erase(recency::iterator which);
  static void join(stream& which);
  static void leave(stream& which);
  void let_go(const stream& of, const held_event& which) noexcept;

  void report_before(const origin_row& row, const std::vector<std::pair<std::string, event_sequence>>& next);
  verdict hold(time_point now, stream& in, const arrival& what);
  bool too_much(const stream& in) const noexcept;
  /// What is missing next; `from` is above `to` if nothing is.
  static sequence_range missing(const stream& in) noexcept;
  /// Begins, goes on with, or ends the repair. `before`: what was next before.
  void update(time_point now, stream& which, event_sequence before);
  void begin_repair(time_point now, stream& which);
  void end_repair(stream& which);
  void pull(time_point now, stream& which);
  bool take_token(time_point now);
  void give_up(stream& in);
  void skip_to(stream& in, event_sequence last_lost);
  void flush(stream& in);
  void wake_at(time_point due) { next_timeout_ = due < next_timeout_ ? due : next_timeout_; }

  event_order_options options_;
  recency streams_;  ///< The one heard last is at the back.
  std::unordered_map<node_id, origin_row> origins_;
  std::vector<stream*> broken_;
  std::size_t held_bytes_ = 0;
  std::uint64_t streams_dropped_ = 0;
  double tokens_;
  time_point tokens_at_;
  time_point next_timeout_ = time_point::max();
  std::vector<ordered> ordered_;
  std::vector<event_pull> pulls_;
};

}  // namespace askr::mesh
