// SPDX-License-Identifier: MIT
#include "transport/io/host_interfaces.hpp"

#include <askr/time.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/buffer.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

namespace askr::transport {
namespace {

constexpr milliseconds settle_time = 100ms;  // Several changes come at once.

unsigned bits_of(const std::uint8_t* mask, std::size_t bytes) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < bytes; ++i) bits += static_cast<unsigned>(std::popcount(mask[i]));
  return bits;
}

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

void add_address(host_interface& to, const ifaddrs& found) {
  if (found.ifa_addr->sa_family == AF_INET) {
    const auto* at = reinterpret_cast<const sockaddr_in*>(found.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in*>(found.ifa_netmask);
    const auto prefix = mask == nullptr ? 32 : bits_of(reinterpret_cast<const std::uint8_t*>(&mask->sin_addr), 4);
    to.addresses.push_back({text_of(AF_INET, &at->sin_addr), false, prefix});
  } else if (found.ifa_addr->sa_family == AF_INET6) {
    const auto* at = reinterpret_cast<const sockaddr_in6*>(found.ifa_addr);
    const auto* mask = reinterpret_cast<const sockaddr_in6*>(found.ifa_netmask);
    const auto prefix = mask == nullptr ? 128 : bits_of(mask->sin6_addr.s6_addr, 16);
    auto text = text_of(AF_INET6, &at->sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&at->sin6_addr)) text += "%" + to.name;
    to.addresses.push_back({std::move(text), true, prefix});
  }
}

}  // namespace

std::vector<host_interface> scan_interfaces() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  std::map<unsigned, host_interface> found;
  for (const auto* each = first; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_RUNNING) == 0 || each->ifa_addr == nullptr) continue;
    const auto index = if_nametoindex(each->ifa_name);
    if (index == 0) continue;
    auto& row = found[index];
    row.name = each->ifa_name;
    row.index = index;
    row.loopback = (each->ifa_flags & IFF_LOOPBACK) != 0;
    row.multicast = (each->ifa_flags & IFF_MULTICAST) != 0;
    add_address(row, *each);
  }
  freeifaddrs(first);
  std::vector<host_interface> all;
  for (auto& [index, row] : found) all.push_back(std::move(row));
  return all;
}

result<void> interface_watch::start(std::function<void()> on_change) {
  const int made = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (made < 0 || ::bind(made, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
    const error why{errc::io_failed, std::strerror(errno)};
    if (made >= 0) ::close(made);
    return why;
  }
  socket_.assign(made);
  on_change_ = std::move(on_change);
  wait();
  return {};
}

void interface_watch::stop() {
  asio::error_code ignored;
  socket_.close(ignored);
  settle_.cancel();
  on_change_ = {};
}

void interface_watch::wait() {
  // What it says is not read: the scan that follows sees the whole.
  socket_.async_read_some(asio::buffer(news_), [self = shared_from_this()](asio::error_code failed, std::size_t) {
    if (!self->socket_.is_open() || failed == asio::error::operation_aborted) return;
    self->settle_.expires_after(settle_time);
    self->settle_.async_wait([self](asio::error_code canceled) {
      if (!canceled && self->on_change_) self->on_change_();
    });
    self->wait();
  });
}

}  // namespace askr::transport
