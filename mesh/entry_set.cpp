// SPDX-License-Identifier: MIT
#include "mesh/entry_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace askr::mesh {
namespace {

struct change {
  std::uint8_t bucket = 0;
  std::string_view key;
  byte_span encoded;  ///< Empty: removed.

  bool operator<(const change& other) const noexcept {
    return bucket != other.bucket ? bucket < other.bucket : key < other.key;
  }
};

bool add_in_order(std::vector<change>& to, const change& next) {
  if (!to.empty() && !(to.back() < next)) return false;
  to.push_back(next);
  return true;
}

error malformed(const char* why) { return {errc::bad_message, why}; }

result<std::vector<change>> read_set(byte_span entries, std::uint64_t version_max, const record_limits& limits) {
  std::vector<change> set;
  entry_reader reader(entries, limits);
  for (auto before = reader.rest(); const auto entry = reader.next(); before = reader.rest()) {
    if (entry->version == 0 || entry->version > version_max) return malformed("record entry of an impossible version");
    if (set.size() == limits.entries_max) return error{errc::too_large, "too many entries in a record"};
    const auto encoded = before.first(before.size() - reader.rest().size());
    if (!add_in_order(set, {bucket_of(entry->key), entry->key, encoded}))
      return malformed("record entries out of order");
  }
  if (!reader.ok()) return malformed("malformed record entry");
  return set;
}

result<std::vector<change>> read_removed(byte_span keys, const record_limits& limits) {
  std::vector<change> removed;
  entry_reader reader(keys, limits);
  while (const auto key = reader.next_key()) {
    if (removed.size() == limits.entries_max) return error{errc::too_large, "too many removed entries"};
    if (!add_in_order(removed, {bucket_of(*key), *key, {}})) return malformed("removed keys out of order");
  }
  if (!reader.ok()) return malformed("malformed removed key");
  return removed;
}

result<std::vector<change>> read_changes(const entry_changes& changes, std::uint64_t version_max,
                                         const record_limits& limits) {
  auto set = read_set(changes.entries, version_max, limits);
  if (!set || changes.removed.empty()) return set;
  const auto removed = read_removed(changes.removed, limits);
  if (!removed) return removed.error();
  std::vector<change> all;
  all.reserve(set->size() + removed->size());
  std::merge(set->begin(), set->end(), removed->begin(), removed->end(), std::back_inserter(all));
  const auto twice = std::adjacent_find(all.begin(), all.end(),
                                        [](const change& left, const change& right) { return !(left < right); });
  if (twice != all.end()) return malformed("a key both set and removed");
  return all;
}

// One bucket's old entries and the changes to it, merged by key.
class bucket_builder {
 public:
  explicit bucket_builder(std::uint8_t number) { made_->number = number; }

  void merge(byte_span old, std::span<const change> changes) {
    made_->bytes.reserve(old.size() + (changes.empty() ? 0 : changes.front().encoded.size()));
    entry_reader reader(old, no_record_limits);
    for (auto before = old; const auto entry = reader.next(); before = reader.rest()) {
      while (!changes.empty() && changes.front().key < entry->key) take(changes);
      if (!changes.empty() && changes.front().key == entry->key) {
        take(changes);
      } else {
        keep(before.first(before.size() - reader.rest().size()));
      }
    }
    while (!changes.empty()) take(changes);
  }

  std::size_t count() const noexcept { return made_->count; }
  entry_set::bucket_ptr finish(const record_verifier& hasher) {
    made_->digest = hasher.hash(made_->bytes);
    return std::move(made_);
  }

 private:
  void take(std::span<const change>& changes) {
    keep(changes.front().encoded);
    changes = changes.subspan(1);
  }
  void keep(byte_span encoded) {
    if (encoded.empty()) return;
    append(made_->bytes, encoded);
    ++made_->count;
  }

  std::shared_ptr<entry_bucket> made_ = std::make_shared<entry_bucket>();
};

std::size_t run_of_bucket(std::span<const change> changes) {
  const auto bucket = changes.front().bucket;
  const auto end =
      std::find_if(changes.begin(), changes.end(), [&](const change& each) { return each.bucket != bucket; });
  return static_cast<std::size_t>(end - changes.begin());
}

// The entries of both buckets (either may be null), side by side.
void compare(const entry_bucket* before, const entry_bucket* after, std::vector<entry_difference>& out) {
  if (before != nullptr && after != nullptr && (before == after || before->digest == after->digest)) return;
  entry_reader old_reader(before != nullptr ? byte_span(before->bytes) : byte_span{}, no_record_limits);
  entry_reader new_reader(after != nullptr ? byte_span(after->bytes) : byte_span{}, no_record_limits);
  auto old_entry = old_reader.next(), new_entry = new_reader.next();
  while (old_entry || new_entry) {
    const bool takes_old = old_entry && (!new_entry || old_entry->key <= new_entry->key);
    const bool takes_new = new_entry && (!old_entry || new_entry->key <= old_entry->key);
    const bool same = takes_old && takes_new && old_entry->version == new_entry->version &&
                      std::ranges::equal(old_entry->value, new_entry->value);
    if (!same) {
      out.push_back({takes_new ? new_entry->key : old_entry->key, takes_old ? old_entry : std::nullopt,
                     takes_new ? new_entry : std::nullopt});
    }
    if (takes_old) old_entry = old_reader.next();
    if (takes_new) new_entry = new_reader.next();
  }
}

}  // namespace

void entry_set::add(bucket_ptr bucket) {
  if (bucket->count == 0) return;
  count_ += bucket->count;
  bytes_ += bucket->bytes.size();
  buckets_.push_back(std::move(bucket));
}

result<entry_set> entry_set::with(const entry_changes& changes, std::uint64_t version_max, const record_limits& limits,
                                  const record_verifier& hasher) const {
  if (changes.entries.size() > limits.bytes_max || changes.removed.size() > limits.bytes_max) {
    return error{errc::too_large, "too many bytes in a record"};
  }
  const auto all = read_changes(changes, version_max, limits);
  if (!all) return all.error();
  entry_set made;
  auto old = buckets_.begin();
  for (std::span<const change> left(*all); !left.empty();) {
    const auto run = left.first(run_of_bucket(left));
    left = left.subspan(run.size());
    const auto number = run.front().bucket;
    for (; old != buckets_.end() && (*old)->number < number; ++old) made.add(*old);
    const bool has_old = old != buckets_.end() && (*old)->number == number;
    bucket_builder bucket(number);
    bucket.merge(has_old ? byte_span((*old)->bytes) : byte_span{}, run);
    if (has_old) ++old;
    if (bucket.count() > limits.bucket_entries_max) return error{errc::too_large, "too many entries in one bucket"};
    if (bucket.count() > 0) made.add(bucket.finish(hasher));
  }
  for (; old != buckets_.end(); ++old) made.add(*old);
  if (made.count_ > limits.entries_max) return error{errc::too_large, "too many entries in a record"};
  if (made.bytes_ > limits.bytes_max) return error{errc::too_large, "too many bytes in a record"};
  return made;
}

digest entry_set::root(const record_verifier& hasher) const {
  byte_buffer leaves;
  leaves.reserve(buckets_.size() * (1 + sizeof(digest)));
  for (const auto& bucket : buckets_) {
    leaves.push_back(bucket->number);
    append(leaves, bucket->digest);
  }
  return hasher.hash(leaves);
}

std::optional<record_entry> entry_set::find(std::string_view key) const noexcept {
  const auto number = bucket_of(key);
  const auto found = std::lower_bound(buckets_.begin(), buckets_.end(), number,
                                      [](const bucket_ptr& bucket, std::uint8_t at) { return bucket->number < at; });
  if (found == buckets_.end() || (*found)->number != number) return std::nullopt;
  entry_reader reader((*found)->bytes, no_record_limits);
  while (const auto entry = reader.next()) {
    if (entry->key == key) return entry;
  }
  return std::nullopt;
}

void entry_set::append_to(byte_buffer& out) const {
  out.reserve(out.size() + bytes_);
  for (const auto& bucket : buckets_) append(out, bucket->bytes);
}

std::vector<entry_difference> differences(const entry_set& before, const entry_set& after) {
  std::vector<entry_difference> out;
  auto old = before.buckets().begin();
  const auto old_end = before.buckets().end();
  for (const auto& bucket : after.buckets()) {
    for (; old != old_end && (*old)->number < bucket->number; ++old) compare(old->get(), nullptr, out);
    const bool both = old != old_end && (*old)->number == bucket->number;
    compare(both ? old->get() : nullptr, bucket.get(), out);
    if (both) ++old;
  }
  for (; old != old_end; ++old) compare(old->get(), nullptr, out);
  return out;
}

}  // namespace askr::mesh
