// SPDX-License-Identifier: MIT
#include "libaskr/src/worker_pool.hpp"

namespace askr {
namespace {

thread_local const worker_pool* pool_of_this_thread = nullptr;

}  // namespace

bool worker_pool::is_here() const noexcept { return pool_of_this_thread == this; }

void worker_pool::run(job work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    jobs_.push_back(std::move(work));
    if (idle_ < jobs_.size() && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { this->work(); });
    }
  }
  wake_.notify_one();
}

void worker_pool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (auto& each : threads) each.join();
}

void worker_pool::work() {
  pool_of_this_thread = this;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return;
    auto next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

}  // namespace askr
