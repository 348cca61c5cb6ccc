// SPDX-License-Identifier: MIT
#include "libaskr/src/event_interest.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace askr {
namespace {

constexpr std::size_t skips_max = 64;  // Topics of one node; beyond them it gets the heads of all.

}  // namespace

// Source: RFC 9923 (The FNV Non-Cryptographic Hash Algorithm), FNV-1a with 64 bits.
std::uint64_t interest_digest(const std::vector<std::string>& topics) noexcept {
  std::uint64_t sum = 0;
  for (const auto& topic : topics) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char each : topic) hash = (hash ^ static_cast<std::uint8_t>(each)) * 0x100000001b3;
    sum += hash;
  }
  return sum;
}

void event_interest::set(const node_id& node, incarnation life, const std::vector<std::string>& topics, bool asking,
                         const permissions& rights) {
  if (topics.empty()) return remove(node);
  auto* row = find(node);
  if (row == nullptr && rows_.full()) return;
  if (row == nullptr) row = &add(node);
  const auto digest = interest_digest(topics);
  if (row->life == life && row->digest == digest) {
    if (asking && !row->asking && row->is_quiet) note_untold(*row);
    row->asking = asking;
    return;
  }
  row->asking = asking;
  std::vector<std::string> allowed;
  std::copy_if(topics.begin(), topics.end(), std::back_inserter(allowed),
               [&](const auto& each) { return rights.may(verb::listen, each); });
  std::sort(allowed.begin(), allowed.end());
  allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());

  const subscriber who{subscriber::kind::node, row->slot};
  for (const auto& each : row->topics) {
    if (!std::binary_search(allowed.begin(), allowed.end(), each)) table_.remove(each, who);
  }
  for (const auto& each : allowed) table_.add(each, who);
  if (row->life != life) row->skipped.clear();
  row->life = life;
  row->digest = digest;
  row->topics = std::move(allowed);
  row->is_told = row->is_quiet = row->is_counted = false;
  note_owed(*row);
}

interested_node& event_interest::add(const node_id& node) {
  auto made = std::make_unique<interested_node>();
  made->slot = rows_.next_id();
  made->node = node;
  slots_[node] = made->slot;
  return rows_.add(std::move(made));
}

void event_interest::erase(const node_id& node) {
  remove(node);
  gone_.push_back(node);
}

void event_interest::remove(const node_id& node) {
  const auto* row = find(node);
  if (row == nullptr) return;
  for (const auto& each : row->topics) table_.remove(each, {subscriber::kind::node, row->slot});
  rows_.erase(row->slot);
  slots_.erase(node);
}

interested_node* event_interest::find(const node_id& node) noexcept {
  const auto found = slots_.find(node);
  return found == slots_.end() ? nullptr : rows_.find(found->second);
}

void event_interest::note_owed(interested_node& to) {
  if (!std::exchange(to.is_owed, true)) owed_.push_back(to.slot);
}

void event_interest::note_untold(interested_node& to) {
  to.is_told = false;
  note_owed(to);
}

void event_interest::note_skipped(interested_node& to, std::string_view topic, mesh::event_sequence sequence) {
  note_owed(to);
  const auto known =
      std::find_if(to.skipped.begin(), to.skipped.end(), [&](const auto& each) { return each.topic == topic; });
  if (known != to.skipped.end()) {
    known->events.to = sequence;
  } else if (to.skipped.size() < skips_max) {
    to.skipped.push_back({std::string(topic), {sequence, sequence}});
  } else {
    to.wants_heads = true;
  }
}

void event_interest::note_new_way(const node_id& node) {
  auto* row = find(node);
  if (row == nullptr) return;
  row->wants_heads = true;
  if (!row->is_quiet) row->is_told = false;  // That, too, may have been on the old one.
  note_owed(*row);
}

}  // namespace askr
