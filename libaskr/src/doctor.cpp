// SPDX-License-Identifier: MIT
#include "libaskr/src/doctor.hpp"

#include "mesh/host_address.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace askr {
namespace {

constexpr milliseconds echo_time = 300ms;    // In which a node's own beacon should be back.
constexpr std::int64_t clock_ms_max = 5000;  // More is worth a word: incarnations and stamps are wall time.
constexpr std::size_t shown_max = 256;       // Of each list.

/// Facts and findings as they are gathered.
class diagnosis {
 public:
  diagnosis(time_point now, const node_options& options, const discovery& found, node_core& core)
      : now_(now), options_(options), found_(found), core_(core), nodes_(core.nodes()) {}

  value all() {
    explain_reach();
    value object{{"name", core_.members().self().name}, {"listening", texts(found_.endpoints())}};
    object["interfaces"] = interfaces();
    object["candidates"] = candidates();
    object["links"] = links();
    object["sources"] = sources();
    object["clocks"] = clocks();
    object["findings"] = findings();  // Last: the others explain as they go.
    return object;
  }

 private:
  static value texts(const std::vector<std::string>& all) {
    value::array listed;
    for (const auto& each : all) listed.emplace_back(each);
    return listed;
  }

  void complain(std::string text) { grave_.push_back(std::move(text)); }
  void remark(std::string text) { remarks_.push_back(std::move(text)); }
  bool alone() const { return nodes_.size() < 2; }

  std::string name_of(const std::string& id) const {
    for (const auto& each : nodes_) {
      if (each.id.to_string() == id) return each.name;
    }
    return "node " + id.substr(0, 8);
  }

  void explain_reach() {
    if (mesh::is_loopback_address(options_.bind)) {
      remark(
          "it listens on loopback only, so nodes on other hosts cannot reach it (askr node --bind 0.0.0.0 "
          "--secret-file FILE)");
    }
    if (!options_.beacon) {
      remark("beacons are off: it finds others by seeds and by what linked nodes say, and is found by nobody");
    } else if (found_.routes().empty()) {
      complain("no interface can carry beacons: none is up, able to multicast and allowed");
    }
    if (alone() && options_.seeds.empty() && options_.seeds_file.empty()) {
      remark("it has no seeds: where multicast does not reach, give it some (askr node --join HOST:PORT)");
    }
  }

  value interfaces() {
    value::array listed;
    for (const auto& each : found_.routes()) {
      const auto key = std::pair(each.interface.name, each.ipv6);
      const auto at = found_.ledger().routes().find(key);
      const auto row = at == found_.ledger().routes().end() ? mesh::beacon_ledger::route{} : at->second;
      explain(each, row);
      listed.emplace_back(value{{"name", each.interface.name},
                                {"family", each.ipv6 ? "IPv6" : "IPv4"},
                                {"sent", row.sent},
                                {"came_back", row.came_back},
                                {"from_others", row.from_others},
                                {"problem", row.problem}});
    }
    return listed;
  }

  void explain(const beacon_route& by, const mesh::beacon_ledger::route& row) {
    const auto where = by.interface.name + (by.ipv6 ? " (IPv6)" : " (IPv4)");
    if (!row.problem.empty()) return complain("beacons cannot leave by " + where + ": " + row.problem);
    if (row.sent > 0 && row.came_back == 0 && now_ > row.first_sent + echo_time) {
      return complain("multicast leaves " + where + " but does not come back: a firewall on this host drops UDP to " +
                      (by.ipv6 ? options_.beacon_group_ipv6 : options_.beacon_group) + " port " +
                      std::to_string(options_.beacon_port));
    }
    if (alone() && row.from_others == 0 && row.came_back > 0 && !by.interface.loopback) {
      complain("no beacon of another node of this workspace came in on " + where +
               ": nobody else is there, or the network does not pass multicast on");
    }
  }

  value candidates() {
    value::array listed;
    for (const auto& each : core_.members().candidates()) {
      if (!each.linked) explain(each);
      if (listed.size() == shown_max) continue;
      value::array addresses;
      for (const auto& at : each.addresses) {
        addresses.emplace_back(value{{"address", at.address}, {"last_result", at.last_result}});
      }
      listed.emplace_back(value{{"who", each.who},
                                {"seed", each.seed},
                                {"linked", each.linked},
                                {"last_result", each.last_result},
                                {"addresses", std::move(addresses)}});
    }
    return listed;
  }

  void explain(const mesh::dialer::status& who) {
    if (who.last_result == "this node itself") return remark("seed " + who.who + " is this node itself");
    if (who.seed && who.addresses.empty()) {
      if (who.last_result.starts_with("does not resolve")) complain("seed " + who.who + " " + who.last_result);
      return;
    }
    std::vector<std::string> results;
    for (const auto& each : who.addresses) {
      // The unix socket is an attempt more, no address more.
      if (!each.address.starts_with("unix ")) results.push_back(plain(each.last_result));
    }
    if (std::all_of(results.begin(), results.end(), [](const auto& each) { return each == "not tried yet"; })) return;
    std::string text = (who.seed ? "seed " + who.who : name_of(who.who)) +
                       " cannot be reached: " + std::to_string(results.size()) +
                       (results.size() == 1 ? " address: " : " addresses: ");
    for (std::size_t i = 0; i < results.size(); ++i) text += (i == 0 ? "" : ", ") + results[i];
    complain(std::move(text));
  }

  /// What a dial came to, in a word or two.
  static std::string plain(const std::string& result) {
    static const std::vector<std::pair<std::string_view, std::string_view>> words{
        {"refused", "refused"},
        {"no connection in time", "timed out"},
        {"timed out", "timed out"},
        {"another node answered", "wrong identity"},
        {"linked", "lost its link"},
        {"unreachable", "no route"},
        {"the other side closed", "it hung up (another workspace or secret, or no node)"},
        {"Connection reset", "it hung up (another workspace or secret, or no node)"},
        {"handshake", "no handshake"}};
    for (const auto& [sign, word] : words) {
      if (result.find(sign) != std::string::npos) return std::string(word);
    }
    return result;
  }

  value links() {
    value::array listed;
    core_.peers().for_each([&](const peer& each) {
      if (listed.size() == shown_max) return;
      listed.emplace_back(value{{"name", each.name},
                                {"address", each.address},
                                {"sees_us_at", each.observed},
                                {"round_trip_us", static_cast<std::int64_t>(each.round_trip.count())}});
    });
    return listed;
  }

  value sources() {
    value::array listed;
    for (const auto& [address, row] : found_.ledger().sources()) {
      if (row.other_workspace > 0) {
        remark(std::to_string(row.other_workspace) +
               " beacons of another workspace, or of this one with another secret, came from " + address);
      }
      if (row.wrong_mac > 0) {
        complain(std::to_string(row.wrong_mac) + " beacons with our workspace's mark and a wrong MAC came from " +
                 address + ": forged or damaged");
      }
      if (row.other_network > 0) {
        remark(std::to_string(row.other_network) + " beacons of this workspace came from " + address +
               ", which is in no network of the interface they came in on, and were not followed: two networks on one "
               "wire are joined by a seed (askr node --join " +
               endpoint{address, row.port}.to_string() + "), or by a node with an address in both");
      }
      if (listed.size() == shown_max) continue;
      listed.emplace_back(value{{"address", address},
                                {"other_network", row.other_network},
                                {"other_workspace", row.other_workspace},
                                {"wrong_mac", row.wrong_mac},
                                {"malformed", row.malformed}});
    }
    return listed;
  }

  value clocks() {
    value::array listed;
    for (const auto& [id, ahead_ms] : found_.ledger().clocks()) {
      if (std::abs(ahead_ms) < clock_ms_max) continue;
      const auto who = name_of(id.to_string());
      complain("clock_skew: the clock of " + who + " is " + std::to_string(std::abs(ahead_ms) / 1000) + " s " +
               (ahead_ms > 0 ? "ahead of" : "behind") + " ours");
      listed.emplace_back(value{{"who", who}, {"ahead_ms", ahead_ms}});
    }
    return listed;
  }

  value findings() {
    value::array listed;
    const auto others = nodes_.size() - 1;
    const auto linked = static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [](const auto& each) { return !each.link.empty(); }));
    const auto summary = others == 0
                             ? std::string("it sees no other node")
                             : "it sees " + std::to_string(others) + (others == 1 ? " other node" : " other nodes") +
                                   " and is linked to " + std::to_string(linked);
    listed.emplace_back(value{{"grave", others == 0}, {"text", summary}});
    for (auto& each : grave_) listed.emplace_back(value{{"grave", true}, {"text", std::move(each)}});
    for (auto& each : remarks_) listed.emplace_back(value{{"grave", false}, {"text", std::move(each)}});
    return listed;
  }

  time_point now_;
  const node_options& options_;
  const discovery& found_;
  node_core& core_;
  std::vector<node_info> nodes_;
  std::vector<std::string> grave_;
  std::vector<std::string> remarks_;
};

}  // namespace

value diagnose(time_point now, const node_options& options, const discovery& found, node_core& core) {
  return diagnosis(now, options, found, core).all();
}

}  // namespace askr
