// SPDX-License-Identifier: MIT
#include "transport/io/listener.hpp"

#include <asio/ip/v6_only.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace askr::transport {
namespace {

constexpr milliseconds pause_min = 10ms;
constexpr milliseconds pause_max = 1s;

}  // namespace

listener::listener(asio::io_context& context)
    : tcp_(context),
      tcp_pause_{asio::steady_timer(context), pause_min},
      unix_(context),
      unix_pause_{asio::steady_timer(context), pause_min} {}

result<std::uint16_t> listener::open(const endpoint& at, std::uint16_t tries) {
  asio::error_code failed;
  const auto address = asio::ip::make_address(at.host, failed);
  if (failed) return error{errc::bad_options, "bind is no IP address: " + at.host};
  const auto tries_count = at.port == 0 ? 1 : std::max<std::uint16_t>(tries, 1);
  for (int i = 0; i < tries_count && at.port + i <= 65535; ++i) {
    const asio::ip::tcp::endpoint port(address, static_cast<std::uint16_t>(at.port + i));
    tcp_.open(port.protocol(), failed);
    tcp_.set_option(asio::socket_base::reuse_address(true), failed);
    // All addresses of this host means those of IPv4, too.
    if (address.is_v6()) tcp_.set_option(asio::ip::v6_only(!address.is_unspecified()), failed);
    tcp_.bind(port, failed);
    if (!failed) tcp_.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) return tcp_.local_endpoint().port();
    asio::error_code ignored;
    tcp_.close(ignored);
  }
  return error{errc::io_failed,
               "cannot listen on " + at.host + " from port " + std::to_string(at.port) + " on: " + failed.message()};
}

result<void> listener::open_unix(const asio::local::stream_protocol::endpoint& at) {
  asio::error_code failed;
  unix_.open(at.protocol(), failed);
  if (!failed) unix_.bind(at, failed);
  if (!failed) unix_.listen(asio::socket_base::max_listen_connections, failed);
  if (!failed) return {};
  asio::error_code ignored;
  unix_.close(ignored);
  return error{errc::io_failed, failed.message()};
}

void listener::start(receiver on_connection) {
  on_connection_ = std::move(on_connection);
  accept(tcp_, tcp_pause_);
  if (unix_.is_open()) accept(unix_, unix_pause_);
}

template <class Acceptor>
void listener::accept(Acceptor& at, pause& rest) {
  at.async_accept([self = shared_from_this(), &at, &rest](asio::error_code failed, auto socket) {
    if (!at.is_open()) return;
    if (!failed) {
      rest.next = pause_min;
      self->on_connection_(stream_socket(std::move(socket)));
      return self->accept(at, rest);
    }
    rest.timer.expires_after(std::exchange(rest.next, std::min(2 * rest.next, pause_max)));
    rest.timer.async_wait([self, &at, &rest](asio::error_code canceled) {
      if (!canceled && at.is_open()) self->accept(at, rest);
    });
  });
}

void listener::close() {
  asio::error_code ignored;
  tcp_.close(ignored);
  unix_.close(ignored);
  tcp_pause_.timer.cancel();
  unix_pause_.timer.cancel();
}

}  // namespace askr::transport
