// SPDX-License-Identifier: MIT
#include "libaskr/src/command_table.hpp"

#include <algorithm>

namespace askr {
namespace {

bool is_idle(const command_row& row) { return !row.is_served_here() && row.pending == 0; }

}  // namespace

command_row& command_table::find_or_add(std::string_view name) {
  const auto found = rows_.find(name);
  if (found != rows_.end()) return found->second;
  if (is_full()) forget_idle();
  const auto added = rows_.try_emplace(std::string(name)).first;
  added->second.name = added->first;
  return added->second;
}

template <class Change>
void command_table::change(command_row& row, Change how) {
  const bool before = row.is_served_here();
  how(row);
  if (row.is_served_here() == before) return;
  before ? --served_ : ++served_;
}

void command_table::set(std::string_view name, std::shared_ptr<detail::handler> handler, bool builtin) {
  change(find_or_add(name), [&](command_row& row) {
    row.own = std::move(handler);
    row.builtin = builtin;
  });
}

bool command_table::remove(std::string_view name) {
  const auto found = rows_.find(name);
  if (found == rows_.end() || !found->second.own) return false;
  change(found->second, [](command_row& row) { row.own.reset(); });
  erase_if_idle(found);
  return true;
}

bool command_table::add_client(std::string_view name, session_id client) {
  auto& row = find_or_add(name);
  if (std::find(row.clients.begin(), row.clients.end(), client) != row.clients.end()) return false;
  change(row, [client](command_row& which) { which.clients.push_back(client); });
  return true;
}

bool command_table::remove_client(std::string_view name, session_id client) {
  const auto found = rows_.find(name);
  if (found == rows_.end()) return false;
  bool removed = false;
  change(found->second, [&](command_row& row) { removed = std::erase(row.clients, client) > 0; });
  erase_if_idle(found);
  return removed;
}

bool command_table::remove_client_everywhere(session_id client) {
  bool served = false;
  for (auto each = rows_.begin(); each != rows_.end();) {
    change(each->second, [&](command_row& row) { served |= std::erase(row.clients, client) > 0; });
    erase_if_idle(each++);
  }
  return served;
}

command_row* command_table::find(std::string_view name) {
  const auto found = rows_.find(name);
  if (found != rows_.end()) {
    auto& row = found->second;
    return row.is_served_here() || !servers(row).empty() ? &row : nullptr;
  }
  if (directory_.servers(name).empty()) return nullptr;  // Whatever strangers ask for leaves no trace.
  if (is_full()) forget_idle();
  return is_full() ? nullptr : &find_or_add(name);
}

std::span<const mesh::candidate> command_table::servers(command_row& row) const {
  if (row.servers_as_of != directory_.generation()) {
    row.servers_as_of = directory_.generation();
    row.servers.clear();
    for (const auto& id : directory_.servers(row.name)) {
      if (id != self_) row.servers.push_back({.id = id});
    }
  }
  return row.servers;
}

void command_table::erase_if_idle(row_map::iterator row) {
  if (is_idle(row->second)) rows_.erase(row);
}

void command_table::forget_idle() {
  std::erase_if(rows_, [](const auto& each) { return is_idle(each.second); });
}

std::vector<std::string> command_table::announced() const {
  std::vector<std::string> names;
  for (const auto& [name, row] : rows_) {
    if (row.is_served_here() && !row.builtin) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace askr
