// SPDX-License-Identifier: MIT
// askr version.
#include "tools/askr/commands.hpp"
#include "tools/askr/output.hpp"

#include <askr/value.hpp>
#include <askr/version.hpp>

namespace askr::cli {

int run_version(const global_options& global) {
  global.json ? print_json(value{{"version", version}}) : print_line("askr " + std::string(version));
  return exit_done;
}

}  // namespace askr::cli
