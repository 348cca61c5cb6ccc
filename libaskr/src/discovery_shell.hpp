// SPDX-License-Identifier: MIT
#pragma once

/// What of a node's shell finds others: makes the dials and look-ups that the core asks for, sends and hears beacons on
/// each interface, and notices when interfaces or the seeds' file change.

#include "libaskr/src/discovery.hpp"
#include "mesh/dialer.hpp"
#include "transport/io/beacon_socket.hpp"
#include "transport/io/connector.hpp"
#include "transport/io/host_interfaces.hpp"

#include <asio/steady_timer.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace askr {

class node_shell;

/// A part of its node_shell, on the node's thread.
class discovery_shell {
 public:
  explicit discovery_shell(node_shell& shell);

  /// The node listens, and is about to start: where it may be reached.
  std::vector<std::string> prepare();
  void start();
  void stop();
  /// Does what the core wants done; at the end of a turn.
  void follow(time_point now);

 private:
  /// What tells that a file is another than it was.
  struct file_state {
    std::filesystem::file_time_type written;
    std::uintmax_t bytes = 0;
    bool operator==(const file_state&) const = default;
  };
  struct route_socket {
    beacon_route by;
    std::shared_ptr<transport::beacon_socket> socket;
  };

  void dial(time_point now, const mesh::dial_request& request);
  void dial_unix(time_point now, const mesh::dial_request& request);
  void dial_tcp(const mesh::dial_request& request);
  void on_dial_failed(time_point now, const mesh::dial_request& request, const error& why);
  void drop(const std::vector<mesh::dial_id>& dials);
  void look_up(const endpoint& seed);
  void watch_interfaces();
  void on_interfaces_changed();
  void announce();
  void open_sockets(time_point now);
  void open_socket(time_point now, const beacon_route& by);
  void send_beacons(time_point now);
  void watch_seeds_file();
  void read_seeds_file();

  node_shell& shell_;
  discovery found_;
  std::map<mesh::dial_id, std::shared_ptr<transport::connector>> connecting_;
  std::map<std::pair<std::string, bool>, route_socket> sockets_;  ///< By interface and family (true: IPv6).
  std::shared_ptr<transport::interface_watch> interfaces_;
  std::unique_ptr<asio::steady_timer> seeds_timer_;
  std::optional<file_state> seeds_state_;
};

}  // namespace askr
