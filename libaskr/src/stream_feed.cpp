// SPDX-License-Identifier: MIT
#include "libaskr/src/stream_feed.hpp"

#include <algorithm>

namespace askr {
namespace {

// No caller needs more; what lies beyond is a peer's flood of credit.
constexpr std::int64_t credit_max = std::int64_t{1} << 30;

}  // namespace

void stream_feed::open(wake_function wake, bool may_wait) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  may_wait_ = may_wait;
}

void stream_feed::put(payload part) {
  queued_ += part_cost(part.bytes().size());
  parts_.push_back(std::move(part));
  if (!woken_ && wake_) woken_ = wake_();
}

bool stream_feed::push(payload part) {
  std::unique_lock lock(mutex_);
  if (may_wait_) room_.wait(lock, [this] { return closed_ || queued_ < credit_; });
  if (closed_) return false;
  put(std::move(part));
  return true;
}

void stream_feed::push_with(payload part, detail::unique_function<void(bool)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      waiting_.push_back(std::move(done));
      return put(std::move(part));
    }
  }
  done(false);
}

bool stream_feed::pass_by(std::size_t payload_bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_ || !parts_.empty() || credit_ <= 0) return false;
  credit_ -= part_cost(payload_bytes);
  return true;
}

std::optional<payload> stream_feed::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  if (parts_.empty() || credit_ <= 0) return std::nullopt;
  auto part = std::move(parts_.front());
  parts_.pop_front();
  const auto cost = part_cost(part.bytes().size());
  queued_ -= cost;
  credit_ -= cost;
  return part;
}

bool stream_feed::is_empty() const {
  const std::lock_guard lock(mutex_);
  return parts_.empty();
}

void stream_feed::add_credit(std::int64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    credit_ = std::min(credit_ + bytes, credit_max);
  }
  room_.notify_all();
}

void stream_feed::release_waiting() {
  std::deque<detail::unique_function<void(bool)>> released;
  bool open;
  {
    const std::lock_guard lock(mutex_);
    open = !closed_;
    if (closed_ || queued_ < credit_) released.swap(waiting_);
  }
  for (auto& each : released) each(open);
}

void stream_feed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    parts_.clear();
    queued_ = 0;
  }
  room_.notify_all();
  release_waiting();
}

}  // namespace askr
