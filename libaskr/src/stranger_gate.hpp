// SPDX-License-Identifier: MIT
#pragma once

/// How many connections may be open that have not shown who they are, and what they may cost. A flood of them must not
/// keep a member out: when all places are taken, the newcomer gets the place of the oldest stranger of whoever holds
/// most of them. A member needs its place for milliseconds, so it is never the oldest. docs/protocol.md, "One port".

#include "libaskr/src/source_buckets.hpp"
#include "mesh/token_bucket.hpp"

#include <askr/options.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <map>
#include <set>

namespace askr {

class stranger_gate {
 public:
  using source = connection_source;
  /// Numbers grow: a lower one came earlier. 0: none.
  using ticket = std::uint64_t;
  struct admission {
    ticket admitted = 0;  ///< 0: refused.
    ticket evicted = 0;   ///< Not 0: this one is to be closed, and has left already.
  };

  /// `limits` must outlive this.
  explicit stranger_gate(const node_limits& limits, const tls_options& tls = {});

  admission admit(time_point now, const source& from);
  /// It has proven the workspace's secret, and keeps its place until it leaves.
  void keep(ticket which);
  /// Whether a first message that proves the secret may be answered: each answer is 150 us of work.
  bool may_answer(time_point now) { return answers_.take(now); }
  /// Whether a stranger may begin a TLS handshake: whoever comes can, and each is 0.4 ms of work.
  bool may_shake_hands(time_point now, ticket which);
  /// It is a stranger no more, or gone. `failed`: it broke the protocol, or did not prove what it had to.
  void leave(time_point now, ticket which, bool failed);

  std::size_t size() const noexcept { return strangers_.size(); }
  std::size_t sources() const noexcept { return places_.size() + failures_.size() + handshakes_from_.size(); }

 private:
  struct places {
    std::size_t taken = 0;
    std::set<ticket> evictable;
  };

  ticket evict();
  void forget(ticket which, const source& from);

  const node_limits& limits_;
  ticket last_ = 0;
  std::map<ticket, source> strangers_;
  std::map<source, places> places_;
  source_buckets failures_;
  mesh::token_bucket answers_;
  mesh::token_bucket handshakes_;  ///< Of TLS,
  source_buckets handshakes_from_;
};

}  // namespace askr
