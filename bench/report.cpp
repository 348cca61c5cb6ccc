// SPDX-License-Identifier: MIT
#include "bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace askr::bench {

spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  const auto median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::string format_number(double number) {
  if (!std::isfinite(number)) return "0";
  const int digits = number == std::floor(number) || std::abs(number) >= 10'000 ? 0 : std::abs(number) >= 100 ? 1 : 3;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

void json_line::add_key(std::string_view key) {
  if (!members_.empty()) members_ += ',';
  members_.append("\"").append(key).append("\":");
}

json_line& json_line::add(std::string_view key, std::string_view text) {
  add_key(key);
  members_ += '"';
  for (const char each : text) {
    if (each == '"' || each == '\\') members_ += '\\';
    members_ += static_cast<unsigned char>(each) < 0x20 ? ' ' : each;
  }
  members_ += '"';
  return *this;
}

json_line& json_line::add(std::string_view key, double number) {
  add_key(key);
  members_ += format_number(number);
  return *this;
}

json_line& json_line::add(std::string_view key, const json_line& object) {
  add_key(key);
  members_ += object.text();
  return *this;
}

json_line& json_line::add(std::string_view key, const spread& numbers) {
  const std::string name(key);
  return add(name, numbers.median).add(name + "_min", numbers.min).add(name + "_max", numbers.max);
}

}  // namespace askr::bench
