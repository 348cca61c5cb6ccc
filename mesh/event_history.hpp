// SPDX-License-Identifier: MIT
#pragma once

/// The last events of each topic, kept where they are emitted: who missed some can have them again, and what is gone is
/// said exactly. The other end, where events arrive, is event_order. No I/O, no clock.

#include <askr/bytes.hpp>
#include <askr/encoding.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr::mesh {

/// Counts the events of one topic in one life of its origin, from 1.
using event_sequence = std::uint64_t;

/// Events `from` to `to`, both included.
struct sequence_range {
  event_sequence from = 0;
  event_sequence to = 0;

  bool operator==(const sequence_range&) const = default;
};

struct event_history_options {
  std::size_t events_max = 1024;           ///< Kept per topic. 0 = none.
  std::size_t bytes_max = 1 << 20;         ///< Payloads kept per topic; a larger one empties its topic's history.
  std::size_t total_bytes_max = 64 << 20;  ///< Memory for it of all topics; those used longest ago are emptied first.
  std::size_t topics_max = 65536;          ///< A row of about 200 bytes each; the one used longest ago is forgotten.
};

/// A view: valid until the next append.
struct past_event {
  event_sequence sequence = 0;
  encoding kind = encoding::msgpack;
  byte_span data;
};

struct replay {
  std::optional<sequence_range> missing;  ///< Asked for, and gone for ever: comes before `events`.
  std::vector<past_event> events;         ///< In order and without holes.
};

class event_history {
 public:
  explicit event_history(const event_history_options& options = {}) : options_(options) {}

  /// The topic's next event was emitted. No allocation in steady state; copies the payload.
  void append(std::string_view topic, event_sequence sequence, encoding kind, byte_span data);

  /// Gives the memory of the topic's events back.
  void forget(std::string_view topic);

  /// Events after `after`.
  replay since(std::string_view topic, event_sequence after, std::size_t events_max = 1024);
  /// The last `count` events; what the topic never had is not missing.
  replay last(std::string_view topic, std::size_t count);
  /// For a pull. `missing` may reach beyond the wanted range: then nothing before its end is left.
  replay range(std::string_view topic, sequence_range wanted, std::size_t events_max = 1024);
  /// Sequence of the topic's last event; 0 if none was appended or the topic is forgotten.
  event_sequence last_sequence(std::string_view topic) const;

  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t topics() const noexcept { return topics_.size(); }

 private:
  struct entry {
    std::size_t begin = 0;
    std::uint32_t size = 0;
    encoding kind = encoding::msgpack;
  };
  /// Payloads lie one after the other in a ring of bytes; one that does not fit before the end begins at 0 again.
  struct row {
    std::string topic;
    event_sequence last = 0;
    byte_buffer bytes;
    std::vector<entry> entries;  ///< A ring, too: event s is at s % entries.size().
    std::size_t count = 0;       ///< Events held: last - count + 1 to last.

    event_sequence first() const noexcept { return last - count + 1; }
    const entry& at(event_sequence sequence) const noexcept { return entries[sequence % entries.size()]; }
    entry& at(event_sequence sequence) noexcept { return entries[sequence % entries.size()]; }
    /// Where `size` more bytes may go without touching held ones.
    std::optional<std::size_t> room(std::size_t size) const noexcept;
    void clear() noexcept { count = 0; }
  };
  using recency = std::list<row>;

  row& touch(std::string_view topic);
  row* find(std::string_view topic);
  void push(row& to, encoding kind, byte_span data);
  std::optional<std::size_t> place(row& in, std::size_t size);
  bool grow_bytes(row& which, std::size_t size);
  void grow_entries(row& which);
  void empty(row& which);
  bool make_room(std::size_t bytes, const row& spared);

  event_history_options options_;
  recency rows_;                                                    ///< The one used last is at the back.
  std::unordered_map<std::string_view, recency::iterator> topics_;  ///< Keys view into the rows.
  std::size_t bytes_ = 0;                                           ///< Memory of all rings.
};

}  // namespace askr::mesh
