// SPDX-License-Identifier: MIT
#include "mesh/directory.hpp"

#include <algorithm>

namespace askr::mesh {
namespace {

constexpr std::string_view prefix = "askr-";
constexpr std::size_t suffix_characters = 6;

bool before(const record_ptr& record, const node_id& id) noexcept { return record->id < id; }

}  // namespace

bool directory::merge(record_ptr record) {
  const auto place = place_of(record->id);
  if (place == records_.end() || (*place)->id != record->id) {
    index(*record);
    records_.insert(place, std::move(record));
    ++changes_;
    return true;
  }
  if (!supersedes(*record, **place)) return false;
  const bool serves_the_same = record->commands == (*place)->commands && record->draining == (*place)->draining;
  if (!serves_the_same) unindex(**place);
  *place = std::move(record);
  if (!serves_the_same) index(**place);
  return true;
}

void directory::erase(const node_id& id) {
  const auto place = place_of(id);
  if (place == records_.end() || (*place)->id != id) return;
  unindex(**place);
  records_.erase(place);
  ++changes_;
}

std::vector<record_ptr>::iterator directory::place_of(const node_id& id) noexcept {
  return std::lower_bound(records_.begin(), records_.end(), id, before);
}

const node_record* directory::find(const node_id& id) const noexcept {
  const auto place = std::lower_bound(records_.begin(), records_.end(), id, before);
  return place == records_.end() || (*place)->id != id ? nullptr : place->get();
}

result<node_id> directory::resolve(std::string_view name_or_id) const {
  if (const auto id = node_id::from_string(name_or_id); id && find(*id) != nullptr) return *id;
  const node_record* match = nullptr;
  for (const auto& record : records_) {
    if (record->name == name_or_id) return record->id;
    if (label_of(record->name) != name_or_id) continue;
    if (match != nullptr) {
      return error{errc::no_node, "several nodes are called " + std::string(name_or_id) + ": use a full name or an id"};
    }
    match = record.get();
  }
  if (match == nullptr) return error{errc::no_node, "no node is called " + std::string(name_or_id)};
  return match->id;
}

std::span<const node_id> directory::servers(std::string_view command) const noexcept {
  const auto found = servers_.find(command);
  if (found == servers_.end()) return {};
  return found->second;
}

void directory::index(const node_record& record) {
  ++generation_;
  if (record.draining) return;
  for (const auto& command : record.commands) servers_[command].push_back(record.id);
}

void directory::unindex(const node_record& record) {
  ++generation_;
  if (record.draining) return;
  for (const auto& command : record.commands) {
    const auto row = servers_.find(command);
    if (row == servers_.end()) continue;
    std::erase(row->second, record.id);
    if (row->second.empty()) servers_.erase(row);
  }
}

std::string_view label_of(std::string_view name) noexcept {
  if (!name.starts_with(prefix) || name.size() < prefix.size() + 1 + suffix_characters) return name;
  const auto dash = name.size() - suffix_characters - 1;
  return name[dash] == '-' && dash > prefix.size() ? name.substr(prefix.size(), dash - prefix.size()) : name;
}

std::string full_name(std::string_view label, const node_id& id) {
  constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string name(prefix);
  name.append(label).push_back('-');
  for (std::size_t i = 0; i < suffix_characters; ++i) name.push_back(letters[id.bytes[i] % letters.size()]);
  return name;
}

}  // namespace askr::mesh
