// SPDX-License-Identifier: MIT
#include "mesh/observed_endpoints.hpp"

#include "mesh/host_address.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace askr::mesh {
namespace {

/// Where others could dial what one peer sees; nothing if that is no news, or means something to that peer alone.
std::optional<endpoint> candidate_of(const observation& seen, const own_networks& own) {
  auto at = endpoint::parse(seen.endpoint);
  if (!at || !is_ip_address(at->host)) return std::nullopt;
  const bool is_ipv6 = at->host.find(':') != std::string::npos;
  if (!(is_ipv6 ? own.ipv6 : own.ipv4)) return std::nullopt;
  if (is_loopback_address(at->host) || is_link_local_address(at->host) || is_wildcard_address(at->host)) {
    return std::nullopt;
  }
  if (seen.dialed) at->port = own.port;
  if (at->port == 0 || (own.is_own(at->host) && at->port == own.port)) return std::nullopt;
  return *at;
}

}  // namespace

bool observed_endpoints::update(std::span<const observation> all, const own_networks& own) {
  std::map<std::string, std::set<node_id>> said;
  std::map<std::string, bool> alone;  // One word is enough.
  for (const auto& each : all) {
    const auto at = candidate_of(each, own);
    if (!at) continue;
    const auto text = at->to_string();
    said[text].insert(each.by);
    alone[text] = at->port == own.port && own.is_in_network(at->host);
  }
  bool changed = false;
  for (const auto& [text, by] : said) {
    if (by.size() < 2 && !alone[text]) continue;
    if (std::find(announced_.begin(), announced_.end(), text) != announced_.end()) continue;
    if (announced_.size() >= announced_max_) {
      const auto silent = std::find_if(announced_.begin(), announced_.end(),
                                       [&](const std::string& each) { return !said.contains(each); });
      if (silent == announced_.end()) continue;
      announced_.erase(silent);
    }
    announced_.push_back(text);
    changed = true;
  }
  return changed;
}

bool observed_endpoints::forget() { return !std::exchange(announced_, {}).empty(); }

}  // namespace askr::mesh
