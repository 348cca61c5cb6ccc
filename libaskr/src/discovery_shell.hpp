// SPDX-License-Identifier: MIT
#pragma once

/// What of a node's shell finds others: makes the dials that the core asks for, and sends and hears beacons.

#include "mesh/dialer.hpp"
#include "transport/io/beacon_socket.hpp"
#include "transport/io/connector.hpp"

#include <map>
#include <memory>

namespace askr {

class node_shell;

/// A part of its node_shell, on the node's thread.
class discovery_shell {
 public:
  explicit discovery_shell(node_shell& shell) : shell_(shell) {}

  void start();
  void stop();
  /// Does what the core wants done; at the end of a turn.
  void follow(time_point now);

 private:
  void dial(time_point now, const mesh::dial_request& request);
  void dial_unix(time_point now, const mesh::dial_request& request);
  void dial_tcp(const mesh::dial_request& request);
  void on_dial_failed(time_point now, const mesh::dial_request& request, const error& why);
  void drop(const std::vector<mesh::dial_id>& dials);
  void open_beacon();
  void send_beacon();
  void on_beacon(byte_span datagram);

  node_shell& shell_;
  std::map<mesh::dial_id, std::shared_ptr<transport::connector>> connecting_;
  std::shared_ptr<transport::beacon_socket> beacon_;
};

}  // namespace askr
