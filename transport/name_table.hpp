// SPDX-License-Identifier: MIT
#pragma once

/// Names become small numbers after their first use on a link. The sender numbers them from 0 upwards and says each
/// number together with its name once; tables only ever grow, so both sides agree without a word more.
/// docs/protocol.md, "Names".

#include "transport/names.hpp"
#include "transport/wire_messages.hpp"

#include <askr/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace askr::transport {

/// How a name is to be written.
struct interned_name {
  enum class form : std::uint8_t {
    number,      ///< Its id.
    definition,  ///< Its id and its text: the first time.
    text,        ///< Its text: the table is full, or the message travels outside the table's order.
  };

  form as = form::text;
  std::uint32_t id = no_name_id;
  std::string_view text = {};
};

/// The sending side: open addressing over short hashes, 8 bytes a slot. No allocation for a name that is known.
class sent_names {
 public:
  /// The caller must write what it is told, in the order of the calls. `text` must be a name.
  interned_name intern(std::string_view text);
  std::size_t size() const noexcept { return names_.size(); }

 private:
  struct slot {
    std::uint32_t hash = 0;
    std::uint32_t id = no_name_id;
  };

  void grow();

  std::vector<slot> slots_;
  std::vector<std::string> names_;
};

/// The receiving side.
class received_names {
 public:
  /// False if `id` is not the next one, the table is full, or `text` is not a name.
  [[nodiscard]] bool define(std::uint64_t id, std::string_view text);
  /// Null if it was never defined. Valid as long as the table.
  const std::string* find(std::uint64_t id) const noexcept { return id < names_.size() ? names_[id].get() : nullptr; }
  std::size_t size() const noexcept { return names_.size(); }

 private:
  std::vector<std::unique_ptr<const std::string>> names_;  // Views of them stay valid while it grows.
};

}  // namespace askr::transport
