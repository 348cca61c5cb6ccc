// SPDX-License-Identifier: MIT
#pragma once

/// Who passes news on to a node. If everybody told all peers, each would hear everything once per link. So everybody
/// computes from a node's own record the same few of its peers, and only those tell it: its neighbours on the ring of
/// ids, which keep the whole connected, and two chosen by a hash, which make the ways short. A node with few links is
/// told by all, and so is one that is not linked with those who are next to it on the ring of all that are up: there
/// the mesh is not what it should be, and may hang on any link. What all feeders fail to bring is found by repair
/// (record_exchange).

#include "mesh/signed_record.hpp"

#include <askr/node_id.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace askr::mesh {

class feeders {
 public:
  static constexpr std::size_t count_max = 4;

  feeders() = default;
  explicit feeders(const signed_record& of);

  bool contains(const node_id& peer) const noexcept {
    return all_ || std::find(ids_.begin(), ids_.end(), peer) != ids_.end();
  }
  /// Whether its own neighbours on the ring are these.
  bool are_next_to_it(const node_id& after, const node_id& before) const noexcept {
    return all_ || (ids_[0] == after && ids_[1] == before);
  }

 private:
  bool all_ = true;
  std::array<node_id, count_max> ids_{};
};

}  // namespace askr::mesh
