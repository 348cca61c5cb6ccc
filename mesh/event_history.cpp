// SPDX-License-Identifier: MIT
#include "mesh/event_history.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace askr::mesh {
namespace {

constexpr std::size_t bytes_min = 256;
constexpr std::size_t entries_min = 8;

}  // namespace

void event_history::append(std::string_view topic, event_sequence sequence, encoding kind, byte_span data) {
  if (options_.events_max == 0 || options_.topics_max == 0) return;
  auto& row = touch(topic);
  if (sequence != row.last + 1) row.clear();
  row.last = sequence;
  push(row, kind, data);
}

void event_history::forget(std::string_view topic) {
  const auto known = topics_.find(topic);
  if (known == topics_.end()) return;
  const auto row = known->second;
  empty(*row);
  topics_.erase(known);
  rows_.erase(row);
}

event_history::row* event_history::find(std::string_view topic) {
  const auto known = topics_.find(topic);
  if (known == topics_.end()) return nullptr;
  rows_.splice(rows_.end(), rows_, known->second);
  return &*known->second;
}

event_history::row& event_history::touch(std::string_view topic) {
  if (auto* known = find(topic)) return *known;
  if (topics_.size() >= options_.topics_max) {
    empty(rows_.front());
    topics_.erase(rows_.front().topic);
    rows_.pop_front();
  }
  auto& added = rows_.emplace_back();
  added.topic = topic;
  topics_.emplace(added.topic, std::prev(rows_.end()));
  return added;
}

// `last` counts the new event already; `count` does not. Whatever happens, the events held are the newest, without
// holes.
void event_history::push(row& to, encoding kind, byte_span data) {
  if (data.size() > options_.bytes_max || data.size() > std::numeric_limits<std::uint32_t>::max()) return to.clear();
  if (to.count == to.entries.size()) grow_entries(to);
  if (to.entries.empty()) return;
  if (to.count == to.entries.size()) --to.count;
  const auto begin = place(to, data.size());
  if (!begin) return to.clear();
  std::copy(data.begin(), data.end(), to.bytes.begin() + static_cast<std::ptrdiff_t>(*begin));
  to.at(to.last) = {*begin, static_cast<std::uint32_t>(data.size()), kind};
  ++to.count;
}

// The new event is not among `count` yet, so the newest one held is last - 1.
std::optional<std::size_t> event_history::row::room(std::size_t size) const noexcept {
  if (count == 0) return size <= bytes.size() ? std::optional<std::size_t>(0) : std::nullopt;
  const auto& oldest = at(last - count);
  const auto& newest = at(last - 1);
  const auto end = newest.begin + newest.size;
  if (newest.begin >= oldest.begin) {
    if (bytes.size() - end >= size) return end;
    // Never up to the oldest byte: full and empty would look the same.
    return size < oldest.begin ? std::optional<std::size_t>(0) : std::nullopt;
  }
  return size < oldest.begin - end ? std::optional(end) : std::nullopt;
}

// Grows the ring while it may, then lets go of the oldest events.
std::optional<std::size_t> event_history::place(row& in, std::size_t size) {
  for (;;) {
    if (const auto begin = in.room(size)) return begin;
    if (grow_bytes(in, size)) continue;
    if (in.count == 0) return std::nullopt;
    --in.count;
  }
}

bool event_history::grow_bytes(row& which, std::size_t size) {
  const auto old = which.bytes.size();
  auto wanted = std::max({bytes_min, old * 2, old + size});
  wanted = std::min(wanted, options_.bytes_max);
  if (wanted <= old || !make_room(wanted - old, which)) return false;
  byte_buffer grown(wanted);
  std::size_t end = 0;
  for (auto each = which.last - which.count; each < which.last; ++each) {
    auto& held = which.at(each);
    std::copy_n(which.bytes.begin() + static_cast<std::ptrdiff_t>(held.begin), held.size,
                grown.begin() + static_cast<std::ptrdiff_t>(end));
    held.begin = end;
    end += held.size;
  }
  which.bytes = std::move(grown);
  bytes_ += wanted - old;
  return true;
}

void event_history::grow_entries(row& which) {
  const auto wanted = std::min(std::max(entries_min, which.entries.size() * 2), options_.events_max);
  if (wanted <= which.entries.size()) return;
  const auto more = (wanted - which.entries.size()) * sizeof(entry);
  if (!make_room(more, which)) return;
  std::vector<entry> grown(wanted);
  for (auto each = which.last - which.count; each < which.last; ++each) grown[each % wanted] = which.at(each);
  which.entries = std::move(grown);
  bytes_ += more;
}

void event_history::empty(row& which) {
  bytes_ -= which.bytes.size() + which.entries.size() * sizeof(entry);
  which.bytes = {};
  which.entries = {};
  which.count = 0;
}

bool event_history::make_room(std::size_t bytes, const row& spared) {
  if (bytes > options_.total_bytes_max) return false;
  for (auto oldest = rows_.begin(); bytes_ + bytes > options_.total_bytes_max && oldest != rows_.end(); ++oldest) {
    if (&*oldest != &spared) empty(*oldest);
  }
  return bytes_ + bytes <= options_.total_bytes_max;
}

replay event_history::since(std::string_view topic, event_sequence after, std::size_t events_max) {
  const auto begin = after == std::numeric_limits<event_sequence>::max() ? after : after + 1;
  return range(topic, {begin, std::numeric_limits<event_sequence>::max()}, events_max);
}

replay event_history::last(std::string_view topic, std::size_t count) {
  const auto end = last_sequence(topic);
  if (count == 0 || end == 0) return {};
  return range(topic, {count < end ? end - count + 1 : 1, end}, count);
}

replay event_history::range(std::string_view topic, sequence_range wanted, std::size_t events_max) {
  replay out;
  const auto* row = find(topic);
  wanted.from = std::max<event_sequence>(wanted.from, 1);
  if (row == nullptr || wanted.from > wanted.to || wanted.from > row->last) return out;
  const auto begin = std::max(wanted.from, row->first());
  if (wanted.from < row->first()) out.missing = {wanted.from, row->first() - 1};
  for (auto each = begin; each <= std::min(wanted.to, row->last) && out.events.size() < events_max; ++each) {
    const auto& held = row->at(each);
    out.events.push_back({each, held.kind, byte_span(row->bytes).subspan(held.begin, held.size)});
  }
  return out;
}

event_sequence event_history::last_sequence(std::string_view topic) const {
  const auto known = topics_.find(topic);
  return known == topics_.end() ? 0 : known->second->last;
}

}  // namespace askr::mesh
