// SPDX-License-Identifier: MIT
#include "bench/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace askr::bench {
namespace {

template <class Number>
Number parse(std::string_view name, const std::string& text, Number min, Number max) {
  Number parsed{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  const bool whole = failed == std::errc{} && end == text.data() + text.size();
  if (whole && parsed >= min && parsed <= max) return parsed;
  throw bad_arguments(std::string(name) + " is a number from " + std::to_string(min) + " to " + std::to_string(max) +
                      ", not \"" + text + "\"");
}

}  // namespace

std::string arguments::take_word() {
  if (left_.empty() || left_.front().starts_with("-")) return {};
  auto word = std::move(left_.front());
  left_.erase(left_.begin());
  return word;
}

bool arguments::take_flag(std::string_view name) { return std::erase(left_, name) > 0; }

std::string arguments::take_text(std::string_view name, std::string fallback) {
  const auto found = std::find(left_.begin(), left_.end(), name);
  if (found == left_.end()) return fallback;
  if (std::next(found) == left_.end()) throw bad_arguments(std::string(name) + " needs a value");
  auto value = std::move(*std::next(found));
  left_.erase(found, found + 2);
  return value;
}

long arguments::take_integer(std::string_view name, long fallback, long min, long max) {
  return parse(name, take_text(name, std::to_string(fallback)), min, max);
}

double arguments::take_number(std::string_view name, double fallback, double min, double max) {
  return parse(name, take_text(name, std::to_string(fallback)), min, max);
}

void arguments::finish() const {
  if (!left_.empty()) throw bad_arguments("unknown argument \"" + left_.front() + "\"");
}

}  // namespace askr::bench
