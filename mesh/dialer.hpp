// SPDX-License-Identifier: MIT
#pragma once

/// Whom to connect to, and when: seeds, nodes heard by beacon, and nodes named by peers. All addresses of a candidate
/// are raced, one starting a moment after the other, and the first that proves the expected identity wins. Nothing is
/// ever given up: failures only make the next race later, by exponential back-off with full jitter. No I/O: the owner
/// dials. (docs/protocol.md, "Who dials whom")

#include "mesh/dial_candidate.hpp"
#include "mesh/pacer.hpp"

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
#include <tuple>
#include <utility>
#include <vector>

namespace askr::mesh {

struct dialer_options {
  std::size_t candidates_max = 1024;
  std::size_t dials_max = 16;            ///< Under way at once. Only half of them may be a race's second or later one.
  std::size_t dials_per_host_max = 8;    ///< To one address; this host's own are exempt.
  std::size_t endpoints_max = 16;        ///< Kept for one candidate.
  std::size_t names_max = 256;           ///< Seeds that are DNS names.
  std::size_t name_addresses_max = 64;   ///< Of one such seed.
  std::size_t dials_burst = 3;           ///< So many of those newly heard of are dialled at once,
  milliseconds dial_interval = 5ms;      ///< the others one by one: a few links give the full view, the rest can wait.
  milliseconds race_interval = 200ms;    ///< From the start of one dial of a race to that of the next.
  milliseconds higher_id_delay = 300ms;  ///< The lower id of a pair dials at once, the higher one after this.
  milliseconds backoff_min = 500ms;
  milliseconds backoff_max = seconds(30);
  milliseconds lost_lately = seconds(60);      ///< So long after its link was lost a node is waited for
  milliseconds lost_backoff_max = seconds(1);  ///< no longer than this: a partition has healed, or it has restarted.
  milliseconds brief_link = seconds(1);        ///< Who ends two links sooner does not want them: that is a failure.
  milliseconds lookup_interval = seconds(30);  ///< How often a seed's name is looked up again.
  milliseconds remembered = std::chrono::hours(24);  ///< A candidate that nobody speaks of is forgotten after this.
  bool unix_links = true;                            ///< Try the unix socket of endpoints on this host first.
};

using dial_id = std::uint32_t;

/// What the owner should do: connect, ask on_proved() when the other end has proved who it is, and answer with
/// on_linked() or on_dial_failed().
struct dial_request {
  dial_id dial = 0;
  endpoint to;
  std::optional<node_id> expected;  ///< Nothing for a seed: whoever answers.
  dial_way way = dial_way::tcp;
};

class dialer {
 public:
  dialer(const dialer_options& options, const node_id& self, rng& random);

  /// An address, or a name: then whatever addresses it has are seeds.
  void add_seed(time_point now, const endpoint& seed);
  void remove_seed(const endpoint& seed);
  void on_looked_up(time_point now, const endpoint& seed, const std::vector<std::string>& addresses);
  void on_lookup_failed(time_point now, const endpoint& seed, const error& why);
  /// A node was heard of. Endpoints are added to those known.
  void on_candidate(time_point now, const node_id& id, const std::vector<endpoint>& endpoints);
  /// It was heard itself, so it is worth a try now, whatever failed before.
  void on_alive(time_point now, const node_id& id);
  /// Where this node listens, and the addresses of this host.
  void set_own_endpoints(std::vector<endpoint> endpoints);
  void set_host_addresses(time_point now, std::set<std::string> addresses);

  /// The other end has proved to be `id`. True: go on, this dial has won its race. False: end it.
  bool on_proved(dial_id dial, const node_id& id);
  /// A link to this node is up, by whichever side's dial. `dial` is 0 if the other side dialled.
  void on_linked(time_point now, const node_id& id, dial_id dial);
  void on_unlinked(time_point now, const node_id& id);
  /// It is not to be dialled until on_candidate() names it again.
  void ignore(const node_id& id);
  /// `found_self`: the endpoint is our own; it is never dialled again.
  void on_dial_failed(time_point now, dial_id dial, const error& why, bool found_self = false);

  void on_timeout(time_point now);
  time_point next_timeout() const noexcept { return due_.empty() ? time_point::max() : std::get<0>(*due_.begin()); }
  /// Dials that are due; each is handed out once.
  std::vector<dial_request> take_requests() { return std::exchange(requests_, {}); }
  /// Dials that lost their race: to be ended without a word.
  std::vector<dial_id> take_dropped() { return std::exchange(dropped_, {}); }
  /// Seeds whose names are to be looked up.
  std::vector<endpoint> take_lookups() { return std::exchange(lookups_, {}); }

  /// Nodes that could not be linked at the last attempt, sorted.
  std::vector<node_id> failed() const;

  struct address_status {
    std::string address;  ///< "192.168.1.5:8800", with "unix " before it for the unix socket.
    std::string last_result;
  };
  struct status {
    std::string who;          ///< A node id or the seed's text.
    std::string last_result;  ///< "linked", "dialing", or why the last attempt failed.
    bool seed = false;
    bool linked = false;
    std::vector<address_status> addresses = {};
  };
  std::vector<status> statuses() const;

 private:
  using key = std::string;
  struct dial_row {
    key who;
    endpoint to;
    dial_way way = dial_way::tcp;
    std::optional<node_id> proved;
  };
  struct name_row {
    endpoint seed;
    std::uint32_t failures = 0;
    std::string last_result = "not looked up yet";
  };
  /// When, failures, who: of those that waited for room, the one with the fewest failures comes first.
  using due_key = std::tuple<time_point, std::uint32_t, key>;

  static key key_of(const node_id& id) { return id.to_string(); }
  dial_candidate& seed_at(time_point now, const endpoint& seed);
  void forget_seed(const key& who);
  bool make_room();
  void join_race(time_point now, const key& who, dial_candidate& row, const std::vector<endpoint>& news);
  void schedule(const key& who, time_point due);
  void unschedule(const key& who);
  void back_off(time_point now, const key& who, std::uint32_t& failures, milliseconds longest);
  void race(time_point now, const key& who, dial_candidate& row);
  void start(const key& who, dial_candidate& row);
  bool has_room(const dial_candidate& row) const;
  bool is_linked(const dial_candidate& row) const { return row.id && linked_.contains(*row.id); }
  dial_candidate::reach reach_of(const endpoint& to) const;
  bool is_self(const dial_candidate& row) const;
  dial_candidate* row_of(dial_id dial);
  void end_dial(dial_id dial);
  void drop_others(const key& who, dial_id but);
  status status_of(const key& who, const dial_candidate& row) const;

  dialer_options options_;
  pacer pace_;  ///< Of those newly heard of.
  node_id self_;
  rng& random_;
  std::map<key, dial_candidate> candidates_;
  std::map<key, name_row> names_;
  std::set<node_id> linked_;
  std::set<node_id> proved_;          ///< Their links are about to come up.
  std::set<endpoint> own_endpoints_;  ///< Where this node listens.
  std::set<endpoint> found_own_;      ///< Endpoints at which we met ourselves.
  std::set<std::string> host_addresses_;
  std::map<dial_id, dial_row> dials_;
  std::map<std::string, std::size_t> dials_per_host_;
  std::set<key> waiting_;  ///< For room to dial.
  std::set<due_key> due_;
  std::map<key, due_key> due_of_;
  std::vector<dial_request> requests_;
  std::vector<dial_id> dropped_;
  std::vector<endpoint> lookups_;
  dial_id last_dial_ = 0;
};

}  // namespace askr::mesh
