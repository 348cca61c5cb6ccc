// SPDX-License-Identifier: MIT
#include "bench/sockets.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace askr::bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int open_socket() {
  const int opened = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (opened < 0) fail("socket");
  return opened;
}

}  // namespace

int connect_to(std::uint16_t port) {
  const int connected = open_socket();
  const auto address = loopback(port);
  if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  return connected;
}

int listen_anywhere(std::uint16_t& port, int backlog) {
  const int listener = open_socket();
  auto address = loopback(0);
  socklen_t bytes = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, bytes) != 0 || ::listen(listener, backlog) != 0) fail("listen");
  if (::getsockname(listener, generic, &bytes) != 0) fail("getsockname");
  port = ntohs(address.sin_port);
  return listener;
}

int accept_one(int listener) {
  const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (accepted < 0) fail("accept");
  return accepted;
}

int accept_one_unless_input_ends(int listener) {
  pollfd either[] = {{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  if (::poll(either, 2, -1) < 0) fail("poll");
  return either[0].revents != 0 ? accept_one(listener) : -1;
}

void make_swift(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::fcntl(socket, F_SETFL, O_NONBLOCK) != 0) fail("non-blocking socket");
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_anywhere(port));
  return port;
}

}  // namespace askr::bench
