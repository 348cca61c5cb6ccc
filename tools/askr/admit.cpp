// SPDX-License-Identifier: MIT
// askr admit, askr revoke: what a workspace's authority signs.
#include "tools/askr/commands.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/output.hpp"

#include <askr/authority.hpp>
#include <askr/value.hpp>

#include <chrono>

namespace askr::cli {
namespace {

constexpr milliseconds backdated = std::chrono::minutes(5);  // For nodes whose clocks are behind.

wall_ms wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<wall_ms>(std::chrono::duration_cast<milliseconds>(now).count());
}

std::pair<verb, std::string> read_right(const std::string& text) {
  const auto equals = text.find('=');
  for (std::size_t i = 0; i < verbs_count && equals != std::string::npos; ++i) {
    const auto what = static_cast<verb>(i);
    if (to_string(what) == text.substr(0, equals)) return {what, text.substr(equals + 1)};
  }
  throw usage_error("\"" + text + "\" is not VERB=PATTERN",
                    "verbs: send, serve, emit, listen, state_read, state_write, admin");
}

}  // namespace

int run_admit(const global_options& global, const admit_arguments& arguments) {
  const auto now = wall_now();
  admission what{.node = arguments.node, .name = arguments.name, .roles = arguments.roles};
  if (!global.workspace.empty()) what.workspace = global.workspace;
  for (const auto& each : arguments.rights) what.rights.push_back(read_right(each));
  what.not_before = now - static_cast<wall_ms>(backdated.count());
  what.not_after = now + static_cast<wall_ms>(milliseconds(std::chrono::hours(24 * arguments.days)).count());
  const auto made = admit_node(arguments.authority_file, what, arguments.certificate_file);
  if (!made) throw failure(made.error());
  if (global.json) {
    print_json(value{{"event", "certificate"},
                     {"file", arguments.certificate_file},
                     {"node", made->node.to_string()},
                     {"serial", std::to_string(made->serial)},
                     {"expires", what.not_after}});
  } else {
    print_line("wrote a certificate for node " + made->node.to_string() + " to " + arguments.certificate_file +
               " (serial " + std::to_string(made->serial) + ", " + std::to_string(arguments.days) + " days)");
  }
  return exit_done;
}

int run_revoke(const global_options& global, const revoke_arguments& arguments) {
  if (arguments.nodes.empty() && arguments.serials.empty()) {
    throw usage_error("nothing to revoke", "give --node ID or --serial NUMBER");
  }
  const auto workspace = global.workspace.empty() ? admission{}.workspace : global.workspace;
  const auto listed = revoke(arguments.authority_file, workspace, arguments.revocations_file, arguments.nodes,
                             arguments.serials, wall_now());
  if (!listed) throw failure(listed.error());
  if (global.json) {
    print_json(value{{"event", "revocations"}, {"file", arguments.revocations_file}, {"listed", *listed}});
  } else {
    print_line("wrote " + std::to_string(*listed) + " revocations to " + arguments.revocations_file +
               ": copy it to every node");
  }
  return exit_done;
}

}  // namespace askr::cli
