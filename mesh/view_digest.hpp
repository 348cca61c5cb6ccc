// SPDX-License-Identifier: MIT
#pragma once

/// Whether two nodes have the same view, in 16 bytes: the sum, modulo 2^128, of the hashes of all rows that are up; and
/// where they differ, in 256 sums modulo 2^64 by the first byte of the id. A row that comes or goes costs one addition.
///
/// Sums and not XOR: 128 identities of an attacker would be enough to solve for a set whose XOR is anything; for the
/// sum a generalised birthday attack remains (Wagner, 2002), whose prize would be that his *own* rows differ unnoticed
/// between two nodes: each row is signed, so nobody else's can be made to vanish. What is signed stands on a real hash
/// (entry_set).

#include "mesh/record_proof.hpp"

#include <askr/node_id.hpp>

#include <array>
#include <cstdint>

namespace askr::mesh {

using bucket_digests = std::array<std::uint64_t, 256>;

class view_digest {
 public:
  void add(const node_id& id, const digest& row) noexcept;
  void remove(const node_id& id, const digest& row) noexcept;

  /// Big-endian. All zero for an empty view.
  digest root() const noexcept;
  const bucket_digests& buckets() const noexcept { return buckets_; }

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
  bucket_digests buckets_{};
};

}  // namespace askr::mesh
