// SPDX-License-Identifier: MIT
#include "mesh/feeders.hpp"

#include "mesh/record_schema.hpp"

#include <cstdint>
#include <utility>

namespace askr::mesh {
namespace {

std::uint64_t word_of(const node_id& id, std::size_t at) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 8; i-- > 0;) word = word << 8U | id.bytes[at + i];
  return word;
}

// Not the same in both directions: what one node chooses says nothing about what its peer does.
std::uint64_t rank_of(const node_id& of, const node_id& peer) noexcept {
  auto rank = (word_of(of, 0) * 0x9e3779b97f4a7c15U) ^ word_of(peer, 8);
  rank = (rank ^ rank >> 32U) * 0xd6e8feb86659fd93U;
  return rank ^ rank >> 29U;
}

}  // namespace

feeders::feeders(const signed_record& of) {
  const auto& links = of.links();
  if (!links || links->size() <= count_max) return;
  all_ = false;
  const auto count = links->size();
  const auto next =
      static_cast<std::size_t>(std::lower_bound(links->begin(), links->end(), of.id(),
                                                [](const auto& each, const node_id& id) { return each.first < id; }) -
                               links->begin());
  const auto after = next % count, before = (next + count - 1) % count;
  ids_[0] = (*links)[after].first;
  ids_[1] = (*links)[before].first;
  std::array<std::pair<std::uint64_t, std::size_t>, 2> best{{{UINT64_MAX, after}, {UINT64_MAX, after}}};
  for (std::size_t i = 0; i < count; ++i) {
    if (i == after || i == before) continue;
    const std::pair candidate(rank_of(of.id(), (*links)[i].first), i);
    if (candidate < best[0]) {
      best[1] = std::exchange(best[0], candidate);
    } else if (candidate < best[1]) {
      best[1] = candidate;
    }
  }
  ids_[2] = (*links)[best[0].second].first;
  ids_[3] = (*links)[best[1].second].first;
}

}  // namespace askr::mesh
