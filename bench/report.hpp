// SPDX-License-Identifier: MIT
#pragma once

/// What a measurement says at its end: one JSON object on one line, and where it was measured.

#include <string>
#include <string_view>
#include <vector>

namespace askr::bench {

/// Of the rounds of one measurement.
struct spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

spread spread_of(std::vector<double> values);

/// A flat JSON object, member by member, in the order of their coming.
class json_line {
 public:
  json_line& add(std::string_view key, std::string_view text);
  json_line& add(std::string_view key, double number);
  json_line& add(std::string_view key, const json_line& object);
  /// As `key`, `key_min`, `key_max`.
  json_line& add(std::string_view key, const spread& numbers);

  std::string text() const { return "{" + members_ + "}"; }

 private:
  void add_key(std::string_view key);

  std::string members_;
};

/// "1234567.89" without what nobody reads: 4 significant digits at least, whole numbers whole.
std::string format_number(double number);

/// CPU, cores, kernel, load: for comparing lines, which is allowed within one run only.
json_line describe_machine();
/// askr's version, compiler and flags.
json_line describe_build();

}  // namespace askr::bench
