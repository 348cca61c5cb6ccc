// SPDX-License-Identifier: MIT
#include "libaskr/src/pending_commands.hpp"

#include <askr/assert.hpp>

#include <utility>

namespace askr {

pending_command& pending_commands::add(pending_command command) {
  std::uint32_t at;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  static_cast<pending_command&>(slots_[at]) = std::move(command);
  auto& added = slots_[at];
  by_mid_.insert(at, mid_hash());
  if (has_ticket(added.from)) by_asker_.insert(at, asker_hash());
  for_each_ring(added, [&](ring_family family, std::uint32_t id) { join(at, family, id); });
  wheel_.schedule(at, added.deadline);
  ++count_;
  return added;
}

pending_command* pending_commands::find(std::uint64_t mid) noexcept {
  const auto at = by_mid_.find(slot_index::scatter(mid), [&](std::uint32_t slot) { return slots_[slot].mid == mid; });
  return at == none ? nullptr : &slots_[at];
}

pending_command pending_commands::take(std::uint64_t mid) {
  auto* found = static_cast<slot*>(find(mid));
  ASKR_ASSERT(found != nullptr);
  const auto at = static_cast<std::uint32_t>(found - slots_.data());
  wheel_.cancel(at);
  by_mid_.erase(at, mid_hash());
  if (has_ticket(found->from)) by_asker_.erase(at, asker_hash());
  for_each_ring(*found, [&](ring_family family, std::uint32_t id) { leave(at, family, id); });
  pending_command taken = std::move(*found);
  static_cast<pending_command&>(*found) = {};
  free_.push_back(at);
  --count_;
  return taken;
}

void pending_commands::reassign(std::uint64_t mid, caller to) {
  auto moved = take(mid);
  moved.from = std::move(to);
  add(std::move(moved));
}

// --- who asks, who serves

std::optional<pending_commands::ring_family> pending_commands::asker_family(caller::kind what) noexcept {
  switch (what) {
    case caller::kind::link:
      return asked_by_links;
    case caller::kind::session:
      return asked_by_sessions;
    case caller::kind::gather:
      return asked_by_gathers;
    case caller::kind::self:
      break;
  }
  return std::nullopt;
}

std::uint64_t pending_commands::hash_of(caller::kind what, std::uint32_t id, std::uint64_t ticket) noexcept {
  const auto asker = static_cast<std::uint64_t>(what) << 32 | id;
  return slot_index::scatter(ticket + asker * 0xff51afd7ed558ccdU);  // An odd number with many bits set.
}

std::uint64_t pending_commands::asked_by(caller::kind what, std::uint32_t id, std::uint64_t ticket) const noexcept {
  const auto at = by_asker_.find(hash_of(what, id, ticket), [&](std::uint32_t slot) {
    const auto& from = slots_[slot].from;
    return from.what == what && from.id == id && from.ticket == ticket;
  });
  return at == none ? 0 : slots_[at].mid;
}

std::uint64_t pending_commands::first_asked_by(caller::kind what, std::uint32_t id) const noexcept {
  const auto family = asker_family(what);
  return family ? first(*family, id) : 0;
}

std::vector<std::uint64_t> pending_commands::mids() const {
  std::vector<std::uint64_t> all;
  for (const auto& each : slots_) {
    if (each.mid != 0) all.push_back(each.mid);
  }
  return all;
}

std::uint64_t pending_commands::first(ring_family family, std::uint32_t id) const noexcept {
  const auto place = id & 0xffff;
  const auto& heads = heads_[family];
  const auto head = place < heads.size() ? heads[place] : none;
  return head == none ? 0 : slots_[head].mid;
}

template <class Visit>
void pending_commands::for_each_ring(const pending_command& command, Visit visit) {
  if (const auto family = asker_family(command.from.what)) visit(*family, command.from.id);
  if (command.link != no_link) visit(served_by_links, command.link);
  if (command.server != no_session) visit(served_by_sessions, command.server);
}

void pending_commands::join(std::uint32_t at, ring_family family, std::uint32_t id) {
  const auto place = id & 0xffff;
  auto& heads = heads_[family];
  if (place >= heads.size()) heads.resize(place + 1, none);
  auto& own = links_of(at, family);
  if (heads[place] == none) {
    heads[place] = own.next = own.previous = at;
    return;
  }
  own.next = heads[place];
  own.previous = std::exchange(links_of(own.next, family).previous, at);
  links_of(own.previous, family).next = at;
}

void pending_commands::leave(std::uint32_t at, ring_family family, std::uint32_t id) noexcept {
  auto& head = heads_[family][id & 0xffff];
  const auto own = std::exchange(links_of(at, family), {});
  if (own.next == at) {
    head = none;
    return;
  }
  links_of(own.next, family).previous = own.previous;
  links_of(own.previous, family).next = own.next;
  if (head == at) head = own.next;
}

// --- time

const std::vector<std::uint64_t>& pending_commands::expire(time_point now) {
  expired_slots_.clear();
  expired_.clear();
  wheel_.expire(now, expired_slots_);
  for (const auto at : expired_slots_) expired_.push_back(slots_[at].mid);
  return expired_;
}

}  // namespace askr
