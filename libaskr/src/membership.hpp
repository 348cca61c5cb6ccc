// SPDX-License-Identifier: MIT
#pragma once

/// Who is there: links come and go, node records are exchanged, silence is noticed, and new nodes are found. It keeps
/// the directory, the dialer and each peer's interest up to date. No I/O, no clock.

#include "libaskr/src/core_keys.hpp"
#include "libaskr/src/peer_table.hpp"
#include "libaskr/src/self_description.hpp"
#include "libaskr/src/subscriptions.hpp"
#include "mesh/beacon_schedule.hpp"
#include "mesh/dialer.hpp"
#include "mesh/directory.hpp"
#include "transport/beacon_codec.hpp"

#include <askr/counters.hpp>
#include <askr/options.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace askr {

/// A link whose peer was admitted.
struct link_peer {
  node_id id;
  incarnation life = 0;
  std::string name;
  principal who;
  bool dialed = false;         ///< By us,
  mesh::dial_id dial = 0;      ///< on this request.
  std::string address;
};

class membership {
 public:
  membership(const node_options& options, const self_description& self, const core_keys& keys, peer_table& peers,
             mesh::directory& directory, subscriptions& interests, rng& random, counters& counts);

  void start(time_point now, std::vector<std::string> endpoints);
  /// Says goodbye on every link.
  void stop();

  /// Fails with duplicate_identity (our own identity, or an older life of the peer's) or overloaded; then the link is
  /// to be closed.
  result<link_id> on_link_up(time_point now, link_peer up);
  /// The link is gone; the dispatcher has been told already.
  void on_link_down(time_point now, link_id link);
  void on_dial_failed(time_point now, mesh::dial_id dial, const error& why, bool found_self);
  void on_beacon(time_point now, const transport::beacon& heard);

  /// False if the record is not the peer's own: the link is to be closed.
  bool on_record(time_point now, peer& from, const transport::node_record_message& record);
  void on_peer_list(time_point now, const std::vector<transport::peer_entry>& entries);
  void on_ping(time_point now, peer& from, const transport::ping_message& ping);
  void on_bye(peer& from, const transport::bye_message& bye);
  /// Closes a link for a reason of the core's.
  void close(peer& which, error why);

  /// What this node serves and listens to; peers are told at the end of the turn.
  void set_interest(std::vector<std::string> commands, std::vector<std::string> topics);
  void end_turn(time_point now);
  void on_timeout(time_point now);
  time_point next_timeout() const noexcept;

  std::vector<mesh::dial_request> take_dials() { return dialer_.take_requests(); }
  std::vector<std::pair<link_id, error>> take_closing() { return std::exchange(closing_, {}); }
  bool take_beacon_due() noexcept { return std::exchange(beacon_due_, false); }
  std::uint64_t next_beacon_counter() noexcept { return beacons_.next_counter(); }

  const self_description& self() const noexcept { return self_; }
  const mesh::node_record& self_record() const noexcept { return *record_; }
  std::vector<mesh::dialer::status> candidates() const { return dialer_.statuses(); }

 private:
  enum class rivalry : std::uint8_t { newcomer_stays, newcomer_retires, newcomer_refused };

  rivalry judge(const link_peer& newcomer, const peer& incumbent) const;
  void settle(time_point now, link_peer& up, peer& newcomer);
  void retire(peer& which);
  void retire_when_quiet(peer& which);
  void introduce(peer& to);
  void announce(time_point now);
  void send_record(peer& to);
  void send_peer_list(peer& to);
  /// Those that joined at the same time do not find each other in the lists they got.
  void spread_the_word(const peer& about);
  void apply_interest(const peer& from);
  void check_silence(time_point now, peer& which);
  void send_ping(time_point now, peer& to);

  const node_options& options_;
  self_description self_;
  peer_table& peers_;
  mesh::directory& directory_;
  subscriptions& interests_;
  counters& counts_;
  mesh::dialer dialer_;
  mesh::beacon_schedule beacons_;
  mesh::record_ptr record_;
  bool record_changed_ = false;
  double announcements_ = announcements_burst;  ///< Token bucket: 10/s.
  time_point announced_;
  time_point next_check_ = time_point::max();
  bool beacon_due_ = false;
  std::vector<std::pair<link_id, error>> closing_;

  static constexpr double announcements_burst = 10;
  static constexpr double announcements_per_second = 10;
};

}  // namespace askr
