// SPDX-License-Identifier: MIT
#include "mesh/directory.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace askr::mesh {
namespace {

constexpr std::string_view prefix = "askr-";
constexpr std::size_t suffix_characters = 6;

bool before(const record_ptr& record, const node_id& id) noexcept { return record->id < id; }

auto name_key(const node_record& record) noexcept {
  return std::tuple(label_of(record.name), std::string_view(record.name), record.id);
}

bool named_before(const node_record* one, const node_record* other) noexcept {
  return name_key(*one) < name_key(*other);
}

}  // namespace

bool directory::merge(record_ptr record) {
  const auto place = place_of(record->id);
  if (place == records_.end() || (*place)->id != record->id) {
    index(*record);
    name(*record);
    records_.insert(place, std::move(record));
    ++changes_;
    return true;
  }
  if (!supersedes(*record, **place)) return false;
  const bool serves_the_same = record->commands == (*place)->commands && record->draining == (*place)->draining;
  if (!serves_the_same) unindex(**place);
  unname(**place);
  name(*record);
  *place = std::move(record);
  if (!serves_the_same) index(**place);
  return true;
}

void directory::erase(const node_id& id) {
  const auto place = place_of(id);
  if (place == records_.end() || (*place)->id != id) return;
  unindex(**place);
  unname(**place);
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

// --- by name

result<node_id> directory::resolve(std::string_view name_or_id) const {
  if (const auto id = node_id::from_string(name_or_id); id && find(*id) != nullptr) return *id;
  if (!std::exchange(has_names_, true)) {
    for (const auto& each : records_) by_name_.push_back(each.get());
    std::sort(by_name_.begin(), by_name_.end(), named_before);
  }
  const std::pair wanted(label_of(name_or_id), name_or_id);
  const auto full = std::lower_bound(by_name_.begin(), by_name_.end(), wanted, [](const auto* each, const auto& key) {
    return std::pair(label_of(each->name), std::string_view(each->name)) < key;
  });
  if (full != by_name_.end() && (*full)->name == name_or_id) return (*full)->id;
  return resolve_label(name_or_id);
}

result<node_id> directory::resolve_label(std::string_view label) const {
  const auto is_at = [&](auto place) { return place != by_name_.end() && label_of((*place)->name) == label; };
  const auto first = std::lower_bound(by_name_.begin(), by_name_.end(), label,
                                      [](const auto* each, const auto& key) { return label_of(each->name) < key; });
  if (!is_at(first)) return error{errc::no_node, "no node is called " + std::string(label)};
  if (!is_at(std::next(first))) return (*first)->id;
  return error{errc::no_node, "several nodes are called " + std::string(label) + ": use a full name or an id"};
}

directory::name_index::iterator directory::place_of_name(const node_record& record) const noexcept {
  return std::lower_bound(by_name_.begin(), by_name_.end(), &record, named_before);
}

void directory::name(const node_record& record) {
  if (has_names_) by_name_.insert(place_of_name(record), &record);
}

void directory::unname(const node_record& record) {
  if (has_names_) by_name_.erase(place_of_name(record));
}

// --- by command

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
