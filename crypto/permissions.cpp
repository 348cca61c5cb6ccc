// SPDX-License-Identifier: MIT
#include <askr/permissions.hpp>

#include <algorithm>

namespace askr {
namespace {

/// Cuts the first level off `rest` and returns it.
std::string_view next_level(std::string_view& rest) noexcept {
  const auto dot = rest.find('.');
  const auto level = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return level;
}

constexpr std::array<verb, 6> member_verbs{verb::send,   verb::serve,      verb::emit,
                                           verb::listen, verb::state_read, verb::state_write};

}  // namespace

std::string_view to_string(verb what) noexcept {
  constexpr std::array<std::string_view, verbs_count> names{"send",       "serve",       "emit", "listen",
                                                            "state_read", "state_write", "admin"};
  return names[static_cast<std::size_t>(what)];
}

bool pattern_matches(std::string_view pattern, std::string_view name) noexcept {
  while (!pattern.empty() && !name.empty()) {
    if (pattern == ">") return true;
    const bool pattern_ends = pattern.find('.') == std::string_view::npos;
    const bool name_ends = name.find('.') == std::string_view::npos;
    const auto expected = next_level(pattern);
    const auto level = next_level(name);
    // One level of any name, but not the pattern for many levels: `door.*` must not let anybody subscribe to `door.>`.
    if (expected != level && (expected != "*" || level == ">")) return false;
    if (pattern_ends || name_ends) return pattern_ends && name_ends;
  }
  return pattern.empty() && name.empty();
}

bool is_pattern(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto level = next_level(text);
    if (level == "*" || level == ">") return true;
  }
  return false;
}

permissions permissions::member() {
  permissions rights;
  for (const auto what : member_verbs) rights.allow(what, ">");
  return rights;
}

permissions permissions::everything() { return member().allow(verb::admin, ">"); }

permissions& permissions::allow(verb what, std::string pattern) {
  allowed_[static_cast<std::size_t>(what)].push_back(std::move(pattern));
  return *this;
}

bool permissions::may(verb what, std::string_view name) const noexcept {
  const auto& patterns = allowed_[static_cast<std::size_t>(what)];
  return std::any_of(patterns.begin(), patterns.end(),
                     [name](const std::string& pattern) { return pattern_matches(pattern, name); });
}

}  // namespace askr
