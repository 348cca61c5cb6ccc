// SPDX-License-Identifier: MIT
#pragma once

/// How many connections may be open that have not shown who they are, and what they may cost. A flood of them must not
/// keep a member out: when all places are taken, the newcomer gets the place of the oldest stranger of whoever holds
/// most of them. A member needs its place for milliseconds, so it is never the oldest. docs/protocol.md, "One port".

#include "mesh/token_bucket.hpp"

#include <askr/options.hpp>
#include <askr/time.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>

namespace askr {

class stranger_gate {
 public:
  /// Who counts as one: an IPv4 address, or 56 bits of an IPv6 one.
  struct source {
    std::array<std::uint8_t, 8> network{};  ///< Its first byte tells the families apart.
    bool local = false;                     ///< On this host: limits per source do not hold.

    static source of_ipv4(const std::array<std::uint8_t, 4>& address, bool local) noexcept;
    static source of_ipv6(const std::array<std::uint8_t, 16>& address, bool local) noexcept;
    auto operator<=>(const source&) const = default;
  };
  /// Numbers grow: a lower one came earlier. 0: none.
  using ticket = std::uint64_t;
  struct admission {
    ticket admitted = 0;  ///< 0: refused.
    ticket evicted = 0;   ///< Not 0: this one is to be closed, and has left already.
  };

  /// `limits` must outlive this.
  explicit stranger_gate(const node_limits& limits);

  admission admit(time_point now, const source& from);
  /// It has proven the workspace's secret, and keeps its place until it leaves.
  void keep(ticket which);
  /// Whether a first message that proves the secret may be answered: each answer is 150 us of work.
  bool may_answer(time_point now) { return answers_.take(now); }
  /// It is a stranger no more, or gone. `failed`: it broke the protocol, or did not prove what it had to.
  void leave(time_point now, ticket which, bool failed);

  std::size_t size() const noexcept { return strangers_.size(); }
  std::size_t sources() const noexcept { return places_.size() + failures_.size(); }

 private:
  struct places {
    std::size_t taken = 0;
    std::set<ticket> evictable;
  };

  ticket evict();
  void forget(ticket which, const source& from);
  bool has_failed_too_often(time_point now, const source& from);
  void note_failure(time_point now, const source& from);
  void forget_old_failures(time_point now);

  const node_limits& limits_;
  ticket last_ = 0;
  std::map<ticket, source> strangers_;
  std::map<source, places> places_;
  struct failures {
    mesh::token_bucket allowed;
    time_point last{};
  };
  std::map<source, failures> failures_;
  mesh::token_bucket answers_;
};

}  // namespace askr
