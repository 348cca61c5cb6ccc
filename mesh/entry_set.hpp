// SPDX-License-Identifier: MIT
#pragma once

/// The entries of one record: immutable, in up to 256 buckets by key. A changed set shares the buckets that did not
/// change with the one that it came from, so a change costs what changed and not what there is; the root over the
/// buckets' hashes (a Merkle tree of two levels) is what the owner signs.
///
/// A bucket's hash is BLAKE2b over its entries in order, not a sum or XOR of the entries' hashes: a signature stands on
/// it, and sums of 128-bit hashes fall to the generalised birthday attack (Wagner, 2002). Hashing one bucket again
/// costs 1/256 of a large record; in a small one there is little else.

#include "mesh/entry_codec.hpp"
#include "mesh/record_proof.hpp"

#include <askr/error.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace askr::mesh {

struct entry_bucket {
  std::uint8_t number = 0;
  std::uint32_t count = 0;
  mesh::digest digest{};
  byte_buffer bytes;  ///< Its entries, one after the other, in order.
};

/// What makes one set from another, as it is sent: both runs in order, no key twice.
struct entry_changes {
  byte_span entries;  ///< Set.
  byte_span removed;  ///< Keys.
};

class entry_set {
 public:
  using bucket_ptr = std::shared_ptr<const entry_bucket>;

  /// The set after the changes. No entry may be of a version above `version_max`. Fails with errc::bad_message for what
  /// is malformed or not in order, with errc::too_large above a limit.
  result<entry_set> with(const entry_changes& changes, std::uint64_t version_max, const record_limits& limits,
                         const record_verifier& hasher) const;
  /// The hash of all non-empty buckets' numbers and hashes.
  digest root(const record_verifier& hasher) const;

  std::optional<record_entry> find(std::string_view key) const noexcept;
  std::size_t size() const noexcept { return count_; }
  /// Of all encoded entries.
  std::size_t bytes() const noexcept { return bytes_; }
  /// All entries, as `with` takes them.
  void append_to(byte_buffer& out) const;
  std::span<const bucket_ptr> buckets() const noexcept { return buckets_; }

  /// Calls `visit(const record_entry&)` for each, in order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& bucket : buckets_) {
      entry_reader reader(bucket->bytes, no_record_limits);
      while (const auto entry = reader.next()) visit(*entry);
    }
  }

 private:
  void add(bucket_ptr bucket);

  std::vector<bucket_ptr> buckets_;  ///< Not empty ones only, by number.
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

/// One key whose entry differs between two sets. The views are into these sets.
struct entry_difference {
  std::string_view key;
  std::optional<record_entry> before;
  std::optional<record_entry> after;
};
/// In order. Looks only into the buckets that differ.
std::vector<entry_difference> differences(const entry_set& before, const entry_set& after);

}  // namespace askr::mesh
