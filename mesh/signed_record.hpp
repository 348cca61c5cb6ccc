// SPDX-License-Identifier: MIT
#pragma once

/// What a node says about itself, signed by it: nobody else can change a word, and everybody can pass it on. A record
/// is immutable and shared by pointer; a change is a new record with a higher version, which travels as a delta: the
/// changed entries and the new signed header. docs/protocol.md, "Signed node records".

#include "mesh/entry_set.hpp"
#include "mesh/link_report.hpp"
#include "mesh/node_record.hpp"
#include "mesh/record_proof.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>

namespace askr::mesh {

/// Which state of a node's record. The higher one wins, everywhere the same: the root decides between two records that
/// an owner wrongly signed with one version, so that even then all nodes end with the same one.
struct record_stamp {
  incarnation life = 0;
  std::uint64_t version = 0;  ///< Of the record, from 1 in each life.
  digest root{};              ///< Of all its entries.

  auto operator<=>(const record_stamp&) const = default;
};

/// One node, as it stands in the view: what nodes compare.
struct record_row {
  node_id id;
  record_stamp stamp;

  auto operator<=>(const record_row&) const = default;
};

struct record_header {
  node_id id;
  record_stamp stamp;
  owner_keys keys;
  record_signature signature{};  ///< Of signed_text().
};

/// keys || incarnation || version || root.
byte_buffer signed_text(const owner_keys& keys, const record_stamp& stamp);

class signed_record {
 public:
  /// The caller vouches for it: the header's root is the entries', and its signature was checked or just made.
  signed_record(const record_header& header, entry_set entries, const record_verifier& hasher);

  const record_header& header() const noexcept { return header_; }
  const node_id& id() const noexcept { return header_.id; }
  const record_stamp& stamp() const noexcept { return header_.stamp; }
  record_row row() const noexcept { return {header_.id, header_.stamp}; }
  const entry_set& entries() const noexcept { return entries_; }
  /// The hash of row(): what the view's digest sums up.
  const digest& row_digest() const noexcept { return row_digest_; }
  /// What the entries say, read when it is first asked for: all views that share the record share this. Not for several
  /// threads at once.
  const record_ptr& described() const;
  const link_reports& links() const;

 private:
  record_header header_;
  digest row_digest_;
  entry_set entries_;
  mutable record_ptr described_;
  mutable link_reports links_;
};

using signed_record_ptr = std::shared_ptr<const signed_record>;

/// As it travels; views into the message or the sender's memory. A base of 0 makes it a whole record.
struct record_delta {
  node_id id;
  record_stamp stamp;
  record_signature signature{};
  std::optional<owner_keys> keys;  ///< Whole records only: who can take a delta knows them.
  std::uint64_t base = 0;  ///< The version, of the same life, that this changes (or any between it and the new).
  entry_changes changes;

  bool whole() const noexcept { return base == 0; }
  bool has_entries() const noexcept { return !changes.entries.empty() || !changes.removed.empty(); }
};

/// A whole record without what it says: proves that its owner has had this stamp, and that the life is over, as far as
/// the sender sees.
record_delta obituary_of(const record_header& header);

/// The record as a whole; `entries` keeps the bytes that it views.
record_delta whole_of(const signed_record& record, byte_buffer& entries);

}  // namespace askr::mesh
