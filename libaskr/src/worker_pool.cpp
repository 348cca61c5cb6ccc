// SPDX-License-Identifier: MIT
#include "libaskr/src/worker_pool.hpp"

namespace askr {

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
  for (auto& each : threads) {
    if (each.get_id() != std::this_thread::get_id()) {
      each.join();
      continue;
    }
    const std::lock_guard lock(mutex_);
    threads_.push_back(std::move(each));  // A job stops the pool it runs in: whoever destroys the pool waits for it.
  }
}

void worker_pool::work() {
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
