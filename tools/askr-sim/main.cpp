// SPDX-License-Identifier: MIT
/// askr-sim: thousands of nodes in one process and in virtual time. docs/simulation.md
#include "tools/askr-sim/options.hpp"
#include "tools/askr-sim/run.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    return std::fputs(askr::sim::usage, stdout) < 0 ? 1 : 0;
  }
  askr::sim::sim_options options;
  try {
    options = askr::sim::parse_options(arguments);
  } catch (const askr::sim::wrong_usage& why) {
    std::fprintf(stderr, "askr-sim: %s\n%s", why.what(), askr::sim::usage);
    return 2;
  }
  const auto result = std::make_unique<askr::sim::run>(options)->to_end();
  const auto line = askr::sim::to_json(options, result);
  std::printf("%s\n", line.c_str());
  if (result.violations == 0) return 0;
  std::fprintf(stderr, "askr-sim: %llu VIOLATIONS: seed=%llu nodes=%zu minutes=%g faults=%s\n",
               static_cast<unsigned long long>(result.violations), static_cast<unsigned long long>(options.seed),
               options.nodes, options.minutes, askr::sim::to_string(options.faults).c_str());
  return 1;
}
