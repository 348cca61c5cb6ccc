// SPDX-License-Identifier: MIT
#include "bench/raw_stream.hpp"
#include "bench/rpc.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr milliseconds longest_sleep = 100ms;

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

int connect_to(std::uint16_t port) {
  const int connected = open_socket();
  const auto address = loopback(port);
  if (::connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  return connected;
}

int listen_anywhere(std::uint16_t& port) {
  const int listener = open_socket();
  auto address = loopback(0);
  socklen_t bytes = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, bytes) != 0 || ::listen(listener, 1) != 0) fail("listen");
  if (::getsockname(listener, generic, &bytes) != 0) fail("getsockname");
  port = ntohs(address.sin_port);
  return listener;
}

/// -1 if stdin ends before somebody connects.
int accept_one(int listener) {
  pollfd either[] = {{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  if (::poll(either, 2, -1) < 0) fail("poll");
  return either[0].revents != 0 ? ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;
}

class raw_requester : public requester {
 public:
  explicit raw_requester(pinning where)
      : child_({"raw-server", "--pin", std::to_string(static_cast<int>(where))}, ""),
        stream_(connect_to(static_cast<std::uint16_t>(std::stoi(child_.read_line())))) {}

  round_result run(load_options options) override {
    options.others = {child_.id()};
    load requests(options);
    const auto started = clock::now();
    requests.start(started);
    for (std::size_t which = 0; which < options.in_flight; ++which) {
      stream_.append(which, requests.start_request(which, started));
    }
    flush();
    const auto until = started + requests.patience();
    while (!requests.done() && clock::now() < until) turn(requests);
    return requests.result();
  }

 private:
  void turn(load& requests) {
    if (!stream_.wait(longest_sleep)) return;
    const bool there = stream_.read([&](std::uint64_t mid, byte_span payload) {
      const auto now = clock::now();
      if (requests.finish_request(mid, now, payload)) stream_.append(mid, requests.start_request(mid, now));
    });
    if (!there) throw std::runtime_error("the raw server is gone");
    flush();
  }

  void flush() {
    if (!stream_.flush()) throw std::runtime_error("the raw server is gone");
  }

  child_process child_;
  raw_stream stream_;
};

}  // namespace

std::unique_ptr<requester> make_raw_requester(pinning where) { return std::make_unique<raw_requester>(where); }

int run_raw_server(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  given.finish();
  pin_server(where);
  read_first_line();
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  say(std::to_string(port));
  const int accepted = accept_one(listener);
  ::close(listener);
  if (accepted < 0) return 1;
  raw_stream stream(accepted);
  const auto echo = [&](std::uint64_t mid, byte_span payload) { stream.append(mid, payload); };
  for (bool there = true; there;) {
    if (stream.wait(milliseconds(-1))) there = stream.read(echo) && stream.flush();
  }
  return 0;
}

}  // namespace askr::bench
