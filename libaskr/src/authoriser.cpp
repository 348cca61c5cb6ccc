// SPDX-License-Identifier: MIT
#include "libaskr/src/authoriser.hpp"

#include <algorithm>

namespace askr {
namespace {

error denied(const principal& who, verb what, std::string_view name, const std::string& rule) {
  return {errc::denied,
          who.name + " may not " + std::string(to_string(what)) + " " + std::string(name) + " (" + rule + ")"};
}

}  // namespace

result<void> authoriser::check(const principal& who, verb what, std::string_view name) const {
  const bool is_client = who.what == principal::kind::client;
  if (!who.rights.may(what, name)) {
    const bool vouched = is_client && who.entry != self_;
    return denied(who, what, name, (vouched ? "rule of its node: " : "rule: ") + who.rights.rule_of(what));
  }
  if (!is_client || rules_.empty() || who.roles.empty()) return {};
  const auto roles = refusing_roles(who, what, name);
  if (!roles.empty()) return denied(who, what, name, roles);
  return {};
}

std::string authoriser::refusing_roles(const principal& who, verb what, std::string_view name) const {
  std::string refusing;
  for (const auto& rule : rules_) {
    if (std::find(who.roles.begin(), who.roles.end(), rule.role) == who.roles.end()) continue;
    if (rule.rights.may(what, name)) return {};
    refusing += (refusing.empty() ? "role " : ", role ") + rule.role + ": " + rule.rights.rule_of(what);
  }
  return refusing;
}

}  // namespace askr
