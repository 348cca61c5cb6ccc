// SPDX-License-Identifier: MIT
#include "mesh/record_publisher.hpp"

#include "mesh/record_schema.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace askr::mesh {
namespace {

// Two lengths and a version, at their longest: an owner stops a little before a receiver would refuse it.
constexpr std::size_t entry_overhead_bytes_max = 16;

std::size_t bytes_of(std::string_view key, byte_span value) {
  return key.size() + value.size() + entry_overhead_bytes_max;
}

}  // namespace

record_delta publication::delta() const {
  const auto& header = record->header();
  return {.id = header.id,
          .stamp = header.stamp,
          .signature = header.signature,
          .keys = base == 0 ? std::optional(header.keys) : std::nullopt,
          .base = base,
          .changes = {entries, removed}};
}

record_publisher::record_publisher(incarnation life, const record_signer& signer, const record_verifier& hasher,
                                   const record_limits& limits)
    : signer_(signer), hasher_(hasher), limits_(limits), life_(life) {}

result<void> record_publisher::admit(std::string_view key, byte_span value) const {
  if (key.empty() || key.size() > limits_.key_bytes_max) return error{errc::too_large, "record key too long or empty"};
  if (value.size() > limits_.value_bytes_max) return error{errc::too_large, "record value too long"};
  const auto old = wanted_.find(key);
  const auto freed = old == wanted_.end() ? 0 : bytes_of(key, old->second);
  if (bytes_ - freed + bytes_of(key, value) > limits_.bytes_max) return error{errc::too_large, "node record too large"};
  if (old != wanted_.end()) return {};
  const bool full =
      wanted_.size() >= limits_.entries_max || bucket_counts_[bucket_of(key)] >= limits_.bucket_entries_max;
  return full ? result<void>(error{errc::overloaded, "too many entries in the node record"}) : result<void>();
}

result<void> record_publisher::set(std::string_view key, byte_span value, haste when) {
  auto known = wanted_.find(key);
  if (known != wanted_.end() && std::ranges::equal(known->second, value)) return {};
  if (auto admitted = admit(key, value); !admitted) return admitted;
  if (known == wanted_.end()) {
    known = wanted_.try_emplace(std::string(key)).first;
    ++bucket_counts_[bucket_of(key)];
  } else {
    bytes_ -= bytes_of(key, known->second);
  }
  known->second.assign(value.begin(), value.end());
  bytes_ += bytes_of(key, value);
  note_change(key, when);
  return {};
}

void record_publisher::remove(std::string_view key, haste when) {
  const auto known = wanted_.find(key);
  if (known == wanted_.end()) return;
  bytes_ -= bytes_of(key, known->second);
  --bucket_counts_[bucket_of(key)];
  note_change(known->first, when);
  wanted_.erase(known);
}

result<void> record_publisher::replace(std::string_view prefix, std::span<const std::string> names) {
  std::set<std::string> keys;
  for (const auto& name : names) keys.insert(std::string(prefix) + name);
  std::vector<std::string> gone;
  for (const auto& [key, value] : wanted_) {
    if (key.starts_with(prefix) && !keys.contains(key)) gone.push_back(key);
  }
  for (const auto& key : gone) remove(key);
  for (const auto& key : keys) {
    if (auto done = set(key, {}); !done) return done;
  }
  return {};
}

void record_publisher::restart(incarnation life) {
  life_ = life;
  version_ = 0;
  record_ = nullptr;
  for (const auto& [key, value] : wanted_) note_change(key, haste::now);
}

void record_publisher::note_change(std::string_view key, haste when) {
  changed_.emplace(key);
  haste_ = std::max(haste_, when);
  links_changed_ |= key.starts_with(link_prefix);
}

void record_publisher::hasten() noexcept {
  if (!changed_.empty()) haste_ = std::max(haste_, haste::soon);
}

link_reports record_publisher::take_links() {
  if (!std::exchange(links_changed_, false)) return nullptr;
  auto links = std::make_shared<link_list>();
  for (const auto& [key, value] : wanted_) {
    if (const auto link = decode_link({key, version_, value})) links->push_back(*link);
  }
  std::sort(links->begin(), links->end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return links;
}

publication record_publisher::changes_since(const entry_set& published, std::uint64_t version) const {
  publication made;
  for (const auto& key : changed_) {
    const auto now = wanted_.find(key);
    const auto before = published.find(key);
    if (now == wanted_.end()) {
      if (before) append_key(made.removed, key);
    } else if (!before || !std::ranges::equal(before->value, now->second)) {
      append_entry(made.entries, {key, version, now->second});
    }
  }
  return made;
}

std::optional<publication> record_publisher::publish(time_point now) {
  if (record_ && changed_.empty()) return std::nullopt;
  if (next_timeout() > now) return std::nullopt;
  const entry_set nothing;
  const auto& published = record_ ? record_->entries() : nothing;
  auto made = changes_since(published, version_ + 1);
  changed_.clear();
  haste_ = haste::later;
  if (record_ && made.entries.empty() && made.removed.empty()) return std::nullopt;
  rate_.take(now);
  spacing_.take(now);
  calm_.take(now);
  made.base = std::exchange(version_, version_ + 1);
  auto entries = published.with({made.entries, made.removed}, version_, limits_, hasher_);
  ASKR_ASSERT(entries.ok());  // admit() let nothing in that would not fit.
  record_header header{
      .id = hasher_.id_of(signer_.keys()), .stamp = {life_, version_, entries->root(hasher_)}, .keys = signer_.keys()};
  header.signature = signer_.sign(signed_text(header.keys, header.stamp));
  record_ = made.record = std::make_shared<const signed_record>(header, std::move(*entries), hasher_);
  return made;
}

time_point record_publisher::next_timeout() const noexcept {
  if (record_ && changed_.empty()) return time_point::max();
  if (haste_ == haste::now) return rate_.ready();
  return std::max(rate_.ready(), haste_ == haste::soon ? spacing_.ready() : calm_.ready());
}

}  // namespace askr::mesh
