// SPDX-License-Identifier: MIT
#include "tools/askr/json_text.hpp"

#include "tools/askr/output.hpp"

#include <askr/value.hpp>

#include <iostream>
#include <iterator>

namespace askr::cli {
namespace {

constexpr std::size_t input_bytes_max = 16 << 20;

std::string read_stdin() {
  std::string text;
  char part[4096];
  while (std::cin.read(part, sizeof part) || std::cin.gcount() > 0) {
    text.append(part, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > input_bytes_max) throw usage_error("stdin has more than 16 MiB", "send less, or in parts");
  }
  return text;
}

}  // namespace

payload read_json_argument(const std::string& text) {
  if (text.empty()) return {};
  const auto given = text == "-" ? read_stdin() : text;
  const auto read = from_json(given);
  if (!read) {
    throw usage_error("this is no JSON: " + read.error().detail,
                      "a string needs its own quotes, inside those of the shell: '\"text\"'");
  }
  return payload::from(*read);
}

std::string as_json_line(payload_view data) {
  const auto text = data.to_json();
  if (!text) throw failure(text.error());
  return printable(*text);
}

}  // namespace askr::cli
