// SPDX-License-Identifier: MIT
#include "transport/io/beacon_socket.hpp"

#include <askr/time.hpp>

#include <netinet/in.h>
#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/ip/v6_only.hpp>

#include <utility>

namespace askr::transport {
namespace {

constexpr milliseconds pause_time = 20ms;

/// A socket option that Asio does not know, of any plain type.
template <int Level, int Name, class Value>
struct plain_option {
  Value value;

  template <class Protocol>
  int level(const Protocol&) const {
    return Level;
  }
  template <class Protocol>
  int name(const Protocol&) const {
    return Name;
  }
  template <class Protocol>
  const void* data(const Protocol&) const {
    return &value;
  }
  template <class Protocol>
  std::size_t size(const Protocol&) const {
    return sizeof value;
  }
};

// Without these a socket hears what comes in on every interface that any socket of this host has joined the group on.
using ipv4_all_groups = plain_option<IPPROTO_IP, IP_MULTICAST_ALL, int>;
using ipv6_all_groups = plain_option<IPPROTO_IPV6, 29 /* IPV6_MULTICAST_ALL, since Linux 4.20 */, int>;
using ipv4_join = plain_option<IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreqn>;
using ipv4_interface = plain_option<IPPROTO_IP, IP_MULTICAST_IF, ip_mreqn>;

ip_mreqn ipv4_request(const asio::ip::address& group, unsigned index) {
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group.to_v4().to_uint());
  request.imr_ifindex = static_cast<int>(index);
  return request;
}

}  // namespace

result<void> beacon_socket::open(const beacon_socket_options& options, receiver on_datagram) {
  if (auto opened = open_socket(options); !opened) return opened;
  on_datagram_ = std::move(on_datagram);
  receive();
  return {};
}

result<void> beacon_socket::open_socket(const beacon_socket_options& options) {
  asio::error_code failed;
  auto group = asio::ip::make_address(options.group, failed);
  if (failed || !group.is_multicast()) return error{errc::bad_options, options.group + " is no multicast group"};
  const auto index = options.interface.index;
  if (group.is_v6()) group = asio::ip::address_v6(group.to_v6().to_bytes(), index);
  group_ = {group, options.port};
  const char* step = "cannot open a socket";
  const auto then = [&](const char* next, auto action) {
    if (failed) return;
    step = next;
    action();
  };
  namespace multicast = asio::ip::multicast;
  const auto set = [&](const auto& option) { socket_.set_option(option, failed); };
  socket_.open(group_.protocol(), failed);
  then("cannot share the port", [&] { set(asio::socket_base::reuse_address(true)); });
  if (group.is_v6()) then("cannot leave IPv4 alone", [&] { set(asio::ip::v6_only(true)); });
  then("cannot bind", [&] { socket_.bind(group_, failed); });
  if (group.is_v4()) {
    then("cannot hear one interface alone", [&] { set(ipv4_all_groups{0}); });
    then("cannot join the group", [&] { set(ipv4_join{ipv4_request(group, index)}); });
    then("cannot choose the interface", [&] { set(ipv4_interface{ipv4_request(group, index)}); });
  } else {
    then("cannot hear one interface alone", [&] { set(ipv6_all_groups{0}); });
    then("cannot join the group", [&] { set(multicast::join_group(group.to_v6(), index)); });
    then("cannot choose the interface", [&] { set(multicast::outbound_interface(index)); });
  }
  then("cannot loop back", [&] { set(multicast::enable_loopback(true)); });
  then("cannot set the TTL", [&] { set(multicast::hops(options.interface.loopback ? 0 : 1)); });
  then("cannot unblock", [&] { socket_.non_blocking(true, failed); });
  if (!failed) return {};
  const error why{errc::io_failed, std::string(step) + ": " + failed.message()};
  close();
  return why;
}

result<void> beacon_socket::send(byte_span datagram) {
  asio::error_code failed;
  socket_.send_to(asio::buffer(datagram.data(), datagram.size()), group_, 0, failed);
  if (failed) return error{errc::io_failed, failed.message()};
  return {};
}

void beacon_socket::close() {
  asio::error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
  on_datagram_ = {};
}

void beacon_socket::receive() {
  socket_.async_receive_from(
      asio::buffer(datagram_), from_, [self = shared_from_this()](asio::error_code failed, std::size_t bytes) {
        if (!self->socket_.is_open()) return;
        const bool go_on =
            !failed && self->on_datagram_(self->from_.address().to_string(), byte_span(self->datagram_).first(bytes));
        if (!self->socket_.is_open()) return;
        if (go_on) return self->receive();
        self->pause_.expires_after(pause_time);
        self->pause_.async_wait([self](asio::error_code canceled) {
          if (!canceled && self->socket_.is_open()) self->receive();
        });
      });
}

}  // namespace askr::transport
