// SPDX-License-Identifier: MIT
#pragma once

/// What a listener is handed: a topic, a payload, and where it came from.

#include <askr/node_id.hpp>
#include <askr/payload.hpp>

#include <cstdint>
#include <string_view>

namespace askr {

/// A view: valid only during the listener's call. Copy what must outlive it.
struct event {
  std::string_view topic;
  payload_view data;
  node_id origin;  ///< The node where it was emitted.
  std::string_view origin_name;
  incarnation epoch = 0;       ///< That node's incarnation: sequences start again when it changes.
  std::uint64_t sequence = 0;  ///< Counts the events of this origin and topic, from 1.

  /// Throws failure(errc::bad_payload) if the payload is not a T.
  template <class T>
  T as() const {
    return data.as<T>();
  }
};

/// Why a listener does not get some events.
enum class gap_cause : std::uint8_t {
  lost,              ///< Their origin does not keep them any more, or did not answer in time.
  skipped,           ///< This listener did not take them fast enough.
  origin_restarted,  ///< The origin has begun a new life, in which it counts anew; what was not heard of the old is
                     ///< lost.
  origin_lost,       ///< The origin is not there to be asked.
};

std::string_view to_string(gap_cause why) noexcept;

/// What becomes of the events of one subscription while its connection does not take them as fast as they come. Drops
/// are told as gaps (gap_cause::skipped), and are not asked for again.
enum class overflow_policy : std::uint8_t {
  drop_oldest,  ///< The last ones are kept, within session_limits::overflow_bytes_max.
  drop_newest,
  keep_latest,  ///< The last of each topic is kept.
  disconnect,   ///< The connection is closed with 1008.
};

std::string_view to_string(overflow_policy how) noexcept;

/// Events that a listener does not get, told in their place. A view, as event.
struct event_gap {
  std::string_view topic;
  node_id origin;
  std::string_view origin_name;
  incarnation epoch = 0;   ///< The one that has begun, if the origin restarted.
  std::uint64_t from = 0;  ///< Events `from` to `to`, both included,
  std::uint64_t to = 0;    ///< or 0: how many is not known.
  gap_cause why = gap_cause::lost;
};

}  // namespace askr
