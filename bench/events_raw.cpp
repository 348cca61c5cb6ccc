// SPDX-License-Identifier: MIT
#include "bench/events_systems.hpp"
#include "bench/raw_stream.hpp"
#include "bench/sockets.hpp"

#include <deque>
#include <stdexcept>

#include <unistd.h>

namespace askr::bench {
namespace {

/// Framed, buffered, and written to all at the end of a turn.
class raw_source : public event_source {
 public:
  void add(int socket) { streams_.emplace_back(socket); }

  void emit(byte_span payload) override {
    for (auto& each : streams_) each.append(0, payload);
  }

  void flush() override {
    for (auto& each : streams_) {
      if (!each.flush_all()) throw std::runtime_error("a raw subscriber is gone");
    }
  }

 private:
  std::deque<raw_stream> streams_;
};

class raw_events : public event_system {
 public:
  explicit raw_events(const event_options& options) : emitting_(options, source_) {
    std::uint16_t port = 0;
    const int listener = listen_anywhere(port, static_cast<int>(options.subscribers));
    emitting_.start_subscribers("raw-subscriber", {"--port", std::to_string(port)}, "");
    for (std::size_t i = 0; i < options.subscribers; ++i) source_.add(accept_one(listener));
    ::close(listener);
    emitting_.wait_until_ready();
  }

  event_round run(std::chrono::nanoseconds length) override { return emitting_.run(length); }
  event_totals finish() override { return emitting_.finish(); }

 private:
  emitting_system emitting_;
  raw_source source_;  // Goes first: its end is the subscribers' end.
};

}  // namespace

std::unique_ptr<event_system> make_raw_events(const event_options& options) {
  return std::make_unique<raw_events>(options);
}

int run_raw_subscriber(arguments& given) {
  event_counter heard(given);
  const auto port = static_cast<std::uint16_t>(given.take_integer("--port", 0, 1, 65535));
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  given.finish();
  pin_server(where);
  raw_stream stream(connect_to(port));
  for (bool there = true; there;) {
    if (stream.wait(1h)) there = stream.read([&](std::uint64_t, byte_span payload) { heard.on_event(payload); });
  }
  return 0;
}

}  // namespace askr::bench
