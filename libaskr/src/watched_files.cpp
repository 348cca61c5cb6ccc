// SPDX-License-Identifier: MIT
#include "libaskr/src/watched_files.hpp"

#include <sys/stat.h>

#include <utility>

namespace askr {

watched_files::watched_files(std::vector<std::string> paths) : paths_(std::move(paths)), states_(look()) {}

bool watched_files::take_changed() {
  auto states = look();
  return std::exchange(states_, std::move(states)) != states_;
}

std::vector<watched_files::state> watched_files::look() const {
  std::vector<state> all;
  for (const auto& path : paths_) {
    struct stat found = {};
    if (::stat(path.c_str(), &found) != 0) found = {};
    all.emplace_back(found.st_ctim.tv_sec, found.st_ctim.tv_nsec, static_cast<std::uint64_t>(found.st_size),
                     found.st_ino, found.st_mode);
  }
  return all;
}

}  // namespace askr
