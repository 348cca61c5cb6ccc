// SPDX-License-Identifier: MIT
#pragma once

/// The commands of a client that have no outcome yet. Each ends in exactly one: the node's answer, the deadline, the
/// loss of the connection if it had been sent, or the end of the client.

#include <askr/command.hpp>
#include <askr/detail/unique_function.hpp>
#include <askr/error.hpp>
#include <askr/payload.hpp>
#include <askr/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

namespace askr {

class client_commands {
 public:
  using completion = detail::unique_function<void(result<payload>)>;
  using part_receiver = detail::unique_function<void(payload_view)>;

  /// How long after its deadline a command that was sent waits for the node, which keeps the same deadline and knows
  /// better what became of it.
  static constexpr milliseconds grace = 500ms;

  std::size_t size() const noexcept { return rows_.size(); }
  /// `number`: to find it by; 0: never. `parts` may be null.
  void add(std::uint64_t mid, time_point deadline, completion done, command_id number = 0,
           std::shared_ptr<part_receiver> parts = {});
  /// Its mid; 0 if none that is pending has this number.
  std::uint64_t find(command_id number) const;
  bool was_sent(std::uint64_t mid) const;
  /// False if nobody waits for it.
  bool on_part(std::uint64_t mid, payload_view part);
  /// What is left until the deadline; zero if the command is not pending.
  milliseconds remaining(time_point now, std::uint64_t mid) const noexcept;
  void mark_sent(std::uint64_t mid);

  /// False if it is not pending: late, or never asked for.
  bool on_outcome(std::uint64_t mid, result<payload> outcome);
  /// Those that were sent end in `why`; the others go on waiting.
  void on_connection_lost(const error& why);
  /// All end in `why`.
  void close(const error& why);

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept {
    return deadlines_.empty() ? time_point::max() : deadlines_.begin()->first;
  }

 private:
  struct row {
    time_point deadline;  ///< As asked for, without the grace.
    bool sent = false;
    completion done;
    command_id number = 0;
    std::shared_ptr<part_receiver> parts;

    time_point due() const noexcept { return sent ? deadline + grace : deadline; }
  };

  std::map<std::uint64_t, row> rows_;  ///< By mid, so that many end in the order in which they were sent.
  std::unordered_map<command_id, std::uint64_t> mids_;  ///< By number.
  std::set<std::pair<time_point, std::uint64_t>> deadlines_;
};

}  // namespace askr
