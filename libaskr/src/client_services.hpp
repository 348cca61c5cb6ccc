// SPDX-License-Identifier: MIT
#pragma once

/// What a client serves: its handlers, and the commands that they are at work on.

#include "transport/client_message.hpp"

#include <askr/command.hpp>
#include <askr/handler.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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

  /// Whom to answer; nothing if the answer is of no use any more.
  std::optional<transport::message_id> finish(std::uint64_t serving);
  void cancel(const transport::message_id& mid);
  /// The connection is gone: nobody waits for what is being worked on.
  void forget_callers() noexcept { serving_.clear(); }

 private:
  std::size_t serving_max_;
  std::map<std::string, std::shared_ptr<detail::handler>, std::less<>> handlers_;
  std::map<std::uint64_t, transport::message_id> serving_;
  std::uint64_t last_serving_ = 0;
  std::vector<client_job> jobs_;
  byte_buffer answer_;
};

}  // namespace askr
