// SPDX-License-Identifier: MIT
#pragma once

/// The systems that events are measured with in this very program.

#include "bench/events.hpp"

#include <askr/options.hpp>

namespace askr::bench {

struct askr_event_options {
  bool unix_links = true;
  compression_mode compression = compression_mode::adaptive;
  bool json = false;  ///< Payloads that compress as JSON does.
};

std::unique_ptr<event_system> make_askr_events(const event_options& options, const askr_event_options& how);
/// TCP with askr's framing and batching, and nothing else: each event is written once per subscriber.
std::unique_ptr<event_system> make_raw_events(const event_options& options);

byte_buffer make_payload(std::size_t bytes, bool json);

int run_raw_subscriber(arguments& given);

}  // namespace askr::bench
