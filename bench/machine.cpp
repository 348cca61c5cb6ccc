// SPDX-License-Identifier: MIT
#include "bench/report.hpp"

#include <askr/version.hpp>

#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/utsname.h>

namespace askr::bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

json_line describe_machine() {
  utsname kernel{};
  ::uname(&kernel);
  double busy[1] = {0};
  (void)::getloadavg(busy, 1);
  json_line machine;
  machine.add("cpu", cpu_model())
      .add("cores", static_cast<double>(std::thread::hardware_concurrency()))
      .add("kernel", std::string_view(kernel.release))
      .add("load_1m", busy[0]);
  return machine;
}

json_line describe_build() {
  json_line build;
  build.add("askr", std::string_view(ASKR_VERSION))
      .add("compiler", std::string_view(__VERSION__))
      .add("type", std::string_view(ASKR_BENCH_BUILD_TYPE))
      .add("flags", std::string_view(ASKR_BENCH_FLAGS));
  return build;
}

}  // namespace askr::bench
