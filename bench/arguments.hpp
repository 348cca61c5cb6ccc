// SPDX-License-Identifier: MIT
#pragma once

/// The command line as `--name value` pairs and `--flags`, taken one by one; what nobody took is an error. A few lines
/// instead of a library, because the measured process should hold nothing but what is measured.

#include <string>
#include <string_view>
#include <vector>

namespace askr::bench {

/// Thrown for a command line that cannot be run; what() is the sentence to print.
struct bad_arguments : std::exception {
  explicit bad_arguments(std::string why) : sentence(std::move(why)) {}
  const char* what() const noexcept override { return sentence.c_str(); }

  std::string sentence;
};

class arguments {
 public:
  arguments(int count, char** values) : left_(values, values + count) {}

  /// The first argument if it is no option, else empty.
  std::string take_word();
  bool take_flag(std::string_view name);
  std::string take_text(std::string_view name, std::string fallback);
  long take_integer(std::string_view name, long fallback, long min, long max);
  double take_number(std::string_view name, double fallback, double min, double max);
  /// Throws bad_arguments if anything is left.
  void finish() const;

 private:
  std::vector<std::string> left_;
};

}  // namespace askr::bench
