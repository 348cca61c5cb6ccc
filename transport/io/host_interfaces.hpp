// SPDX-License-Identifier: MIT
#pragma once

/// The network interfaces of this host and their addresses, and the news that they have changed.

#include <askr/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace askr::transport {

struct interface_address {
  std::string text;  ///< "192.168.1.5"; link-local ones with their interface: "fe80::1%eth0".
  bool ipv6 = false;
  unsigned prefix = 0;  ///< Bits of it that all addresses of its network share.

  bool operator==(const interface_address&) const = default;
};

struct host_interface {
  std::string name;
  unsigned index = 0;
  bool loopback = false;
  bool multicast = false;
  std::vector<interface_address> addresses;

  bool operator==(const host_interface&) const = default;
};

/// Those that are up, in the order of their index.
std::vector<host_interface> scan_interfaces();

/// Linux's netlink, so that nothing has to be asked in vain. Owned by one thread.
class interface_watch : public std::enable_shared_from_this<interface_watch> {
 public:
  explicit interface_watch(const asio::any_io_executor& executor) : socket_(executor), settle_(executor) {}

  /// `on_change` is called a moment after interfaces or addresses have changed. Fails with io_failed.
  result<void> start(std::function<void()> on_change);
  void stop();

 private:
  void wait();

  asio::posix::stream_descriptor socket_;
  asio::steady_timer settle_;
  std::function<void()> on_change_;
  std::array<char, 8192> news_{};
};

}  // namespace askr::transport
