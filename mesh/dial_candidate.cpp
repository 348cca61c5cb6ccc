// SPDX-License-Identifier: MIT
#include "mesh/dial_candidate.hpp"

#include <algorithm>

namespace askr::mesh {

std::vector<endpoint> dial_candidate::learn(const std::vector<endpoint>& endpoints, std::size_t targets_max) {
  const std::size_t kept = targets.empty() ? 0 : 1;
  std::vector<endpoint> news;
  for (const auto& each : endpoints) {
    if (news.size() + kept >= targets_max) break;
    if (find(each) == nullptr && std::find(news.begin(), news.end(), each) == news.end()) news.push_back(each);
  }
  std::vector<target> fresh;
  for (const auto& each : news) fresh.push_back({.to = each, .tcp_result = {}, .unix_result = {}});
  targets.insert(targets.begin() + static_cast<std::ptrdiff_t>(kept), fresh.begin(), fresh.end());
  if (targets.size() > targets_max) targets.resize(targets_max);
  return news;
}

void dial_candidate::line_up(const reach_of& where) {
  ahead.clear();
  std::vector<endpoint> all;
  for (const auto& each : targets) all.push_back(each.to);
  line_up(all, where);
}

void dial_candidate::line_up(const std::vector<endpoint>& endpoints, const reach_of& where) {
  for (const auto& each : endpoints) {
    const auto reached = where(each);
    if (reached == reach::self) continue;
    if (reached == reach::local) ahead.push_back({each, dial_way::unix_socket});
    ahead.push_back({each, dial_way::tcp});
  }
}

dial_candidate::target* dial_candidate::find(const endpoint& to) {
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const target& each) { return each.to == to; });
  return found == targets.end() ? nullptr : &*found;
}

void dial_candidate::prefer(const endpoint& to) {
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const target& each) { return each.to == to; });
  if (found != targets.end()) std::rotate(targets.begin(), found, found + 1);
}

}  // namespace askr::mesh
