// SPDX-License-Identifier: MIT
#include <askr/event.hpp>

namespace askr {

std::string_view to_string(gap_cause why) noexcept {
  switch (why) {
    case gap_cause::lost:
      return "lost";
    case gap_cause::skipped:
      return "skipped";
    case gap_cause::origin_restarted:
      return "origin_restarted";
    case gap_cause::origin_lost:
      break;
  }
  return "origin_lost";
}

std::string_view to_string(overflow_policy how) noexcept {
  switch (how) {
    case overflow_policy::drop_oldest:
      return "drop_oldest";
    case overflow_policy::drop_newest:
      return "drop_newest";
    case overflow_policy::keep_latest:
      return "keep_latest";
    case overflow_policy::disconnect:
      break;
  }
  return "disconnect";
}

}  // namespace askr
