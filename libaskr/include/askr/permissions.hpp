// SPDX-License-Identifier: MIT
#pragma once

/// What a principal may do: a list of allowed patterns for each verb. Patterns are those of subscriptions.

#include <askr/error.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace askr {

enum class verb : std::uint8_t { send, serve, emit, listen, state_read, state_write, admin };
inline constexpr std::size_t verbs_count = 7;

std::string_view to_string(verb what) noexcept;

/// True if `pattern` covers `name`. Dots separate levels; `*` stands for one level, a final `>` for one or more.
/// `sensor.*.temp` covers `sensor.a.temp`; `sensor.>` covers `sensor.a` and `sensor.a.b`; `>` covers everything.
bool pattern_matches(std::string_view pattern, std::string_view name) noexcept;
/// True if the text has a `*` or `>` level, so that it must be matched and not looked up.
bool is_pattern(std::string_view text) noexcept;

/// Immutable once handed over. Nothing is allowed that no pattern allows. Copyable, and copies share what they say;
/// const use is thread-safe.
class permissions {
 public:
  static permissions none() { return {}; }
  /// Everything but `admin`: the default for an authenticated client and for a peer.
  static permissions member();
  static permissions everything();

  permissions& allow(verb what, std::string pattern);
  bool may(verb what, std::string_view name) const noexcept;

  /// Reads words VERB=PATTERN[,PATTERN...]: "send=sensor.>,light.* listen=>". A verb that is not named allows nothing.
  /// The word `member` or `everything` stands for all that these allow. Fails with bad_options, naming the word.
  static result<permissions> parse(std::string_view text);
  /// What is allowed for a verb, as parse() reads it: "send=sensor.>,light.*"; "send=" if nothing is.
  std::string rule_of(verb what) const;

  bool operator==(const permissions& other) const noexcept;

 private:
  using patterns = std::array<std::vector<std::string>, verbs_count>;

  void allow_all_of(const permissions& other);
  patterns& own_patterns();
  const std::vector<std::string>& patterns_of(verb what) const noexcept;

  std::shared_ptr<const patterns> allowed_;  ///< Null: none.
};

}  // namespace askr
