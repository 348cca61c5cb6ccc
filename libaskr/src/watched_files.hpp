// SPDX-License-Identifier: MIT
#pragma once

/// Files that are read again when they change. A change is what shows in their time, size, inode or mode: looked at
/// when asked, so that no editor's way to write a file escapes. A file that is not there counts as one more state.

#include <askr/error.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace askr {

class watched_files {
 public:
  /// As they are now.
  explicit watched_files(std::vector<std::string> paths = {});

  /// True if any of them is not as it was at the last call.
  bool take_changed();
  bool empty() const noexcept { return paths_.empty(); }

 private:
  using state = std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::uint64_t, std::uint32_t>;

  std::vector<state> look() const;

  std::vector<std::string> paths_;
  std::vector<state> states_;
};

}  // namespace askr
