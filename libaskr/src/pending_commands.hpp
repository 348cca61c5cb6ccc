// SPDX-License-Identifier: MIT
#pragma once

/// Commands that were sent and have no outcome yet, found in a few nanoseconds by mid, by who asked for them, and by
/// who works on them, so that what a lost link or a cancel costs depends on what it concerns, not on all that is
/// pending.

#include "libaskr/src/caller.hpp"
#include "libaskr/src/gathers.hpp"
#include "libaskr/src/kept_commands.hpp"
#include "libaskr/src/served_results.hpp"
#include "libaskr/src/slot_index.hpp"
#include "libaskr/src/stream_feed.hpp"
#include "libaskr/src/timer_wheel.hpp"

#include <askr/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

namespace askr {

struct command_row;

/// Of a command whose answer may come in parts.
struct pending_parts {
  std::shared_ptr<stream_feed> feed;         ///< Null unless a handler or a client of this node makes them.
  std::uint64_t count = 0;                   ///< Passed on so far.
  std::uint64_t arrived = 0;                 ///< From a client.
  std::int64_t credit = stream_credit;       ///< What the link or client they come from may still send,
  std::int64_t ungranted = 0;                ///< and what it is to be told that it may send beyond.
  std::int64_t owed = 0;                     ///< To be granted when a slow session has read on.
  std::optional<result<payload>> last = {};  ///< The outcome, behind parts that wait.
};

struct pending_command {
  std::uint64_t mid = 0;
  caller from;             ///< Who waits for the outcome.
  link_id link = no_link;  ///< The link it left by, or no_link if a client or a handler of this node serves it.
  session_id server = no_session;
  time_point sent = {};
  time_point deadline = {};
  command_row* row = nullptr;                   ///< Of a command that was sent to a node, unless asked for by name.
  std::uint32_t kept = kept_commands::none;     ///< Its copy, if it may be sent once more.
  served_results::entry* remembered = nullptr;  ///< Where its outcome is to be remembered: a peer's, idempotent.
  std::stop_source stop{std::nostopstate};      ///< Of the handler that works on it.
  std::unique_ptr<pending_parts> parts = {};    ///< Null unless its answer may come in parts.
  gather_id gather = no_gather;                 ///< It stands for all questions of a command to all.
};

class pending_commands {
 public:
  explicit pending_commands(std::size_t commands_max) : commands_max_(commands_max) {}

  bool full() const noexcept { return count_ >= commands_max_; }
  std::size_t size() const noexcept { return count_; }

  /// `command.mid` must be new. Valid until the next add.
  pending_command& add(pending_command command);
  /// Null if unknown.
  pending_command* find(std::uint64_t mid) noexcept;
  /// Somebody else waits for it now.
  void reassign(std::uint64_t mid, caller to);
  /// Takes it out; it must be there.
  pending_command take(std::uint64_t mid);

  // Mids; 0: there is none.
  std::uint64_t asked_by(caller::kind what, std::uint32_t id, std::uint64_t ticket) const noexcept;
  /// The oldest that this link or session has asked for, or works on.
  std::uint64_t first_asked_by(caller::kind what, std::uint32_t id) const noexcept;
  std::uint64_t first_served_by_link(link_id link) const noexcept { return first(served_by_links, link); }
  std::uint64_t first_served_by_session(session_id session) const noexcept {
    return first(served_by_sessions, session);
  }
  /// Of all.
  std::vector<std::uint64_t> mids() const;

  /// Mids whose deadline has come; they stay until taken.
  const std::vector<std::uint64_t>& expire(time_point now);
  time_point next_timeout() const noexcept { return wheel_.next_timeout(); }

 private:
  static constexpr std::uint32_t none = slot_index::none;

  /// A slot is in at most one ring of askers and one of servers. A ring's head is found by the low 16 bits of the link
  /// or session, which are its place in a slot_map: while commands point to one no other has that place.
  enum ring_family : std::size_t {
    asked_by_links,
    asked_by_sessions,
    asked_by_gathers,
    served_by_links,
    served_by_sessions,
    families,
  };
  struct ring_links {
    std::uint32_t next = none;
    std::uint32_t previous = none;
  };
  struct slot : pending_command {
    ring_links asked, served;
  };

  static std::optional<ring_family> asker_family(caller::kind what) noexcept;
  ring_links& links_of(std::uint32_t at, ring_family family) noexcept {
    return family < served_by_links ? slots_[at].asked : slots_[at].served;
  }
  std::uint64_t first(ring_family family, std::uint32_t id) const noexcept;
  void join(std::uint32_t at, ring_family family, std::uint32_t id);
  void leave(std::uint32_t at, ring_family family, std::uint32_t id) noexcept;
  template <class Visit>
  void for_each_ring(const pending_command& command, Visit visit);

  static bool has_ticket(const caller& from) noexcept { return from.ticket != 0; }
  auto mid_hash() const noexcept {
    return [this](std::uint32_t at) { return slot_index::scatter(slots_[at].mid); };
  }
  static std::uint64_t hash_of(caller::kind what, std::uint32_t id, std::uint64_t ticket) noexcept;
  auto asker_hash() const noexcept {
    return [this](std::uint32_t at) {
      const auto& from = slots_[at].from;
      return hash_of(from.what, from.id, from.ticket);
    };
  }

  std::size_t commands_max_;
  std::size_t count_ = 0;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  slot_index by_mid_;
  slot_index by_asker_;
  std::array<std::vector<std::uint32_t>, families> heads_;
  timer_wheel wheel_;
  std::vector<timer_wheel::slot> expired_slots_;
  std::vector<std::uint64_t> expired_;
};

}  // namespace askr
