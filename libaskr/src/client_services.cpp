// SPDX-License-Identifier: MIT
#include "libaskr/src/client_services.hpp"

#include "libaskr/src/handler_errors.hpp"

#include <askr/assert.hpp>

namespace askr {
namespace {

using transport::client_message;

struct owned_command {
  std::string name;
  payload data;
  principal who;
};

time_point deadline_of(time_point now, const client_message& asked) {
  return now + asked.timeout.value_or(send_options{}.timeout);
}

command make_owned(time_point now, const client_message& asked, std::stop_token stop) {
  auto owned = std::make_shared<owned_command>();
  owned->name = asked.name;
  owned->data = payload(payload_view(asked.data, asked.data_encoding));
  owned->who.name = asked.from;
  return {.name = owned->name,
          .data = owned->data.view(),
          .asked_by = &owned->who,
          .deadline = deadline_of(now, asked),
          .depth = 0,
          .stop = std::move(stop),
          .keeper = owned};
}

}  // namespace

bool client_services::set(std::string name, std::shared_ptr<detail::handler> handler) {
  return handlers_.insert_or_assign(std::move(name), std::move(handler)).second;
}

bool client_services::remove(std::string_view name) {
  const auto found = handlers_.find(name);
  if (found == handlers_.end()) return false;
  handlers_.erase(found);
  return true;
}

std::optional<result<payload_view>> client_services::run(time_point now, const client_message& asked) {
  const auto found = handlers_.find(asked.name);
  if (found == handlers_.end()) {
    return error{errc::no_handler, "Command's callback for " + std::string(asked.name) + " not found"};
  }
  const auto handler = found->second;
  if (handler->how != detail::handler::mode::immediate) {
    if (auto refused = start(now, asked, handler)) return std::move(*refused);
    return std::nullopt;
  }
  principal who;
  who.name = asked.from;
  answer_.clear();
  const command view{.name = asked.name,
                     .data = payload_view(asked.data, asked.data_encoding),
                     .asked_by = &who,
                     .deadline = deadline_of(now, asked)};
  const auto kind = answer_or_error(handler->answer, view, answer_);
  if (!kind) return kind.error();
  return payload_view(answer_, *kind);
}

std::optional<error> client_services::start(time_point now, const client_message& asked,
                                            const std::shared_ptr<detail::handler>& handler) {
  if (serving_.size() >= serving_max_) return error{errc::overloaded, "too many commands are being worked on"};
  if (handler->streams && !asked.stream) {
    return error{errc::unsupported, std::string(asked.name) + " answers in parts: ask for a stream"};
  }
  served_command at_work{.mid = asked.mid, .stop = {}};
  auto owned = make_owned(now, asked, at_work.stop.get_token());
  if (handler->streams) at_work.feed = std::make_shared<stream_feed>();
  owned.parts = at_work.feed;
  jobs_.push_back({++last_serving_, handler, std::move(owned), at_work.feed});
  serving_.emplace(last_serving_, std::move(at_work));
  return std::nullopt;
}

served_command* client_services::find(std::uint64_t serving) {
  const auto found = serving_.find(serving);
  return found == serving_.end() ? nullptr : &found->second;
}

std::uint64_t client_services::find(const transport::message_id& mid) const {
  for (const auto& [serving, each] : serving_) {
    if (each.mid == mid) return serving;
  }
  return 0;
}

void client_services::finish(std::uint64_t serving) {
  const auto found = serving_.find(serving);
  if (found->second.feed) found->second.feed->close();
  serving_.erase(found);
}

void client_services::cancel(const transport::message_id& mid) {
  const auto serving = find(mid);
  if (serving == 0) return;
  auto gone = std::move(serving_.at(serving));
  serving_.erase(serving);
  give_up(gone);
}

void client_services::forget_callers() {
  for (auto& [serving, each] : std::exchange(serving_, {})) give_up(each);
}

// May run what waits for room, and what waits for the end.
void client_services::give_up(served_command& which) {
  which.stop.request_stop();
  if (which.feed) which.feed->close();
}

}  // namespace askr
