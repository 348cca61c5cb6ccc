// SPDX-License-Identifier: MIT
#include "libaskr/src/open_questions.hpp"

#include <utility>

namespace askr {

std::uint64_t open_questions::add(time_point now, answer then) {
  open_.emplace_hint(open_.end(), ++last_, row{now + deadline_, std::move(then)});
  return last_;
}

void open_questions::on_answer(std::uint64_t question, result<principal> verdict) {
  const auto found = open_.find(question);
  if (found == open_.end()) return;
  auto then = std::move(found->second.then);
  open_.erase(found);
  then(std::move(verdict));
}

void open_questions::on_timeout(time_point now) {
  while (next_timeout() <= now) {
    on_answer(open_.begin()->first, error{errc::timed_out, "the authenticator did not answer in time"});
  }
}

}  // namespace askr
