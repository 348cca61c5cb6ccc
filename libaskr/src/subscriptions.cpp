// SPDX-License-Identifier: MIT
#include "libaskr/src/subscriptions.hpp"

#include <askr/permissions.hpp>

#include <algorithm>

namespace askr {
namespace {

void append_new(const std::vector<subscriber>& from, std::vector<subscriber>& out) {
  for (const auto& each : from) {
    if (std::find(out.begin(), out.end(), each) == out.end()) out.push_back(each);
  }
}

bool is_local(const subscriber& who) { return who.what != subscriber::kind::link; }

}  // namespace

subscriptions::rows& subscriptions::rows_for(std::string_view pattern) {
  return is_pattern(pattern) ? patterns_ : exact_;
}

bool subscriptions::add(std::string_view pattern, subscriber who) {
  auto& rows = rows_for(pattern);
  auto row = rows.find(pattern);
  if (row == rows.end()) row = rows.emplace(std::string(pattern), std::vector<subscriber>{}).first;
  if (std::find(row->second.begin(), row->second.end(), who) != row->second.end()) return false;
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

void subscriptions::remove_all(subscriber who) {
  for (auto* rows : {&exact_, &patterns_}) {
    for (auto row = rows->begin(); row != rows->end();) {
      count_ -= std::erase(row->second, who);
      row = row->second.empty() ? rows->erase(row) : std::next(row);
    }
  }
}

void subscriptions::match(std::string_view topic, std::vector<subscriber>& out) const {
  if (const auto row = exact_.find(topic); row != exact_.end()) {
    out.insert(out.end(), row->second.begin(), row->second.end());
  }
  for (const auto& [pattern, who] : patterns_) {
    if (pattern_matches(pattern, topic)) append_new(who, out);
  }
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
