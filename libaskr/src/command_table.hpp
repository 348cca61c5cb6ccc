// SPDX-License-Identifier: MIT
#pragma once

/// What a node knows of each command name, in one row that one look-up finds: its own handler, its clients that serve
/// it, the other nodes that do, and how well those have answered.

#include "libaskr/src/caller.hpp"
#include "mesh/balancer.hpp"
#include "mesh/directory.hpp"

#include <askr/handler.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace askr {

struct command_row {
  std::string_view name;                 ///< As long as the row.
  std::shared_ptr<detail::handler> own;  ///< Null if only clients or other nodes serve it.
  std::vector<session_id> clients;
  bool builtin = false;       ///< Every node has it: not announced to others.
  std::size_t turn = 0;       ///< Round robin over the clients.
  std::uint32_t pending = 0;  ///< Commands that point here: the row must stay.
  mesh::balancer balancer;    ///< Among other nodes.

  bool is_served_here() const noexcept { return own || !clients.empty(); }

 private:
  friend class command_table;
  std::vector<mesh::candidate> servers;
  std::uint64_t servers_as_of = 0;                       ///< The directory's generation; 0: not asked yet.
  std::pair<std::uint64_t, std::uint64_t> hops_as_of{};  ///< That, and the version of the links.
};

class command_table {
 public:
  /// Of names that are not served here at most `rows_max` are known; then those with nothing pending are forgotten.
  command_table(const mesh::directory& directory, const node_id& self, std::size_t rows_max)
      : directory_(directory), self_(self), rows_max_(rows_max) {}

  void set(std::string_view name, std::shared_ptr<detail::handler> handler, bool builtin = false);
  /// False if there was none.
  bool remove(std::string_view name);

  /// False if that client serves it already.
  bool add_client(std::string_view name, session_id client);
  bool remove_client(std::string_view name, session_id client);
  /// True if it served anything.
  bool remove_client_everywhere(session_id client);

  /// Null if nobody serves it, here or elsewhere, or the table is full. Rows stay where they are while something
  /// is pending in them.
  command_row* find(std::string_view name);
  /// The other nodes that serve it and are not draining. Valid until the directory changes.
  std::span<const mesh::candidate> servers(command_row& row) const;
  /// The same, each as far away as `hops_of(id)` says, which is asked when they or the `links` (a version) changed.
  template <class HopsOf>
  std::span<const mesh::candidate> servers(command_row& row, std::uint64_t links, HopsOf hops_of) const {
    servers(row);
    const std::pair as_of{row.servers_as_of, links};
    if (std::exchange(row.hops_as_of, as_of) != as_of) {
      for (auto& each : row.servers) each.hops = hops_of(each.id);
    }
    return row.servers;
  }

  /// The names to announce, sorted.
  std::vector<std::string> announced() const;
  /// Names served here.
  std::size_t size() const noexcept { return served_; }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using row_map = std::unordered_map<std::string, command_row, text_hash, std::equal_to<>>;

  command_row& find_or_add(std::string_view name);
  bool is_full() const noexcept { return rows_.size() - served_ >= rows_max_; }
  void forget_idle();
  /// Changes who serves it here, and keeps count. An idle row stays.
  template <class Change>
  void change(command_row& row, Change how);
  void erase_if_idle(row_map::iterator row);

  const mesh::directory& directory_;
  node_id self_;
  std::size_t rows_max_;
  row_map rows_;
  std::size_t served_ = 0;
};

}  // namespace askr
