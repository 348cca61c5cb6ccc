// SPDX-License-Identifier: MIT
#pragma once

/// What an authenticator was asked and has not answered yet. Every question gets exactly one answer: the
/// authenticator's first, or a refusal when the deadline has passed. What comes later is passed over.

#include <askr/detail/unique_function.hpp>
#include <askr/error.hpp>
#include <askr/principal.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <map>

namespace askr {

class open_questions {
 public:
  using answer = detail::unique_function<void(result<principal>)>;

  explicit open_questions(milliseconds deadline) : deadline_(deadline) {}

  std::uint64_t add(time_point now, answer then);
  void on_answer(std::uint64_t question, result<principal> verdict);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return open_.empty() ? time_point::max() : open_.begin()->second.due; }
  std::size_t size() const noexcept { return open_.size(); }

 private:
  struct row {
    time_point due;
    answer then;
  };

  milliseconds deadline_;
  std::map<std::uint64_t, row> open_;  ///< The oldest, which is due first, is the first.
  std::uint64_t last_ = 0;
};

}  // namespace askr
