// SPDX-License-Identifier: MIT
#pragma once

/// Commands that ask all nodes: who was asked, and what has come. Each ends when the last one has answered, or has been
/// given up for it.

#include "libaskr/src/slot_map.hpp"

#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/payload.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace askr {

using gather_id = std::uint32_t;
inline constexpr gather_id no_gather = 0;

class gathers {
 public:
  struct asked_node {
    node_id id;
    std::string name;
  };

  /// Beyond `bytes_max` of answers to one command further ones become `too_large`.
  explicit gathers(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  bool full() const noexcept { return rows_.full(); }
  /// `mid`: the command's own place among those pending.
  gather_id begin(std::uint64_t mid, std::vector<asked_node> asked);
  /// The answer of node number `ticket`, counted from 1. True: it was the last. Answers to what has ended are dropped.
  bool on_answer(gather_id which, std::uint64_t ticket, const result<payload_view>& outcome, bool maybe_executed);
  bool has(gather_id which) const noexcept { return rows_.find(which) != nullptr; }
  std::uint64_t mid(gather_id which) const { return rows_.find(which)->mid; }
  /// All answers, in the order in which the nodes were asked. docs/protocol.md, "Asking all".
  payload take(gather_id which);
  void erase(gather_id which) { rows_.erase(which); }

 private:
  struct answer {
    asked_node from;
    bool came = false;
    result<payload> outcome = payload{};  ///< In msgpack.
    bool maybe_executed = false;
  };
  struct row {
    std::uint64_t mid = 0;
    std::vector<answer> answers;
    std::size_t open = 0;
    std::size_t bytes = 0;
  };

  result<payload> as_msgpack(payload_view value) const;
  static void write(const answer& from, byte_buffer& out);

  std::size_t bytes_max_;
  slot_map<row> rows_;
};

}  // namespace askr
