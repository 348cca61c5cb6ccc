// SPDX-License-Identifier: MIT
/// Many at the doors: idle and dripping connections beside a member's commands, and forged beacons.
#include "bench/bench_node.hpp"
#include "bench/load.hpp"
#include "bench/process.hpp"
#include "bench/rpc.hpp"
#include "bench/stranger.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace askr::bench {
namespace {

constexpr std::size_t payload_bytes = 128;
constexpr std::size_t in_flight = 4;
constexpr std::size_t strangers_max = node_limits{}.strangers_max;
constexpr std::string_view dripped =
    "GET / HTTP/1.1\r\nHost: localhost\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

int connect_to(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (made >= 0 && ::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 && errno != EINPROGRESS) {
    ::close(made);
    return -1;
  }
  return made;
}

/// Connections that come back a second after they were ended.
class crowd {
 public:
  crowd(std::uint16_t port, std::size_t idle, std::size_t dripping)
      : port_(port), idle_(idle), wires_(idle + dripping) {}

  /// Once around: who was ended comes back, who drips says one byte more.
  void step(time_point now) {
    for (std::size_t i = 0; i < wires_.size(); ++i) {
      auto& each = wires_[i];
      if (each.socket < 0) {
        if (now < each.back_at) continue;
        each = {connect_to(port_), 0, now + 1s};
      } else if (char ignored;
                 ::recv(each.socket, &ignored, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        ::close(each.socket);
        each = {-1, 0, now + 1s};
      } else if (i >= idle_ && each.said < dripped.size()) {
        each.said += ::send(each.socket, dripped.data() + each.said, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 1 : 0;
      }
    }
  }

 private:
  struct wire {
    int socket = -1;
    std::size_t said = 0;
    time_point back_at{};
  };

  std::uint16_t port_;
  std::size_t idle_;
  std::vector<wire> wires_;
};

bool input_has_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

/// A socket that sends to the beacons' group on loopback.
class beacon_forger {
 public:
  explicit beacon_forger(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    in_addr loopback{htonl(INADDR_LOOPBACK)};
    ::setsockopt(socket_, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback);
    to_.sin_family = AF_INET;
    to_.sin_port = htons(port);
    to_.sin_addr.s_addr = htonl(0xefff5800);  // 239.255.88.0
    entropy{}.fill(datagram_);
    std::copy_n("ASKR", 4, datagram_.begin());
  }
  ~beacon_forger() { ::close(socket_); }
  beacon_forger(const beacon_forger&) = delete;
  beacon_forger& operator=(const beacon_forger&) = delete;

  void send(std::size_t count) {
    std::array<mmsghdr, batch_> all{};
    iovec text{datagram_.data(), datagram_.size()};
    for (auto& each : all) each.msg_hdr = {&to_, sizeof to_, &text, 1, nullptr, 0, 0};
    while (count > 0) {
      ++datagram_[8];  // Not always the same bytes.
      const int done = ::sendmmsg(socket_, all.data(), static_cast<unsigned>(std::min(count, batch_)), 0);
      if (done <= 0) return;
      sent_ += static_cast<std::size_t>(done);
      count -= static_cast<std::size_t>(done);
    }
  }
  std::size_t sent() const noexcept { return sent_; }
  std::size_t bytes_answered() const {
    char heard[512];
    std::size_t all = 0;
    for (ssize_t count; (count = ::recv(socket_, heard, sizeof heard, MSG_DONTWAIT)) > 0;)
      all += static_cast<std::size_t>(count);
    return all;
  }

 private:
  static constexpr std::size_t batch_ = 64;
  int socket_;
  sockaddr_in to_{};
  std::array<std::uint8_t, 120> datagram_{};
  std::size_t sent_ = 0;
};

}  // namespace

findings measure_crowd(const stranger_settings& settings) {
  const auto member = make_askr_tcp_requester(pinning::none);
  const load_options how{.payload_bytes = payload_bytes, .in_flight = in_flight, .length = settings.length};
  (void)member->run(how);
  const auto calm = member->run(how);
  const auto before = status_kib(member->server(), "VmRSS:");
  child_process strangers({"stranger-crowd", "--port", std::to_string(member->port()), "--idle",
                           std::to_string(settings.idle), "--dripping", std::to_string(settings.dripping)},
                          "");
  strangers.read_line();
  const auto besieged = member->run(how);
  const auto grown = status_kib(member->server(), "VmRSS:") - before;
  const auto admitted = static_cast<double>(std::min(settings.idle + settings.dripping, strangers_max));
  const auto failed = static_cast<double>(calm.errors + calm.lost + besieged.errors + besieged.lost);
  const auto calm_us = calm.latency.percentile_us(0.99), besieged_us = besieged.latency.percentile_us(0.99);
  return {
      {"member's p99 beside strangers", calm_us > 0 ? besieged_us / calm_us : 0, "x", 1.2, false, false,
       std::to_string(static_cast<long>(besieged_us)) + " of " + std::to_string(static_cast<long>(calm_us)) + " us"},
      {"member's commands that failed", failed, "", 0, false, true},
      {"RSS growth for the strangers", grown, "KiB", 1'024 + 4 * admitted}};
}

findings measure_beacons(const stranger_settings& settings) {
  const auto port = static_cast<std::uint16_t>(20'000 + entropy{}.next() % 10'000);
  child_process node({"stranger-node", "--beacon-port", std::to_string(port)}, random_secret());
  node.read_line();
  std::this_thread::sleep_for(1'500ms);  // Its own first beacons.
  beacon_forger forger(port);
  forger.send(1'000);
  std::this_thread::sleep_for(100ms);
  const auto rss = status_kib(node.id(), "VmRSS:");
  const auto used = cpu_time(node.id());
  const auto from = clock::now();
  for (auto now = from; now < from + settings.length; now = clock::now()) {
    const std::chrono::duration<double> passed = now - from;
    const auto due = static_cast<std::size_t>(passed.count() * static_cast<double>(settings.beacons_per_second));
    const auto sent = forger.sent() - std::min<std::size_t>(forger.sent(), 1'000);
    if (due > sent) forger.send(std::min<std::size_t>(due - sent, 1'000));
    std::this_thread::sleep_for(1ms);
  }
  const std::chrono::duration<double> passed = clock::now() - from;
  const std::chrono::duration<double> busy = cpu_time(node.id()) - used;
  const auto rate = static_cast<double>(forger.sent() - 1'000) / passed.count();
  return {{"CPU of a core for forged beacons", 100 * busy.count() / passed.count(), "%", 10, false, false,
           std::to_string(static_cast<long>(rate)) + " beacons/s"},
          {"bytes answered to beacons", static_cast<double>(forger.bytes_answered()), "B", 0, false, true},
          {"RSS growth for forged beacons", status_kib(node.id(), "VmRSS:") - rss, "KiB", 1'024}};
}

int run_stranger_crowd(arguments& given) {
  const auto port = static_cast<std::uint16_t>(given.take_integer("--port", 0, 1, 65'535));
  const auto idle = static_cast<std::size_t>(given.take_integer("--idle", 0, 0, 30'000));
  const auto dripping = static_cast<std::size_t>(given.take_integer("--dripping", 0, 0, 10'000));
  given.finish();
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
  if (::nice(19) == -1) return 1;  // In real life it is another machine.
  crowd all(port, idle, dripping);
  read_first_line();
  all.step(clock::now());
  say("ready");
  while (!input_has_ended()) {
    std::this_thread::sleep_for(50ms);
    all.step(clock::now());
  }
  return 0;
}

}  // namespace askr::bench
