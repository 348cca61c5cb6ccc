// SPDX-License-Identifier: MIT
#pragma once

/// What the rivals' adapters share. An adapter is a program `ROLE --pin P [VARIANT]`: as `rpc` and `events` it
/// measures, by the harness's own load and books, and starts its other roles as processes of their own. askr-bench
/// tells it on stdin what each round shall be and reads on stdout what it came to.

#include "bench/arguments.hpp"
#include "bench/events.hpp"
#include "bench/requester.hpp"

#include <condition_variable>
#include <mutex>
#include <vector>

namespace askr::bench {

/// For what is told nothing any more: the process ends when its stdin does. Starts a thread, so pin first.
void end_with_input();

/// Rounds until stdin ends.
int serve_rounds(requester& measured);
int serve_rounds(event_system& measured);

/// Takes --payload, --subscribers and --in-flight.
event_options take_event_options(arguments& given, pinning where);

/// The roles of an adapter; what it was started as is the first word.
struct adapter_roles {
  using role = int (*)(arguments& given, pinning where);
  role requester;   ///< `rpc`
  role server;      ///< `server`
  role emitter;     ///< `events`
  role subscriber;  ///< `subscriber`
};
int run_adapter(int count, char** values, const adapter_roles& roles);

/// For libraries that call back on threads of their own: requests are made and answered under one lock.
class callback_requester : public requester {
 public:
  round_result run(load_options options) override;

 protected:
  /// From run() and on_reply(), under the lock.
  virtual void request(std::size_t which, byte_span payload) = 0;
  /// From any thread; an empty reply is an error.
  void on_reply(std::size_t which, byte_span reply);
  /// Several at once, of which the last may make requests that were held back go.
  virtual void flush() {}
  void add_process(pid_t other) { others_.push_back(other); }

 private:
  std::mutex guard_;
  std::condition_variable changed_;
  load* requests_ = nullptr;
  std::vector<pid_t> others_;
};

}  // namespace askr::bench
