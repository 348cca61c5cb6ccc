// SPDX-License-Identifier: MIT
#pragma once

/// What a client serves: its handlers, and the commands that they are at work on.

#include "libaskr/src/stream_feed.hpp"
#include "transport/client_message.hpp"

#include <askr/command.hpp>
#include <askr/handler.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace askr {

/// What a blocking or deferred handler is to be started with; the answer comes back to client_core::on_answer().
struct client_job {
  std::uint64_t serving = 0;
  std::shared_ptr<detail::handler> handler;
  command asked;
  std::shared_ptr<stream_feed> feed;  ///< Of one that answers in parts: to be opened first; it calls on_parts().
};

/// A command that a handler is at work on.
struct served_command {
  transport::message_id mid;
  std::stop_source stop;
  std::shared_ptr<stream_feed> feed = {};    ///< Null unless it answers in parts.
  std::uint64_t parts = 0;                   ///< Said so far.
  std::optional<result<payload>> last = {};  ///< The outcome, behind parts that wait for credit.
};

class client_services {
 public:
  explicit client_services(std::size_t serving_max) : serving_max_(serving_max) {}

  /// True if nothing of that name was served before.
  bool set(std::string name, std::shared_ptr<detail::handler> handler);
  /// False if there was none.
  bool remove(std::string_view name);
  const auto& handlers() const noexcept { return handlers_; }

  /// Runs an immediate handler, or refuses: the view is valid until the next call. Nothing: there is a job to start.
  std::optional<result<payload_view>> run(time_point now, const transport::client_message& asked);
  std::vector<client_job> take_jobs() { return std::exchange(jobs_, {}); }

  /// Null if the answer is of no use any more.
  served_command* find(std::uint64_t serving);
  /// 0 if there is none.
  std::uint64_t find(const transport::message_id& mid) const;
  /// Answered.
  void finish(std::uint64_t serving);
  /// Nobody waits for it: its handler is told.
  void cancel(const transport::message_id& mid);
  /// The connection is gone: nobody waits for anything that is being worked on.
  void forget_callers();

 private:
  std::optional<error> start(time_point now, const transport::client_message& asked,
                             const std::shared_ptr<detail::handler>& handler);
  static void give_up(served_command& which);

  std::size_t serving_max_;
  std::map<std::string, std::shared_ptr<detail::handler>, std::less<>> handlers_;
  std::map<std::uint64_t, served_command> serving_;
  std::uint64_t last_serving_ = 0;
  std::vector<client_job> jobs_;
  byte_buffer answer_;
};

}  // namespace askr
