// SPDX-License-Identifier: MIT
#pragma once

/// The UDP socket of the beacons: joins the multicast group on one interface and sends to it there, with a TTL that
/// keeps datagrams on the link (on this host, if the interface is loopback).

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/udp.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace askr::transport {

struct beacon_socket_options {
  std::string group;      ///< IPv4 multicast group.
  std::uint16_t port = 0;
  std::string interface;  ///< IPv4 address of the interface to send and listen on.
};

/// Owned by one thread.
class beacon_socket : public std::enable_shared_from_this<beacon_socket> {
 public:
  using receiver = std::function<void(byte_span datagram)>;

  explicit beacon_socket(const asio::any_io_executor& executor) : socket_(executor) {}

  /// Fails with io_failed, naming the step.
  result<void> open(const beacon_socket_options& options, receiver on_datagram);
  /// Errors are ignored: the next beacon is another try.
  void send(byte_span datagram);
  void close();

 private:
  void receive();

  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint group_;
  asio::ip::udp::endpoint from_;
  receiver on_datagram_;
  std::array<std::uint8_t, 513> datagram_;  ///< One byte more than the largest beacon, so that longer ones show.
};

}  // namespace askr::transport
