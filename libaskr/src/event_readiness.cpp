// SPDX-License-Identifier: MIT
#include "libaskr/src/event_readiness.hpp"

#include "libaskr/src/event_interest.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr std::size_t digests_max = 64;    // An answer to an older interest than these counts as none.
constexpr std::size_t waiters_max = 4096;  // More are told at once how it stands.

}  // namespace

event_readiness::event_readiness() { digests_.push_back(interest_digest({})); }

std::uint64_t event_readiness::generation_of(std::uint64_t digest) const noexcept {
  const auto found = std::find(digests_.rbegin(), digests_.rend(), digest);
  return found == digests_.rend() ? 0 : generation_ - static_cast<std::uint64_t>(found - digests_.rbegin());
}

std::uint64_t event_readiness::applied(const node_id& node) const noexcept {
  const auto found = applied_.find(node);
  return found == applied_.end() ? 0 : generation_of(found->second);
}

void event_readiness::set_interest(const std::vector<std::string>& topics) {
  changed_ = false;
  const auto digest = interest_digest(topics);
  if (digest != digests_.back()) {
    ++generation_;
    digests_.push_back(digest);
    if (digests_.size() > digests_max) digests_.pop_front();
  }
  // A change that was undone in the same turn is none.
  for (auto& each : waiters_) each.needed = std::min(each.needed, generation_);
  finish_ready();
}

void event_readiness::on_applied(const node_id& node, std::uint64_t digest) {
  applied_[node] = digest;
  finish_ready();
}

void event_readiness::on_node_gone(const node_id& node) {
  applied_.erase(node);
  for (auto& each : waiters_) each.of -= std::erase(each.waiting, node);
  finish_ready();
}

void event_readiness::wait(time_point now, milliseconds timeout, std::vector<node_id> nodes, completion done) {
  auto& made = waiters_.emplace_back();
  made.needed = needed();
  made.due = now + timeout;
  made.of = nodes.size() + 1;
  made.waiting = std::move(nodes);
  made.done = std::move(done);
  next_timeout_ = std::min(next_timeout_, made.due);
  if (waiters_.size() > waiters_max) {
    finish(made);
    waiters_.pop_back();
  }
}

// At the end of a turn, so that what was asked for and changed in one turn is seen as one.
void event_readiness::finish_ready() {
  if (changed_) return;
  std::erase_if(waiters_, [this](waiter& each) {
    std::erase_if(each.waiting, [&](const node_id& node) { return has_applied(node, each.needed); });
    if (!each.waiting.empty()) return false;
    finish(each);
    return true;
  });
}

void event_readiness::finish(waiter& which) {
  done_.emplace_back(std::move(which.done), listen_ready{which.of - which.waiting.size(), which.of});
}

void event_readiness::on_timeout(time_point now) {
  next_timeout_ = time_point::max();
  std::erase_if(waiters_, [&](waiter& each) {
    if (now < each.due) {
      next_timeout_ = std::min(next_timeout_, each.due);
      return false;
    }
    finish(each);
    return true;
  });
}

}  // namespace askr
