// SPDX-License-Identifier: MIT
#pragma once

/// Threads for handlers that block. They start with the first job, and the queue is bounded by the dispatcher's table.

#include <askr/detail/unique_function.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace askr {

/// Thread-safe.
class worker_pool {
 public:
  using job = detail::unique_function<void()>;

  explicit worker_pool(std::size_t threads) : threads_max_(threads == 0 ? 1 : threads) {}
  ~worker_pool() { stop(); }

  void run(job work);
  /// Waits for the jobs at work; those that wait are dropped. Not to be called by a job of its own.
  void stop();
  /// Whether a job of this pool asks.
  bool is_here() const noexcept;

 private:
  void work();

  std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace askr
