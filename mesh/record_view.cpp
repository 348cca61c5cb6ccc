// SPDX-License-Identifier: MIT
#include "mesh/record_view.hpp"

#include "mesh/record_schema.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace askr::mesh {
namespace {

bool by_id(const record_view::row& row, const node_id& id) noexcept { return row.id() < id; }

}  // namespace

record_view::record_view(const node_id& self, const record_verifier& verifier, record_memo& memo,
                         const view_options& options)
    : self_(self), verifier_(verifier), memo_(memo), options_(options) {}

record_view::row_place record_view::place_of(const node_id& id) noexcept {
  return std::lower_bound(rows_.begin(), rows_.end(), id, by_id);
}

const record_view::row* record_view::find_row(const node_id& id) const noexcept {
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), id, by_id);
  return found == rows_.end() || found->id() != id ? nullptr : &*found;
}

signed_record_ptr record_view::find(const node_id& id) const noexcept {
  const auto* found = find_row(id);
  return found == nullptr ? nullptr : found->record;
}

const signed_record* record_view::peek(const node_id& id) const noexcept {
  const auto* found = find_row(id);
  return found == nullptr ? nullptr : found->record.get();
}

bool record_view::is_up(const node_id& id) const noexcept {
  const auto* found = find_row(id);
  return found != nullptr && found->up;
}

bool record_view::is_admitted(const node_id& id) const noexcept {
  const auto* found = find_row(id);
  return found != nullptr && found->admitted;
}

void record_view::set_admitted(const node_id& id, bool admitted) noexcept {
  const auto place = place_of(id);
  if (place != rows_.end() && place->id() == id) place->admitted = admitted;
}

std::span<const record_view::row> record_view::bucket(std::uint8_t first_byte) const noexcept {
  const auto first = std::partition_point(rows_.begin(), rows_.end(),
                                          [&](const row& each) { return each.id().bytes[0] < first_byte; });
  const auto last =
      std::partition_point(first, rows_.end(), [&](const row& each) { return each.id().bytes[0] == first_byte; });
  return {first, last};
}

std::pair<node_id, node_id> record_view::ring_neighbours(const node_id& id) const noexcept {
  const auto count = rows_.size();
  const auto place = static_cast<std::size_t>(std::lower_bound(rows_.begin(), rows_.end(), id, by_id) - rows_.begin());
  const auto first_up = [&](std::size_t from, std::size_t step) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& each = rows_[(from + i * step) % count];
      if (each.up && each.id() != id) return each.id();
    }
    return id;
  };
  return {first_up(place, 1), first_up(place + count - 1, count - 1)};
}

// --- what comes in

void record_view::publish(time_point now, signed_record_ptr record) { install(now, std::move(record), true); }

bool record_view::is_old(const record_delta& delta, const signed_record* current) const noexcept {
  if (current != nullptr) return delta.stamp <= current->stamp();
  const auto* gone = find_lost(delta.id);
  return gone != nullptr && gone->is_later_than(delta.stamp);
}

bool record_view::can_follow(const record_delta& delta, const signed_record* current) const noexcept {
  if (delta.whole()) return delta.keys.has_value();
  return current != nullptr && current->stamp().life == delta.stamp.life && current->stamp().version >= delta.base;
}

result<record_intake> record_view::accept(time_point now, const record_delta& delta) {
  if (delta.stamp.version == 0 || delta.base >= delta.stamp.version || (delta.whole() && !delta.keys)) {
    return error{errc::bad_message, "impossible version of a node record"};
  }
  if (delta.changes.entries.size() + delta.changes.removed.size() > options_.record.bytes_max) {
    return error{errc::too_large, "too many bytes in a node record"};
  }
  const auto* known = find_row(delta.id);
  const auto* current = known == nullptr ? nullptr : known->record.get();
  if (is_old(delta, current)) return record_intake{};
  if (delta.keys && verifier_.id_of(*delta.keys) != delta.id) {
    return error{errc::bad_message, "a node record under an id that is not its own"};
  }
  if (delta.id == self_) return accept_own(delta);
  if (is_obituary(delta)) return accept_obituary(now, delta);
  if (current == nullptr && rows_.size() >= options_.owners_max) return error{errc::overloaded, "too many nodes"};
  auto record = memo_.find({delta.id, delta.stamp});
  if (!record) {
    if (!can_follow(delta, current)) return record_intake{.what = intake::incomplete};
    auto made = verified(delta, delta.whole() ? nullptr : current, delta.keys ? *delta.keys : current->header().keys);
    if (!made) return made.error();
    if (!*made) return record_intake{.what = intake::incomplete};
    record = std::move(*made);
    memo_.add(record);
  }
  const bool up = known != nullptr && known->up;
  auto previous = install(now, record, up);
  return record_intake{intake::merged, std::move(record), std::move(previous)};
}

result<signed_record_ptr> record_view::verified(const record_delta& delta, const signed_record* base,
                                                const owner_keys& keys) const {
  if (!verifier_.verify(keys, signed_text(keys, delta.stamp), delta.signature)) {
    return error{errc::unauthenticated, "a node record with a wrong signature"};
  }
  const entry_set nothing;
  const auto& before = base != nullptr ? base->entries() : nothing;
  auto entries = before.with(delta.changes, delta.stamp.version, options_.record, verifier_);
  if (!entries) return entries.error();
  if (entries->root(verifier_) == delta.stamp.root) {
    const record_header header{delta.id, delta.stamp, keys, delta.signature};
    return std::make_shared<const signed_record>(header, std::move(*entries), verifier_);
  }
  if (delta.whole()) return error{errc::bad_message, "a node record whose entries are not those that were signed"};
  return signed_record_ptr();  // Only its owner can tell what went wrong: the whole record will.
}

// Nobody but this node may speak for it: here a record is only a sign that its identity runs elsewhere. Without the
// signature it would be a way to stop any node.
result<record_intake> record_view::accept_own(const record_delta& delta) const {
  if (!delta.keys) return record_intake{.what = intake::incomplete};
  if (!verifier_.verify(*delta.keys, signed_text(*delta.keys, delta.stamp), delta.signature)) {
    return error{errc::unauthenticated, "a node record with a wrong signature"};
  }
  return record_intake{.what = intake::newer_self};
}

bool record_view::is_obituary(const record_delta& delta) const {
  return delta.whole() && !delta.has_entries() && delta.stamp.root != entry_set().root(verifier_);
}

// Of a life that nobody here knows nothing follows: a member could make up identities to push the lost out of memory.
result<record_intake> record_view::accept_obituary(time_point now, const record_delta& delta) {
  const auto* known = peek(delta.id);
  if (known == nullptr || known->stamp().life >= delta.stamp.life) return record_intake{};
  if (!verifier_.verify(*delta.keys, signed_text(*delta.keys, delta.stamp), delta.signature)) {
    return error{errc::unauthenticated, "a node record with a wrong signature"};
  }
  auto endpoints = endpoints_of(*known);
  erase(delta.id);
  remember_lost({{delta.id, delta.stamp, *delta.keys, delta.signature}, std::move(endpoints), now});
  return record_intake{.what = intake::outlived};
}

void record_view::preload(std::span<const signed_record_ptr> records) {
  ASKR_ASSERT(rows_.empty());
  rows_.reserve(records.size());
  for (const auto& each : records) {
    if (each->id() == self_) continue;
    rows_.push_back({.record = each, .up = true, .admitted = true});
    digest_.add(each->id(), each->row_digest());
  }
  up_count_ = rows_.size();
}

signed_record_ptr record_view::install(time_point now, signed_record_ptr record, bool up) {
  const auto id = record->id();
  auto place = place_of(id);
  signed_record_ptr previous;
  if (place == rows_.end() || place->id() != id) {
    rows_.insert(place, row{.record = std::move(record), .up = false, .admitted = false});
    forget_lost(id);
    mark_unreached(now, id);
  } else {
    if (place->up) digest_.remove(id, place->record->row_digest());
    previous = std::exchange(place->record, std::move(record));
    if (place->up) digest_.add(id, place->record->row_digest());
  }
  if (up) set_up(now, id, true);
  return previous;
}

// --- up, unreached, lost

bool record_view::set_up(time_point now, const node_id& id, bool up) {
  const auto place = place_of(id);
  if (place == rows_.end() || place->id() != id || place->up == up) return false;
  place->up = up;
  ++up_version_;
  if (up) {
    ++up_count_;
    digest_.add(id, place->record->row_digest());
    reached(id);
  } else {
    --up_count_;
    digest_.remove(id, place->record->row_digest());
    mark_unreached(now, id);
  }
  return true;
}

void record_view::mark_unreached(time_point now, const node_id& id) {
  if (!unreached_.emplace(id, now).second) return;
  unreached_by_age_.emplace(now, id);
  if (unreached_.size() > options_.unreached_max) lose(now, node_id(unreached_by_age_.begin()->second));
}

void record_view::reached(const node_id& id) {
  const auto node = unreached_.extract(id);
  if (node) unreached_by_age_.erase({node.mapped(), id});
}

void record_view::lose(time_point now, const node_id& id) {
  const auto record = find(id);
  if (!record || id == self_) return;
  erase(id);
  remember_lost({record->header(), endpoints_of(*record), now});
}

void record_view::remember_lost(lost_node gone) {
  if (options_.lost_max == 0) return;
  if (lost_.size() >= options_.lost_max) lost_.pop_front();
  lost_.push_back(std::move(gone));
}

void record_view::erase(const node_id& id) {
  const auto place = place_of(id);
  if (place->up) {
    --up_count_;
    ++up_version_;
    digest_.remove(id, place->record->row_digest());
  } else {
    reached(id);
  }
  rows_.erase(place);
  erased_.push_back(id);
}

const lost_node* record_view::find_lost(const node_id& id) const noexcept {
  const auto found = std::find_if(lost_.begin(), lost_.end(), [&](const lost_node& each) { return each.id() == id; });
  return found == lost_.end() ? nullptr : &*found;
}

void record_view::forget_lost(const node_id& id) {
  const auto found = std::find_if(lost_.begin(), lost_.end(), [&](const lost_node& each) { return each.id() == id; });
  if (found != lost_.end()) lost_.erase(found);
}

void record_view::on_timeout(time_point now) {
  while (!unreached_by_age_.empty() && unreached_by_age_.begin()->first + options_.unreached_kept <= now) {
    lose(now, node_id(unreached_by_age_.begin()->second));
  }
  while (!lost_.empty() && lost_.front().since + options_.lost_kept <= now) lost_.pop_front();
}

time_point record_view::next_timeout() const noexcept {
  auto next = time_point::max();
  if (!unreached_by_age_.empty()) next = unreached_by_age_.begin()->first + options_.unreached_kept;
  if (!lost_.empty()) next = std::min<time_point>(next, lost_.front().since + options_.lost_kept);
  return next;
}

}  // namespace askr::mesh
