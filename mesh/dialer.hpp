// SPDX-License-Identifier: MIT
#pragma once

/// Whom to connect to, and when: seeds, nodes heard by beacon, and nodes named by peers. Nothing is ever given up:
/// failures only make the next attempt later, by exponential back-off with full jitter. No I/O: the owner dials.

#include <askr/endpoint.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>
#include <askr/random.hpp>
#include <askr/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace askr::mesh {

struct dialer_options {
  std::size_t candidates_max = 1024;
  std::size_t dials_max = 16;            ///< Under way at once.
  std::size_t endpoints_max = 16;        ///< Kept for one candidate.
  milliseconds higher_id_delay = 300ms;  ///< The lower id of a pair dials at once, the higher one after this.
  milliseconds backoff_min = 500ms;
  milliseconds backoff_max = seconds(30);
};

using dial_id = std::uint32_t;

/// What the owner should do: connect, prove the identity, and answer with on_linked() or on_dial_failed().
struct dial_request {
  dial_id dial = 0;
  endpoint to;
  std::optional<node_id> expected;  ///< Nothing for a seed: whoever answers.
};

class dialer {
 public:
  dialer(const dialer_options& options, const node_id& self, rng& random);

  void add_seed(time_point now, const endpoint& seed);
  /// A node was heard of. Endpoints are added to those known.
  void on_candidate(time_point now, const node_id& id, const std::vector<endpoint>& endpoints);
  /// A link to this node is up, by whichever side's dial. `dial` is 0 if the other side dialled.
  void on_linked(const node_id& id, dial_id dial);
  void on_unlinked(time_point now, const node_id& id);
  /// It is not to be dialled until on_candidate() names it again.
  void ignore(const node_id& id);
  /// `found_self`: the endpoint is our own; it is never dialled again.
  void on_dial_failed(time_point now, dial_id dial, const error& why, bool found_self = false);

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return next_due_; }
  /// Dials that are due; each is handed out once.
  std::vector<dial_request> take_requests();

  /// Nodes that could not be linked at the last attempt, sorted.
  std::vector<node_id> failed() const;

  struct status {
    std::string who;          ///< A node id or the seed's text.
    std::string last_result;  ///< "linked", "dialing", or why the last attempt failed.
  };
  std::vector<status> statuses() const;

 private:
  struct candidate {
    std::optional<node_id> id;
    std::vector<endpoint> endpoints;
    bool seed = false;
    bool is_self = false;
    bool linked = false;
    bool ignored = false;
    dial_id dialing = 0;
    std::uint32_t failures = 0;
    std::size_t turn = 0;  ///< Which endpoint is next.
    time_point due = time_point::max();
    std::string last_result = "not tried yet";
  };
  using key = std::string;

  static key key_of(const node_id& id) { return id.to_string(); }
  bool forget_one();
  candidate* dialing(dial_id dial);
  void schedule(candidate& which, time_point due);
  void find_next_due();
  void end_dial(candidate& which, dial_id dial);
  void dial(candidate& which);
  bool seed_is_linked(const candidate& which) const;

  dialer_options options_;
  node_id self_;
  rng& random_;
  std::map<key, candidate> candidates_;
  std::set<node_id> linked_;
  std::map<dial_id, key> dials_;
  std::vector<dial_request> requests_;
  dial_id last_dial_ = 0;
  time_point next_due_ = time_point::max();  ///< No candidate is due before; kept so that asking costs nothing.
};

}  // namespace askr::mesh
