// SPDX-License-Identifier: MIT
#pragma once

/// Envelopes from nodes that this one does not know yet, or has not judged yet: the relay between knew both ends before
/// they knew each other. They wait for that, a second at most and in their order.

#include "libaskr/src/peer_table.hpp"
#include "transport/routed_codec.hpp"

#include <deque>
#include <optional>

namespace askr {

class early_envelopes {
 public:
  static constexpr std::size_t envelopes_max = 128;  ///< All are looked at in each turn.
  static constexpr std::size_t bytes_max = 256 * 1024;
  static constexpr milliseconds kept{1000};

  struct envelope {
    link_id from = no_link;  ///< The link it came over.
    time_point due;          ///< When it has waited long enough.
    transport::routed_message message;
    byte_buffer sealed;  ///< What `message.sealed` shows.
  };

  /// False if there is no room for it.
  bool hold(time_point now, link_id from, const transport::routed_message& message);

  bool has_of(const node_id& source) const noexcept;
  time_point next_timeout() const noexcept { return held_.empty() ? time_point::max() : held_.front().due; }

  /// The first that has waited long enough, or whose source `is_settled`.
  template <class Settled>
  std::optional<envelope> take(time_point now, Settled is_settled) {
    for (auto each = held_.begin(); each != held_.end(); ++each) {
      if (now < each->due && !is_settled(each->message)) continue;
      return take(each);
    }
    return std::nullopt;
  }

 private:
  envelope take(std::deque<envelope>::iterator which);

  std::deque<envelope> held_;  ///< In the order in which they came.
  std::size_t bytes_ = 0;
};

}  // namespace askr
