// SPDX-License-Identifier: MIT
#include <askr/permissions.hpp>

#include <algorithm>
#include <optional>

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

std::optional<verb> verb_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < verbs_count; ++i) {
    if (to_string(static_cast<verb>(i)) == name) return static_cast<verb>(i);
  }
  return std::nullopt;
}

std::string_view next_part(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

error no_right(std::string_view word) {
  return {errc::bad_options,
          "\"" + std::string(word) +
              "\" is no right: VERB=PATTERN[,PATTERN...] with send, serve, emit, listen, state_read, "
              "state_write or admin; or member; or everything"};
}

}  // namespace

std::string_view to_string(verb what) noexcept {
  constexpr std::array<std::string_view, verbs_count> names{"send",       "serve",       "emit", "listen",
                                                            "state_read", "state_write", "admin"};
  return names[static_cast<std::size_t>(what)];
}

bool pattern_matches(std::string_view pattern, std::string_view name) noexcept {
  if (pattern == ">") return !name.empty();  // The usual right.
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

// One of each, which all copies share.
permissions permissions::member() {
  static const permissions rights = [] {
    permissions made;
    for (const auto what : member_verbs) made.allow(what, ">");
    return made;
  }();
  return rights;
}

permissions permissions::everything() {
  static const permissions rights = member().allow(verb::admin, ">");
  return rights;
}

// To be changed: copies that were made go on to say what they said.
permissions::patterns& permissions::own_patterns() {
  auto own = allowed_ ? std::make_shared<patterns>(*allowed_) : std::make_shared<patterns>();
  allowed_ = own;
  return *own;
}

const std::vector<std::string>& permissions::patterns_of(verb what) const noexcept {
  static const std::vector<std::string> nothing;
  return allowed_ ? (*allowed_)[static_cast<std::size_t>(what)] : nothing;
}

permissions& permissions::allow(verb what, std::string pattern) {
  own_patterns()[static_cast<std::size_t>(what)].push_back(std::move(pattern));
  return *this;
}

bool permissions::may(verb what, std::string_view name) const noexcept {
  if (!allowed_) return false;
  const auto& allowed = (*allowed_)[static_cast<std::size_t>(what)];
  return std::any_of(allowed.begin(), allowed.end(),
                     [name](const std::string& pattern) { return pattern_matches(pattern, name); });
}

bool permissions::operator==(const permissions& other) const noexcept {
  static const patterns nothing;
  return allowed_ == other.allowed_ || (allowed_ ? *allowed_ : nothing) == (other.allowed_ ? *other.allowed_ : nothing);
}

void permissions::allow_all_of(const permissions& other) {
  if (!other.allowed_) return;
  auto& own = own_patterns();
  for (std::size_t i = 0; i < verbs_count; ++i) {
    const auto& more = (*other.allowed_)[i];
    own[i].insert(own[i].end(), more.begin(), more.end());
  }
}

result<permissions> permissions::parse(std::string_view text) {
  permissions rights;
  while (!text.empty()) {
    const auto word = next_part(text, ' ');
    if (word.empty()) continue;
    if (word == "member" || word == "everything") {
      rights.allow_all_of(word == "member" ? member() : everything());
      continue;
    }
    const auto equals = word.find('=');
    const auto what = verb_from_string(word.substr(0, equals));
    if (!what || equals == std::string_view::npos) return no_right(word);
    for (auto patterns = word.substr(equals + 1); !patterns.empty();) {
      const auto pattern = next_part(patterns, ',');
      if (pattern.empty()) return no_right(word);
      rights.allow(*what, std::string(pattern));
    }
  }
  return rights;
}

std::string permissions::rule_of(verb what) const {
  std::string rule(to_string(what));
  char before = '=';
  for (const auto& pattern : patterns_of(what)) {
    rule += before + pattern;
    before = ',';
  }
  return before == '=' ? rule + "=" : rule;
}

}  // namespace askr
