// SPDX-License-Identifier: MIT
// askr emit: one event; ends when the node has taken it.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/json_text.hpp"

#include <askr/client.hpp>

namespace askr::cli {

int run_emit(const global_options& global, const emit_arguments& arguments) {
  auto data = read_json_argument(arguments.data);
  client emitting(client_for(global));
  emitting.connect();
  emitting.emit(arguments.topic, std::move(data));
  emitting.ready().get();
  return exit_done;
}

}  // namespace askr::cli
