// SPDX-License-Identifier: MIT
#include "libaskr/src/handlers.hpp"

#include <algorithm>

namespace askr {

void handlers::set(std::string name, std::shared_ptr<detail::handler> handler, bool builtin) {
  auto& row = rows_[std::move(name)];
  row.own = std::move(handler);
  row.builtin = builtin;
}

bool handlers::remove(std::string_view name) {
  const auto found = rows_.find(name);
  if (found == rows_.end() || !found->second.own) return false;
  found->second.own.reset();
  if (found->second.clients.empty()) rows_.erase(found);
  return true;
}

bool handlers::add_client(std::string_view name, session_id client) {
  auto found = rows_.find(name);
  if (found == rows_.end()) found = rows_.emplace(std::string(name), row{}).first;
  auto& clients = found->second.clients;
  if (std::find(clients.begin(), clients.end(), client) != clients.end()) return false;
  clients.push_back(client);
  return true;
}

bool handlers::remove_client(std::string_view name, session_id client) {
  const auto found = rows_.find(name);
  if (found == rows_.end() || std::erase(found->second.clients, client) == 0) return false;
  if (!found->second.own && found->second.clients.empty()) rows_.erase(found);
  return true;
}

bool handlers::remove_client_everywhere(session_id client) {
  bool served = false;
  for (auto each = rows_.begin(); each != rows_.end();) {
    auto& row = each->second;
    served |= std::erase(row.clients, client) > 0;
    each = !row.own && row.clients.empty() ? rows_.erase(each) : std::next(each);
  }
  return served;
}

handlers::row* handlers::find(std::string_view name) noexcept {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : &found->second;
}

std::vector<std::string> handlers::announced() const {
  std::vector<std::string> names;
  for (const auto& [name, row] : rows_) {
    if (!row.builtin) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace askr
