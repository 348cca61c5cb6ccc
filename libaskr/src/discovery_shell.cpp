// SPDX-License-Identifier: MIT
#include "libaskr/src/discovery_shell.hpp"

#include "libaskr/src/connection.hpp"
#include "libaskr/src/node_setup.hpp"
#include "libaskr/src/node_shell.hpp"
#include "transport/beacon_codec.hpp"

#include <algorithm>

namespace askr {
namespace {

constexpr milliseconds connect_timeout = seconds(3);

}  // namespace

void discovery_shell::start() { open_beacon(); }

void discovery_shell::stop() {
  if (beacon_) beacon_->close();
  for (const auto& [dial, attempt] : std::exchange(connecting_, {})) attempt->cancel();
}

void discovery_shell::follow(time_point now) {
  auto& members = shell_.core().members();
  if (members.take_beacon_due()) send_beacon();
  drop(members.dialer().take_dropped());
  for (const auto& each : members.take_dials()) dial(now, each);
}

// --- dials

void discovery_shell::dial(time_point now, const mesh::dial_request& request) {
  request.way == mesh::dial_way::unix_socket ? dial_unix(now, request) : dial_tcp(request);
}

void discovery_shell::dial_unix(time_point now, const mesh::dial_request& request) {
  error why{errc::io_failed};
  for (const auto& each : transport::listening_as(request.to)) {
    auto socket = transport::connect_unix(shell_.context(), transport::unix_endpoint(shell_.keys(), each));
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

// --- beacons

void discovery_shell::open_beacon() {
  const auto& options = shell_.options();
  if (!options.beacon) return;
  beacon_ = std::make_shared<transport::beacon_socket>(shell_.executor());
  const auto opened = beacon_->open({options.beacon_group, options.beacon_port, options.bind},
                                    [this](byte_span datagram) { on_beacon(datagram); });
  if (opened) return;
  shell_.log(log_level::warning, "beacon: off why=" + opened.error().message());
  beacon_.reset();
}

void discovery_shell::send_beacon() {
  if (!beacon_) return;
  transport::beacon what{.id = shell_.id(),
                         .life = shell_.self().life,
                         .counter = shell_.core().members().next_beacon_counter(),
                         .sent = wall_now(),
                         .port = shell_.port(),
                         .addresses = {shell_.options().bind}};
  beacon_->send(transport::encode_beacon(what, shell_.keys()));
  ++shell_.core().counts().beacons_sent;
}

void discovery_shell::on_beacon(byte_span datagram) {
  const auto heard = transport::decode_beacon(datagram, shell_.keys());
  auto& core = shell_.core();
  if (!heard) {
    if (heard.code() != errc::wrong_workspace) ++core.counts().beacons_refused;
    return;
  }
  core.members().on_beacon(clock::now(), *heard);
  shell_.touch();
}

}  // namespace askr
