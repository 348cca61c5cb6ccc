// SPDX-License-Identifier: MIT
#include "libaskr/src/subscriptions.hpp"

#include <askr/permissions.hpp>

#include <algorithm>

namespace askr {
namespace {

bool is_local(const subscriber& who) { return who.is_local(); }

bool contains(const std::vector<subscriber>& all, subscriber who) {
  return std::find(all.begin(), all.end(), who) != all.end();
}

}  // namespace

bool has_local(const std::vector<subscriber>& matched) noexcept {
  return std::any_of(matched.begin(), matched.end(), is_local);
}

subscriptions::rows& subscriptions::rows_for(std::string_view pattern) {
  return is_pattern(pattern) ? patterns_ : exact_;
}

bool subscriptions::add(std::string_view pattern, subscriber who) {
  auto& rows = rows_for(pattern);
  auto row = rows.find(pattern);
  if (row == rows.end()) row = rows.emplace(std::string(pattern), std::vector<subscriber>{}).first;
  if (contains(row->second, who)) return false;
  row->second.push_back(who);
  ++count_;
  return true;
}

bool subscriptions::remove(std::string_view pattern, subscriber who) {
  auto& rows = rows_for(pattern);
  const auto row = rows.find(pattern);
  if (row == rows.end() || std::erase(row->second, who) == 0) return false;
  if (row->second.empty()) rows.erase(row);
  --count_;
  return true;
}

void subscriptions::match(std::string_view topic, std::vector<subscriber>& out) const {
  std::size_t rows = 0;
  const auto take = [&](const std::vector<subscriber>& who) {
    for (const auto& each : who) out.push_back(each);  // Mostly one.
    ++rows;
  };
  if (const auto row = exact_.find(topic); row != exact_.end()) take(row->second);
  for (const auto& [pattern, who] : patterns_) {
    if (pattern_matches(pattern, topic)) take(who);
  }
  if (rows < 2) return;  // Within one row each stands once.
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

bool subscriptions::matches(std::string_view topic, subscriber who) const {
  if (const auto row = exact_.find(topic); row != exact_.end() && contains(row->second, who)) return true;
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const auto& row) { return pattern_matches(row.first, topic) && contains(row.second, who); });
}

bool subscriptions::has_local(std::string_view pattern) const {
  const auto& rows = is_pattern(pattern) ? patterns_ : exact_;
  const auto row = rows.find(pattern);
  return row != rows.end() && askr::has_local(row->second);
}

std::vector<std::string> subscriptions::interest() const {
  std::vector<std::string> wanted;
  for (const auto* rows : {&exact_, &patterns_}) {
    for (const auto& [pattern, who] : *rows) {
      if (std::any_of(who.begin(), who.end(), is_local)) wanted.push_back(pattern);
    }
  }
  std::sort(wanted.begin(), wanted.end());
  return wanted;
}

}  // namespace askr
