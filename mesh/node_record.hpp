// SPDX-License-Identifier: MIT
#pragma once

/// What a node says about itself. Records are immutable once made and shared by pointer; a change is a new record with
/// a higher version. (docs/protocol.md, "node record")

#include <askr/node_id.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace askr::mesh {

struct node_record {
  node_id id;
  incarnation life = 0;       ///< Which start of this identity.
  std::uint64_t version = 0;  ///< Grows with every change within one life.
  std::string name;           ///< Full name, for example "askr-agent-x1Y2z3".
  std::string app_version;    ///< Of the askr library.
  std::vector<std::string> endpoints;
  std::vector<std::string> commands;  ///< What it serves, sorted.
  std::vector<std::string> topics;    ///< What it listens to, exact or patterns, sorted.
  bool draining = false;
  bool leaving = false;  ///< Its last words: it is gone, whoever still has a link to it.
  bool asking = false;   ///< It waits to be told by everybody that its topics are known there.
};

using record_ptr = std::shared_ptr<const node_record>;

/// True if `next` is about a later state of the same node than `known`.
inline bool supersedes(const node_record& next, const node_record& known) noexcept {
  return next.life != known.life ? next.life > known.life : next.version > known.version;
}

}  // namespace askr::mesh
