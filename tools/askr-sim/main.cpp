// SPDX-License-Identifier: MIT
/// askr-sim: thousands of nodes in one process and in virtual time. docs/simulation.md
#include "tools/askr-sim/options.hpp"
#include "tools/askr-sim/run.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

/// Hundreds of nodes are gigabytes that are visited all over: with huge pages that is a fifth faster. The C library
/// reads how to get its memory before main(), so this begins again; if it can't, all goes on as it is.
void use_huge_pages(char** values) {
  if (std::getenv("GLIBC_TUNABLES") != nullptr) return;
  ::setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
  ::execv("/proc/self/exe", values);
}

constexpr std::size_t many_nodes = 300;

}  // namespace

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
  if (options.nodes >= many_nodes) use_huge_pages(values);
  const auto result = std::make_unique<askr::sim::run>(options)->to_end();
  const auto line = askr::sim::to_json(options, result);
  std::printf("%s\n", line.c_str());
  if (result.violations == 0) return 0;
  std::fprintf(stderr, "askr-sim: %llu VIOLATIONS: seed=%llu nodes=%zu minutes=%g faults=%s\n",
               static_cast<unsigned long long>(result.violations), static_cast<unsigned long long>(options.seed),
               options.nodes, options.minutes, askr::sim::to_string(options.faults).c_str());
  return 1;
}
