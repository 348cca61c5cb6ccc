// SPDX-License-Identifier: MIT
#include "libaskr/src/discovery.hpp"

#include "mesh/host_address.hpp"
#include "transport/beacon_codec.hpp"

#include <algorithm>
#include <utility>

namespace askr {
namespace {

constexpr std::size_t file_seeds_max = 1024;
constexpr std::size_t announced_max = 32;  // Of the addresses of a wildcard.

bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

bool has_family(const transport::host_interface& which, bool ipv6) {
  return std::any_of(which.addresses.begin(), which.addresses.end(),
                     [&](const auto& each) { return each.ipv6 == ipv6; });
}

bool has_address(const transport::host_interface& which, std::string_view address) {
  return std::any_of(which.addresses.begin(), which.addresses.end(),
                     [&](const auto& each) { return each.text == address; });
}

/// The line without its remark and the blanks around it.
std::string_view bare(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto from = line.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace

discovery::discovery(const node_options& options, const std::shared_ptr<const crypto::keyring>& keys,
                     membership& members, counters& counts)
    : options_(options),
      keys_(keys),
      members_(members),
      counts_(counts),
      observed_(options.limits.observed_endpoints_max) {}

// --- where it is reached

bool discovery::set_interfaces(time_point now, std::vector<transport::host_interface> interfaces) {
  if (interfaces == interfaces_) return false;
  interfaces_ = std::move(interfaces);
  addresses_.clear();
  for (const auto& each : interfaces_) {
    for (const auto& address : each.addresses) addresses_.insert(address.text);
  }
  members_.dialer().set_host_addresses(now, addresses_);
  observed_.forget();
  return true;
}

std::vector<std::string> discovery::listening_addresses() const {
  if (!mesh::is_wildcard_address(options_.bind)) return {options_.bind};
  std::vector<std::string> all;
  for (const bool ipv6 : {false, true}) {
    if (ipv6 && options_.bind == "0.0.0.0") continue;
    for (const auto& each : interfaces_) {
      for (const auto& address : each.addresses) {
        // What means something on one link only is told by the beacons' source there.
        if (each.loopback || address.ipv6 != ipv6 || mesh::is_link_local_address(address.text)) continue;
        if (all.size() < announced_max) all.push_back(address.text);
      }
    }
  }
  if (all.empty()) all.push_back(options_.bind == "::" ? "::1" : "127.0.0.1");
  return all;
}

std::vector<std::string> discovery::endpoints() const {
  std::vector<std::string> all;
  for (const auto& each : listening_addresses()) all.push_back(endpoint{each, port_}.to_string());
  all.insert(all.end(), observed_.announced().begin(), observed_.announced().end());
  return all;
}

bool discovery::is_in_own_network(std::string_view address) const {
  return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const transport::host_interface& each) {
    return !each.loopback && std::any_of(each.addresses.begin(), each.addresses.end(), [&](const auto& own) {
      return mesh::same_network(own.text, address, own.prefix);
    });
  });
}

bool discovery::follow_observed() {
  if (!mesh::is_wildcard_address(options_.bind)) return false;
  const mesh::own_networks own{.port = port_,
                               .ipv4 = true,
                               .ipv6 = is_ipv6(options_.bind),
                               .is_own = [this](std::string_view each) { return is_own(std::string(each)); },
                               .is_in_network = [this](std::string_view each) { return is_in_own_network(each); }};
  return observed_.update(members_.observations(), own);
}

// --- beacons

bool discovery::is_allowed(const transport::host_interface& which) const {
  const auto& only = options_.beacon_interfaces;
  if (!only.empty() && std::find(only.begin(), only.end(), which.name) == only.end()) return false;
  if (!mesh::is_wildcard_address(options_.bind)) {
    const bool loopback = mesh::is_loopback_address(options_.bind);
    return loopback ? which.loopback : has_address(which, options_.bind);
  }
  return which.loopback || which.multicast;
}

std::vector<beacon_route> discovery::routes() const {
  std::vector<beacon_route> all;
  if (!options_.beacon) return all;
  for (const auto& each : interfaces_) {
    if (!is_allowed(each)) continue;
    // On loopback IPv4 serves all, whatever the addresses in the beacon are.
    const bool by_ipv4 = each.loopback || !is_ipv6(options_.bind) || options_.bind == "::";
    const bool by_ipv6 = !each.loopback && is_ipv6(options_.bind);
    if (by_ipv4 && has_family(each, false) && !options_.beacon_group.empty()) all.push_back({each, false});
    if (by_ipv6 && has_family(each, true) && !options_.beacon_group_ipv6.empty()) all.push_back({each, true});
  }
  return all;
}

byte_buffer discovery::beacon(wall_ms wall) {
  const auto& self = members_.self();
  return transport::encode_beacon({.id = self.id,
                                   .life = self.life,
                                   .counter = members_.next_beacon_counter(),
                                   .sent = wall,
                                   .port = port_,
                                   .addresses = listening_addresses()},
                                  keys_->newest());
}

void discovery::on_sent(time_point now, const beacon_route& by, const result<void>& outcome) {
  auto& row = ledger_.on(by.interface.name, by.ipv6);
  row.problem = outcome ? "" : outcome.error().detail;
  if (!outcome) return;
  if (row.sent++ == 0) row.first_sent = now;
  ++counts_.beacons_sent;
}

bool discovery::is_from_the_link(const transport::host_interface& by, const std::string& from) const {
  if (is_own(from) || mesh::is_loopback_address(from) || mesh::is_link_local_address(from)) return true;
  return std::any_of(by.addresses.begin(), by.addresses.end(),
                     [&](const auto& each) { return mesh::same_network(each.text, from, each.prefix); });
}

/// By whichever of the workspace's secrets it was made.
result<transport::beacon> discovery::opened(byte_span datagram) const {
  auto heard = transport::decode_beacon(datagram, keys_->newest());
  for (const auto& older : keys_->all().subspan(1)) {
    if (heard) break;
    if (auto again = transport::decode_beacon(datagram, older)) heard = std::move(again);
  }
  return heard;
}

bool discovery::on_datagram(time_point now, wall_ms wall, const beacon_route& by, const std::string& from,
                            byte_span datagram) {
  if (!ledger_.may_read(now)) {
    ++counts_.beacons_refused;
    return false;
  }
  auto heard = opened(datagram);
  if (heard && !is_from_the_link(by.interface, from)) {
    auto& far = ledger_.from(now, from);
    ++far.other_network;
    far.port = heard->port;
    ++counts_.beacons_refused;
    return true;
  }
  if (heard) {
    on_beacon(now, wall, by, from, std::move(heard).value());
    return true;
  }
  auto& source = ledger_.from(now, from);
  switch (heard.code()) {
    case errc::wrong_workspace:
      ++source.other_workspace;
      return true;
    case errc::unauthenticated:
      ++source.wrong_mac;
      break;
    default:
      ++source.malformed;
      break;
  }
  ++counts_.beacons_refused;
  return true;
}

void discovery::on_beacon(time_point now, wall_ms wall, const beacon_route& by, const std::string& from,
                          transport::beacon heard) {
  auto& row = ledger_.on(by.interface.name, by.ipv6);
  if (heard.id == members_.self().id) {
    ++row.came_back;
    return;
  }
  ++row.from_others;
  const bool local = is_own(from) || mesh::is_loopback_address(from);
  if (!ledger_.may_follow(now, from, local)) {
    ++counts_.beacons_refused;
    return;
  }
  ledger_.set_clock(heard.id, static_cast<std::int64_t>(heard.sent) - static_cast<std::int64_t>(wall));
  // A loopback address is meant for this host only; and where it came from is the best guess of all.
  std::erase_if(heard.addresses, [&](const auto& each) { return !local && mesh::is_loopback_address(each); });
  const bool loopback_only = std::all_of(heard.addresses.begin(), heard.addresses.end(), mesh::is_loopback_address);
  if (!by.interface.loopback && !(local && loopback_only)) {
    std::erase(heard.addresses, from);
    heard.addresses.insert(heard.addresses.begin(), from);
  }
  if (!members_.on_beacon(now, heard)) ++counts_.beacons_refused;
}

// --- seeds

std::size_t discovery::set_file_seeds(time_point now, std::string_view text) {
  std::set<endpoint> listed;
  std::size_t skipped = 0;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    const auto line = bare(text.substr(from, to - from));
    from = to + 1;
    if (line.empty()) continue;
    const auto seed = endpoint::parse(line);
    if (!seed || seed->host.empty() || listed.size() == file_seeds_max) {
      ++skipped;
    } else {
      listed.insert(*seed);
    }
  }
  std::set<endpoint> named;
  for (const auto& each : options_.seeds) {
    if (const auto seed = endpoint::parse(each)) named.insert(*seed);
  }
  auto& dialer = members_.dialer();
  for (const auto& each : file_seeds_) {
    if (!listed.contains(each) && !named.contains(each)) dialer.remove_seed(each);
  }
  for (const auto& each : listed) dialer.add_seed(now, each);
  file_seeds_ = std::move(listed);
  return skipped;
}

}  // namespace askr
