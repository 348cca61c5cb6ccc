// SPDX-License-Identifier: MIT
// askr send: one command, and its answer as a line of JSON.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/output.hpp"

#include <askr/client.hpp>

namespace askr::cli {

int run_send(const global_options& global, const send_arguments& arguments) {
  auto data = read_json_argument(arguments.data);
  client asking(client_for(global));
  asking.connect();
  const send_options how{.to = arguments.to, .timeout = arguments.timeout, .idempotent = arguments.idempotent};
  const auto answer = asking.send(arguments.command, std::move(data), how).get();
  print_line(as_json_line(answer));
  return exit_done;
}

}  // namespace askr::cli
