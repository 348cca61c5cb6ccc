// SPDX-License-Identifier: MIT
#pragma once

/// Records that were verified before, by (id, incarnation, version, root): those tell all that a record says, so what
/// was proved once for one link holds for every other. Nodes that share a process (a simulation) may share one, and
/// then share the records too.

#include "mesh/signed_record.hpp"

#include <cstddef>
#include <cstring>
#include <deque>
#include <unordered_map>

namespace askr::mesh {

class record_memo {
 public:
  explicit record_memo(std::size_t records_max = 256) : records_max_(records_max) {}

  /// Null if it is not known.
  signed_record_ptr find(const record_row& row) const {
    const auto found = records_.find(row);
    return found == records_.end() ? nullptr : found->second;
  }
  /// The oldest goes when there are too many.
  void add(const signed_record_ptr& record) {
    if (!records_.try_emplace(record->row(), record).second) return;
    order_.push_back(record->row());
    if (order_.size() <= records_max_) return;
    records_.erase(order_.front());
    order_.pop_front();
  }

 private:
  struct row_hash {
    std::size_t operator()(const record_row& row) const noexcept {
      std::size_t head;
      std::memcpy(&head, row.stamp.root.data(), sizeof head);  // A hash already, but owners choose what it is of.
      return head ^ std::hash<node_id>{}(row.id) ^ row.stamp.version;
    }
  };

  std::size_t records_max_;
  std::unordered_map<record_row, signed_record_ptr, row_hash> records_;
  std::deque<record_row> order_;
};

}  // namespace askr::mesh
