// SPDX-License-Identifier: MIT
#include "transport/io/beacon_socket.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>

namespace askr::transport {

result<void> beacon_socket::open(const beacon_socket_options& options, receiver on_datagram) {
  asio::error_code failed;
  const auto group = asio::ip::make_address_v4(options.group, failed);
  if (failed || !group.is_multicast()) return error{errc::bad_options, options.group + " is no IPv4 multicast group"};
  const auto interface = asio::ip::make_address_v4(options.interface, failed);
  if (failed) return error{errc::bad_options, options.interface + " is no IPv4 address"};
  group_ = {group, options.port};
  const char* step = "cannot open a socket";
  const auto then = [&](const char* next, auto action) {
    if (failed) return;
    step = next;
    action();
  };
  namespace multicast = asio::ip::multicast;
  const auto set = [&](const auto& option) { socket_.set_option(option, failed); };
  socket_.open(asio::ip::udp::v4(), failed);
  then("cannot share the port", [&] { set(asio::socket_base::reuse_address(true)); });
  then("cannot bind", [&] { socket_.bind(group_, failed); });
  then("cannot join the group", [&] { set(multicast::join_group(group, interface)); });
  then("cannot choose the interface", [&] { set(multicast::outbound_interface(interface)); });
  then("cannot loop back", [&] { set(multicast::enable_loopback(true)); });
  then("cannot set the TTL", [&] { set(multicast::hops(interface.is_loopback() ? 0 : 1)); });
  then("cannot unblock", [&] { socket_.non_blocking(true, failed); });
  if (failed) {
    return error{errc::io_failed, std::string(step) + " for beacons on " + options.interface + ": " + failed.message()};
  }
  on_datagram_ = std::move(on_datagram);
  receive();
  return {};
}

void beacon_socket::send(byte_span datagram) {
  asio::error_code ignored;
  socket_.send_to(asio::buffer(datagram.data(), datagram.size()), group_, 0, ignored);
}

void beacon_socket::close() {
  asio::error_code ignored;
  socket_.close(ignored);
  on_datagram_ = {};
}

void beacon_socket::receive() {
  socket_.async_receive_from(asio::buffer(datagram_), from_,
                             [self = shared_from_this()](asio::error_code failed, std::size_t bytes) {
                               if (!self->socket_.is_open()) return;
                               if (!failed) self->on_datagram_(byte_span(self->datagram_).first(bytes));
                               if (self->socket_.is_open()) self->receive();
                             });
}

}  // namespace askr::transport
