// SPDX-License-Identifier: MIT
#pragma once

/// What this node says about itself: the entries of its own signed record. mesh/record_publisher signs and rations
/// them.

#include "libaskr/src/core_keys.hpp"
#include "libaskr/src/self_description.hpp"
#include "mesh/link_report.hpp"
#include "mesh/record_publisher.hpp"

#include <askr/counters.hpp>

#include <optional>
#include <string>
#include <vector>

namespace askr {

class self_record {
 public:
  self_record(const self_description& self, const core_keys& keys, counters& counts);

  void set_endpoints(const std::vector<std::string>& endpoints);
  /// For each other node's authenticator.
  void set_credential(byte_span credential);
  /// Whether it waits to hear that its interest is known everywhere.
  void set_asking(bool asking);
  void set_interest(const std::vector<std::string>& commands, const std::vector<std::string>& topics);
  void set_link(const node_id& peer, const mesh::link_report& report, mesh::haste when);
  void remove_link(const node_id& peer);
  void hasten() noexcept { publisher_.hasten(); }
  /// These are its last words.
  void set_leaving();
  /// All is said again under a higher incarnation.
  void restart(incarnation life) { publisher_.restart(life); }

  /// To be asked at the end of each turn.
  std::optional<mesh::publication> publish(time_point now) { return publisher_.publish(now); }
  /// The links of this node as they are now, whatever the rate holds back; null if they are as at the last call.
  mesh::link_reports take_links() { return publisher_.take_links(); }
  /// When what the rate holds back may go.
  time_point next_timeout() const noexcept { return publisher_.next_timeout(); }

 private:
  /// What does not fit is counted: this node goes on, and nobody hears of it.
  void note(const result<void>& taken);

  counters& counts_;
  mesh::record_publisher publisher_;
  bool asking_ = false;
};

}  // namespace askr
