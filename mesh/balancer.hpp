// SPDX-License-Identifier: MIT
#pragma once

/// Which of the nodes that serve a command gets the next one. By default two are drawn at random and the one wins that
/// is expected to answer first: its recent latency, in which peaks count at once and fade slowly, times the commands it
/// is already working on. New servers get their share little by little, and servers that keep failing get none for a
/// while. Make one balancer per command name: the latencies of different commands must not mix. Local service and
/// draining nodes are the caller's business. (Sources: Mitzenmacher, "The Power of Two Choices", 2001; peak EWMA as in
/// Finagle; ejection as in Envoy.)

#include <askr/balance.hpp>
#include <askr/node_id.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

namespace askr::mesh {

struct balancer_options {
  duration decay = seconds(10);         ///< Time in which a peak fades to 37 %.
  duration ramp = seconds(10);          ///< A new server's share grows to the full in this time. 0 = at once.
  double ramp_share_min = 0.05;         ///< What it starts with.
  duration hop_cost = milliseconds(1);  ///< Added to a server's latency for each link on the way to it.
  std::uint32_t failures_max = 5;       ///< In a row: ejected.
  double success_min = 0.5;             ///< Of about the last 16 answers, judged after at least so many: ejected below.
  duration eject_min = seconds(5);      ///< Doubled each time,
  duration eject_max = seconds(60);     ///< up to this; a server that did well for so long starts anew.
  std::size_t servers_max = 4096;       ///< Rows kept; a server without one counts as new.
};

using askr::balance;

struct candidate {
  node_id id;
  std::uint8_t hops = 1;
};

class balancer {
 public:
  explicit balancer(const balancer_options& options = {}) : options_(options) {}
  balancer(balancer&&) = default;  // Not copied: `last_` points into the rows.

  /// Index into `among`; nothing only if that is empty. Ejected servers are passed over unless all are. `key` is for
  /// sticky. O(1) for p2c, O(n) for sticky; allocates only when it meets a server for the first time.
  std::optional<std::size_t> pick(time_point now, std::span<const candidate> among, balance how, std::string_view key,
                                  rng& random);

  /// Each command that is sent ends in exactly one of on_reply, on_canceled and on_lost.
  void on_sent(time_point now, const node_id& server);
  /// `ok` false: the answer says that the server is not well (peer_lost, timed_out, overloaded).
  void on_reply(time_point now, const node_id& server, duration latency, bool ok);
  /// The caller gave up: says nothing about the server.
  void on_canceled(const node_id& server);
  /// The node went or was restarted, with all it was working on.
  void on_lost(const node_id& server);

  bool is_ejected(time_point now, const node_id& server) const;
  std::uint32_t in_flight(const node_id& server) const;
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct row {
    double latency_us = 0;  ///< Peak EWMA as of `measured`; 0: never measured.
    time_point measured;
    time_point ramp_began;
    time_point ejected_until = time_point::min();
    double success = 1;         ///< EWMA of the answers.
    std::uint32_t answers = 0;  ///< Since the last ejection.
    std::uint32_t in_flight = 0;
    std::uint32_t failures = 0;  ///< In a row.
    std::uint32_t ejections = 0;
  };

  /// Null if there is none.
  row* find(const node_id& server);
  row* find_or_add(time_point now, const node_id& server);
  void forget_idle();
  bool takes_part(time_point now, const node_id& server, rng& random);
  /// What is left of a peak.
  double faded(time_point now, const row& which) const;
  double latency_us(time_point now, const row& which) const;
  double load(time_point now, const candidate& which) const;
  void judge(time_point now, row& which);
  bool may_eject(time_point now) const;
  /// One drawn at random that is not ejected, other than `not_this` unless there is no other.
  std::size_t draw(time_point now, std::span<const candidate> among, std::size_t not_this, rng& random) const;
  std::size_t pick_p2c(time_point now, std::span<const candidate> among, rng& random);
  std::size_t pick_round_robin(time_point now, std::span<const candidate> among);
  std::size_t pick_sticky(time_point now, std::span<const candidate> among, std::string_view key) const;

  balancer_options options_;
  std::unordered_map<node_id, row> rows_;
  node_id last_id_;           ///< Asked for last; most commands have one server, or few.
  row* last_ = nullptr;       ///< Its row. Null: none asked for, or rows have gone since.
  double typical_us_ = 1000;  ///< What is expected of a server that was never measured.
  std::size_t turn_ = 0;
};

/// The weight of a server for a key; the highest wins. The same on every node and machine. (Thaler and Ravishankar,
/// 1998)
std::uint64_t rendezvous_weight(std::uint64_t key_hash, const node_id& server) noexcept;
std::uint64_t hash_key(std::string_view key) noexcept;

}  // namespace askr::mesh
