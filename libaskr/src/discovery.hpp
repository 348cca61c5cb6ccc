// SPDX-License-Identifier: MIT
#pragma once

/// How this node is found and finds others, without I/O: where it says that it listens, on which interfaces it beacons,
/// what becomes of the datagrams that come in, and the seeds of a file. The dials are mesh/dialer's.
/// (docs/protocol.md, "Beacons")

#include "crypto/keyring.hpp"
#include "libaskr/src/membership.hpp"
#include "mesh/beacon_ledger.hpp"
#include "transport/io/host_interfaces.hpp"

#include <askr/counters.hpp>
#include <askr/options.hpp>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

/// One interface and IP family to beacon on.
struct beacon_route {
  transport::host_interface interface;
  bool ipv6 = false;

  bool operator==(const beacon_route&) const = default;
};

class discovery {
 public:
  /// All must outlive it.
  discovery(const node_options& options, const std::shared_ptr<const crypto::keyring>& keys, membership& members,
            counters& counts);

  /// The interfaces as they are; true if anything is different from the last time.
  bool set_interfaces(time_point now, std::vector<transport::host_interface> interfaces);
  /// The port is known now, and the node about to start.
  void set_port(std::uint16_t port) { port_ = port; }
  /// Where it may be reached: of a wildcard all addresses of this host, and those where peers see it.
  std::vector<std::string> endpoints() const;
  /// Peers have said where they see this node. True if endpoints() has changed.
  bool follow_observed();
  std::vector<beacon_route> routes() const;

  /// The next beacon, with a new number.
  byte_buffer beacon(wall_ms wall);
  void on_sent(time_point now, const beacon_route& by, const result<void>& outcome);
  /// False: too many; nothing should be read for a moment.
  bool on_datagram(time_point now, wall_ms wall, const beacon_route& by, const std::string& from, byte_span datagram);

  /// What the seeds' file holds; lines that are no endpoints are skipped, and their number given back.
  std::size_t set_file_seeds(time_point now, std::string_view text);

  const mesh::beacon_ledger& ledger() const noexcept { return ledger_; }
  const std::vector<transport::host_interface>& interfaces() const noexcept { return interfaces_; }

 private:
  bool is_own(const std::string& address) const { return addresses_.contains(address); }
  /// False: it came from another network, as nothing with our TTL does.
  bool is_from_the_link(const transport::host_interface& by, const std::string& from) const;
  bool is_in_own_network(std::string_view address) const;
  bool is_allowed(const transport::host_interface& which) const;
  std::vector<std::string> listening_addresses() const;
  result<transport::beacon> opened(byte_span datagram) const;
  void on_beacon(time_point now, wall_ms wall, const beacon_route& by, const std::string& from,
                 transport::beacon heard);

  const node_options& options_;
  const std::shared_ptr<const crypto::keyring>& keys_;  ///< The owner's: it may be exchanged.
  membership& members_;
  counters& counts_;
  mesh::beacon_ledger ledger_;
  std::vector<transport::host_interface> interfaces_;
  std::set<std::string> addresses_;  ///< Of this host.
  mesh::observed_endpoints observed_;
  std::set<endpoint> file_seeds_;
  std::uint16_t port_ = 0;
};

}  // namespace askr
