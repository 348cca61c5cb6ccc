// SPDX-License-Identifier: MIT
#pragma once

/// Who is there: links come and go, silence is noticed, this node tells about itself, and what the others tell becomes
/// the directory. The view itself is full_view's, whom to link is neighbours'. No I/O, no clock.

#include "libaskr/src/core_keys.hpp"
#include "libaskr/src/event_interest.hpp"
#include "libaskr/src/full_view.hpp"
#include "libaskr/src/neighbours.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/self_description.hpp"
#include "libaskr/src/self_record.hpp"
#include "mesh/beacon_schedule.hpp"
#include "mesh/directory.hpp"
#include "mesh/observed_endpoints.hpp"
#include "transport/beacon_codec.hpp"

#include <askr/counters.hpp>
#include <askr/options.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace askr {

/// A link whose peer was admitted.
struct link_peer {
  node_id id;
  incarnation life = 0;
  std::string name;
  principal who;
  bool dialed = false;     ///< By us,
  mesh::dial_id dial = 0;  ///< on this request.
  std::string address;
  duration round_trip{0};  ///< As the handshake measured it; 0: not measured.
};

class membership {
 public:
  /// `self` must outlive this; its life is raised where an older one of the same identity was higher.
  membership(const node_options& options, self_description& self, const core_keys& keys, peer_table& peers,
             mesh::directory& directory, event_interest& interests, rng& random, counters& counts);

  void start(time_point now, std::vector<std::string> endpoints);
  /// Says goodbye on every link.
  void stop(time_point now);

  /// Fails with duplicate_identity (our own identity) or overloaded; then the link is to be closed.
  result<link_id> on_link_up(time_point now, link_peer up);
  /// The link is gone; the dispatcher has been told already.
  void on_link_down(time_point now, link_id link);
  /// False: the dial is to be ended.
  bool on_dial_proved(mesh::dial_id dial, const node_id& id) { return dialer().on_proved(dial, id); }
  void on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self);
  /// False: it is our own, or older than what is known of that node.
  bool on_beacon(time_point now, const transport::beacon& heard);
  /// All is beaconed anew, as after a start.
  void beacon_again(time_point now);
  /// It may be reached elsewhere than it was.
  void set_endpoints(const std::vector<std::string>& endpoints);
  /// The peer says at which address it sees this node.
  void on_observed(peer& from, std::string_view address);
  /// True once after peers have said so.
  bool take_observed() noexcept { return std::exchange(observed_, false); }
  std::vector<mesh::observation> observations();

  void on_ping(time_point now, peer& from, const transport::ping_message& ping);
  void on_bye(peer& from, const transport::bye_message& bye);
  void on_link_wanted(peer& from, bool wanted) { neighbours_.on_wanted(from, wanted); }
  /// Closes a link for a reason of the core's.
  void close(peer& which, error why);
  /// Its peer was in, and is refused now: it is told why, and the link ends.
  void dismiss(peer& which, error why);
  /// Links and nodes whose admission has ended by this wall time; returns when the next one does (0: none).
  wall_ms end_expired(wall_ms wall);
  full_view& view() noexcept { return view_; }
  neighbours& links() noexcept { return neighbours_; }

  /// What this node serves and listens to; all are told at the end of the turn.
  void set_interest(const std::vector<std::string>& commands, const std::vector<std::string>& topics);
  /// What the other nodes' authenticators are shown.
  void set_credential(byte_span credential) { record_.set_credential(credential); }
  void set_asking(bool asking) { record_.set_asking(asking); }
  void end_turn(time_point now);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

  std::vector<mesh::dial_request> take_dials() { return neighbours_.take_dials(); }
  std::vector<std::pair<link_id, error>> take_closing() { return std::exchange(closing_, {}); }
  /// Links that are no ways any more since the last call; what is under way on them still arrives.
  std::vector<link_id> take_let_go() { return std::exchange(let_go_, {}); }
  /// Nodes that went down, or are not admitted any more, since the last call.
  std::vector<node_id> take_lost() { return std::exchange(lost_, {}); }
  std::vector<record_owner_claim> take_claims() { return view_.take_claims(); }
  void on_owner_verdict(const node_id& id, incarnation life, result<principal> verdict);
  bool take_beacon_due() noexcept { return std::exchange(beacon_due_, false); }
  std::uint64_t next_beacon_counter() noexcept { return beacons_.next_counter(); }
  /// The node must stop: duplicate_identity.
  std::optional<error> take_fatal() { return std::exchange(fatal_, std::nullopt); }

  const mesh::directory& known() const noexcept { return directory_; }
  const self_description& self() const noexcept { return self_; }
  mesh::dialer& dialer() noexcept { return neighbours_.dialer(); }
  std::vector<mesh::dialer::status> candidates() const { return neighbours_.candidates(); }

 private:
  enum class rivalry : std::uint8_t { newcomer_stays, newcomer_retires, newcomer_outdated };

  rivalry judge(const link_peer& newcomer, const peer& incumbent) const;
  void settle(time_point now, const link_peer& up, peer& newcomer);
  void make_current(time_point now, peer& which);
  void retire(peer& which, errc why);
  void retire_when_quiet(peer& which);
  void turn_away(peer& newcomer);
  void report(const peer& which, mesh::haste when);
  void follow_interest(const node_id& node);
  void on_newer_self(time_point now, const full_view::newer_self& other);
  void follow_outlived();
  bool is_far_outdated(const node_id& id) const;
  void follow_own_links();
  void let_go(peer& which);
  void follow_fading(time_point now);
  void check_silence(time_point now, peer& which);
  void send_ping(time_point now, peer& to);
  void report_round_trips();

  const node_options& options_;
  self_description& self_;
  peer_table& peers_;
  mesh::directory& directory_;
  event_interest& interests_;
  counters& counts_;
  full_view view_;
  neighbours neighbours_;
  self_record record_;
  mesh::beacon_schedule beacons_;
  bool started_ = false;
  std::uint64_t losses_ = 0;  ///< Of links anywhere, that were known at the end of the last turn.
  bool believed_ = false;     ///< Another node was up: its present life is known to others.
  time_point start_time_;
  time_point next_check_ = time_point::max();
  std::size_t retiring_ = 0;  ///< Links that are.
  std::size_t fading_ = 0;
  time_point fading_check_ = time_point::max();
  time_point rtt_report_due_ = time_point::max();
  bool beacon_due_ = false;
  bool observed_ = false;
  std::vector<std::pair<link_id, error>> closing_;
  std::vector<link_id> let_go_;
  std::vector<node_id> lost_;
  std::optional<error> fatal_;
};

}  // namespace askr
