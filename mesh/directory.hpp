// SPDX-License-Identifier: MIT
#pragma once

/// The full view: the record of every node that is up, and who serves what. One writer, no locks, no I/O.

#include "mesh/node_record.hpp"

#include <askr/error.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr::mesh {

class directory {
 public:
  /// Adds or replaces a node's record; false if it is not newer than the one known.
  bool merge(record_ptr record);
  void reserve(std::size_t nodes) { records_.reserve(nodes); }
  /// The node went: its record and all its rows go.
  void erase(const node_id& id);

  /// Null if unknown.
  const node_record* find(const node_id& id) const noexcept;
  /// By id, full name or label (if only one node has it), in O(log N). Fails with errc::no_node, saying why.
  result<node_id> resolve(std::string_view name_or_id) const;
  /// The nodes that serve a command and are not draining, in no particular order.
  std::span<const node_id> servers(std::string_view command) const noexcept;

  /// Grows whenever the answer of servers() may have changed for some command.
  std::uint64_t generation() const noexcept { return generation_; }

  /// Sorted by id.
  std::span<const record_ptr> records() const noexcept { return records_; }
  std::size_t size() const noexcept { return records_.size(); }
  /// Grows when a node comes or goes.
  std::uint64_t changes() const noexcept { return changes_; }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using server_index = std::unordered_map<std::string, std::vector<node_id>, text_hash, std::equal_to<>>;

  using name_index = std::vector<const node_record*>;

  result<node_id> resolve_label(std::string_view label) const;
  name_index::iterator place_of_name(const node_record& record) const noexcept;
  void name(const node_record& record);
  void unname(const node_record& record);
  void index(const node_record& record);
  void unindex(const node_record& record);

  std::vector<record_ptr>::iterator place_of(const node_id& id) noexcept;

  std::vector<record_ptr> records_;  ///< Sorted by id: a tree would cost a large mesh five times the memory.
  server_index servers_;
  /// Sorted by label, name and id. Made when somebody asks by name, which most nodes of a simulated mesh never do.
  mutable name_index by_name_;
  mutable bool has_names_ = false;
  std::uint64_t generation_ = 1;
  std::uint64_t changes_ = 0;
};

/// "agent" of "askr-agent-x1Y2z3"; the whole name if it has another form.
std::string_view label_of(std::string_view full_name) noexcept;
/// "askr-<label>-<6 characters of the id>".
std::string full_name(std::string_view label, const node_id& id);

}  // namespace askr::mesh
