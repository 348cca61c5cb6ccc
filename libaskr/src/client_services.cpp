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

command make_owned(time_point now, const client_message& asked, principal who) {
  auto owned = std::make_shared<owned_command>();
  owned->name = asked.name;
  owned->data = payload(payload_view(asked.data, asked.data_encoding));
  owned->who = std::move(who);
  return {.name = owned->name,
          .data = owned->data.view(),
          .asked_by = &owned->who,
          .deadline = deadline_of(now, asked),
          .depth = 0,
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
  if (handler->streams) return error{errc::unsupported, "a client does not answer in parts"};
  principal who;
  who.name = asked.from;
  if (handler->how != detail::handler::mode::immediate) {
    if (serving_.size() >= serving_max_) return error{errc::overloaded, "too many commands are being worked on"};
    serving_.emplace(++last_serving_, asked.mid);
    jobs_.push_back({last_serving_, handler, make_owned(now, asked, std::move(who))});
    return std::nullopt;
  }
  answer_.clear();
  const command view{.name = asked.name,
                     .data = payload_view(asked.data, asked.data_encoding),
                     .asked_by = &who,
                     .deadline = deadline_of(now, asked)};
  const auto kind = answer_or_error(handler->answer, view, answer_);
  if (!kind) return kind.error();
  return payload_view(answer_, *kind);
}

std::optional<transport::message_id> client_services::finish(std::uint64_t serving) {
  const auto found = serving_.find(serving);
  if (found == serving_.end()) return std::nullopt;
  const auto mid = found->second;
  serving_.erase(found);
  return mid;
}

void client_services::cancel(const transport::message_id& mid) {
  std::erase_if(serving_, [&](const auto& each) { return each.second == mid; });
}

}  // namespace askr
