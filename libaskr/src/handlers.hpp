// SPDX-License-Identifier: MIT
#pragma once

/// Who on this node serves which command: the node's own handlers, and clients that serve.

#include "libaskr/src/caller.hpp"

#include <askr/handler.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace askr {

class handlers {
 public:
  struct row {
    std::shared_ptr<detail::handler> own;  ///< Null if only clients serve it.
    std::vector<session_id> clients;
    bool builtin = false;  ///< Every node has it: not announced to others.
    std::size_t turn = 0;  ///< Round robin over the clients.
  };

  void set(std::string name, std::shared_ptr<detail::handler> handler, bool builtin = false);
  /// False if there was none.
  bool remove(std::string_view name);

  /// False if that client serves it already.
  bool add_client(std::string_view name, session_id client);
  bool remove_client(std::string_view name, session_id client);
  /// True if it served anything.
  bool remove_client_everywhere(session_id client);

  /// Null if nobody here serves it.
  row* find(std::string_view name) noexcept;
  /// The names to announce, sorted.
  std::vector<std::string> announced() const;
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, row, text_hash, std::equal_to<>> rows_;
};

}  // namespace askr
