// SPDX-License-Identifier: MIT
#pragma once

/// The UDP socket of the beacons on one interface, by IPv4 or IPv6: sends to the multicast group there and hears what
/// comes in there, with a TTL that keeps datagrams on the link (on this host, if the interface is loopback).

#include "transport/io/host_interfaces.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace askr::transport {

struct beacon_socket_options {
  std::string group;  ///< Multicast group, of either family.
  std::uint16_t port = 0;
  host_interface interface;
};

/// Owned by one thread.
class beacon_socket : public std::enable_shared_from_this<beacon_socket> {
 public:
  /// False: hear no more for a moment, so that a flood costs no more than it may. The kernel drops what comes
  /// meanwhile.
  using receiver = std::function<bool(const std::string& from, byte_span datagram)>;

  explicit beacon_socket(const asio::any_io_executor& executor) : socket_(executor), pause_(executor) {}

  /// Fails with io_failed, naming the step, or bad_options.
  result<void> open(const beacon_socket_options& options, receiver on_datagram);
  /// Fails with io_failed; the next beacon is another try.
  result<void> send(byte_span datagram);
  void close();

 private:
  result<void> open_socket(const beacon_socket_options& options);
  void receive();

  asio::ip::udp::socket socket_;
  asio::steady_timer pause_;
  asio::ip::udp::endpoint group_;
  asio::ip::udp::endpoint from_;
  receiver on_datagram_;
  std::array<std::uint8_t, 513> datagram_;  ///< One byte more than the largest beacon, so that longer ones show.
};

}  // namespace askr::transport
