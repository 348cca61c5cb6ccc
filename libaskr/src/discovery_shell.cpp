// SPDX-License-Identifier: MIT
#include "libaskr/src/discovery_shell.hpp"

#include "libaskr/src/connection.hpp"
#include "libaskr/src/doctor.hpp"
#include "libaskr/src/node_setup.hpp"
#include "libaskr/src/node_shell.hpp"
#include "mesh/host_address.hpp"
#include "transport/io/resolver.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace askr {
namespace {

constexpr milliseconds connect_timeout = seconds(2);  // A lost SYN is sent again after 1 s.
constexpr milliseconds seeds_file_interval = seconds(1);
constexpr std::uintmax_t seeds_file_bytes_max = 1 << 20;

}  // namespace

discovery_shell::discovery_shell(node_shell& shell)
    : shell_(shell), found_(shell.options(), shell.keys(), shell.core().members(), shell.core().counts()) {}

std::vector<std::string> discovery_shell::prepare() {
  found_.set_port(shell_.port());
  found_.set_interfaces(clock::now(), transport::scan_interfaces());
  shell_.core().add_builtin("askr.doctor", detail::make_handler([this](const command& asked) {
                              if (!asked.who().rights.may(verb::admin, "askr.doctor")) {
                                throw failure(errc::denied,
                                              asked.who().name + " may not ask how this node finds others");
                              }
                              return diagnose(clock::now(), shell_.options(), found_, shell_.core());
                            }));
  return found_.endpoints();
}

void discovery_shell::start() {
  open_sockets(clock::now());
  watch_interfaces();
  if (!shell_.options().seeds_file.empty()) watch_seeds_file();
}

void discovery_shell::stop() {
  for (auto& [key, each] : std::exchange(sockets_, {})) each.socket->close();
  if (interfaces_) interfaces_->stop();
  if (seeds_timer_) seeds_timer_->cancel();
  for (const auto& [dial, attempt] : std::exchange(connecting_, {})) attempt->cancel();
}

void discovery_shell::follow(time_point now) {
  auto& members = shell_.core().members();
  if (members.take_beacon_due()) send_beacons(now);
  if (members.take_observed() && found_.follow_observed()) announce();
  drop(members.dialer().take_dropped());
  for (const auto& each : members.take_dials()) dial(now, each);
  for (const auto& each : members.dialer().take_lookups()) look_up(each);
}

// --- dials

void discovery_shell::dial(time_point now, const mesh::dial_request& request) {
  request.way == mesh::dial_way::unix_socket ? dial_unix(now, request) : dial_tcp(request);
}

void discovery_shell::dial_unix(time_point now, const mesh::dial_request& request) {
  error why{errc::io_failed};
  for (const auto& each : transport::listening_as(request.to)) {
    auto socket = transport::connect_unix(shell_.context(), transport::unix_endpoint(shell_.keys()->newest(), each));
    if (socket) return shell_.adopt(std::move(socket).value())->start_dialed(request);
    why = socket.error();
  }
  on_dial_failed(now, request, why);
}

void discovery_shell::dial_tcp(const mesh::dial_request& request) {
  auto attempt = std::make_shared<transport::connector>(shell_.context());
  connecting_[request.dial] = attempt;
  attempt->start(request.to, connect_timeout, [this, weak = shell_.weak_from_this(), request](auto outcome) {
    const auto keep = weak.lock();
    if (!keep || connecting_.erase(request.dial) == 0) return;
    if (outcome) return shell_.adopt(std::move(outcome).value())->start_dialed(request);
    on_dial_failed(clock::now(), request, outcome.error());
  });
}

void discovery_shell::on_dial_failed(time_point now, const mesh::dial_request& request, const error& why) {
  shell_.core().members().on_dial_failed(now, request.dial, why, false);
  shell_.touch();
}

void discovery_shell::drop(const std::vector<mesh::dial_id>& dials) {
  if (dials.empty()) return;
  for (const auto dial : dials) {
    const auto found = connecting_.find(dial);
    if (found == connecting_.end()) continue;
    const auto attempt = found->second;
    connecting_.erase(found);
    attempt->cancel();
  }
  for (const auto& each : std::set(shell_.connections())) {
    const auto dial = each->dialed().dial;
    if (dial != 0 && std::find(dials.begin(), dials.end(), dial) != dials.end()) {
      each->close(error{errc::canceled, "another address was faster"});
    }
  }
}

void discovery_shell::look_up(const endpoint& seed) {
  transport::look_up(shell_.context(), seed.host, [this, weak = shell_.weak_from_this(), seed](auto found) {
    const auto keep = weak.lock();
    if (!keep) return;
    auto& dialer = shell_.core().members().dialer();
    found ? dialer.on_looked_up(clock::now(), seed, *found)
          : dialer.on_lookup_failed(clock::now(), seed, found.error());
    shell_.touch();
  });
}

// --- interfaces and beacons

void discovery_shell::watch_interfaces() {
  // A node on loopback is reached as long as it lives.
  if (mesh::is_loopback_address(shell_.options().bind)) return;
  interfaces_ = std::make_shared<transport::interface_watch>(shell_.executor());
  const auto started = interfaces_->start([this] { on_interfaces_changed(); });
  if (!started) shell_.log(log_level::warning, "interfaces: not watched why=" + started.error().detail);
}

void discovery_shell::on_interfaces_changed() {
  const auto now = clock::now();
  if (!found_.set_interfaces(now, transport::scan_interfaces())) return;
  announce();
  open_sockets(now);
  shell_.core().members().beacon_again(now);
  shell_.touch();
}

void discovery_shell::announce() {
  shell_.core().members().set_endpoints(found_.endpoints());
  shell_.touch();
}

void discovery_shell::open_sockets(time_point now) {
  const auto routes = found_.routes();
  std::erase_if(sockets_, [&](const auto& each) {
    const bool gone = std::find(routes.begin(), routes.end(), each.second.by) == routes.end();
    if (gone) each.second.socket->close();
    return gone;
  });
  for (const auto& each : routes) open_socket(now, each);
}

void discovery_shell::open_socket(time_point now, const beacon_route& by) {
  if (sockets_.contains({by.interface.name, by.ipv6})) return;
  const auto& options = shell_.options();
  auto made = std::make_shared<transport::beacon_socket>(shell_.executor());
  const auto opened =
      made->open({by.ipv6 ? options.beacon_group_ipv6 : options.beacon_group, options.beacon_port, by.interface},
                 [this, by](const std::string& from, byte_span datagram) {
                   const bool go_on = found_.on_datagram(clock::now(), wall_now(), by, from, datagram);
                   shell_.touch();
                   return go_on;
                 });
  if (opened) {
    sockets_[{by.interface.name, by.ipv6}] = {by, std::move(made)};
    return;
  }
  found_.on_sent(now, by, opened);
  shell_.log(log_level::warning, "beacon: off interface=" + by.interface.name + " why=" + opened.error().message());
}

void discovery_shell::send_beacons(time_point now) {
  for (const auto& [key, each] : sockets_) {
    found_.on_sent(now, each.by, each.socket->send(found_.beacon(wall_now())));
  }
}

// --- the seeds' file

void discovery_shell::watch_seeds_file() {
  read_seeds_file();
  if (!seeds_timer_) seeds_timer_ = std::make_unique<asio::steady_timer>(shell_.executor());
  seeds_timer_->expires_after(seeds_file_interval);
  seeds_timer_->async_wait([this, weak = shell_.weak_from_this()](asio::error_code canceled) {
    const auto keep = weak.lock();
    if (!canceled && keep) watch_seeds_file();
  });
}

void discovery_shell::read_seeds_file() {
  const std::filesystem::path path(shell_.options().seeds_file);
  std::error_code failed, unsized;
  const file_state state{std::filesystem::last_write_time(path, failed), std::filesystem::file_size(path, unsized)};
  if (failed || unsized || seeds_state_ == state) return;  // A file that is away for a moment takes nothing away.
  seeds_state_ = state;
  if (state.bytes > seeds_file_bytes_max) return shell_.log(log_level::warning, "seeds: the file is too large");
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const auto skipped = found_.set_file_seeds(clock::now(), text.str());
  if (skipped > 0)
    shell_.log(log_level::warning, "seeds: lines of the file that are no HOST:PORT lines=" + std::to_string(skipped));
  shell_.touch();
}

}  // namespace askr
