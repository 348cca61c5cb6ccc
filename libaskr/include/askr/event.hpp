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
  node_id origin;                 ///< The node where it was emitted.
  std::string_view origin_name;
  incarnation epoch = 0;          ///< That node's incarnation: sequences start again when it changes.
  std::uint64_t sequence = 0;     ///< Counts the events of this origin and topic, from 1.

  /// Throws failure(errc::bad_payload) if the payload is not a T.
  template <class T>
  T as() const {
    return data.as<T>();
  }
};

}  // namespace askr
