// SPDX-License-Identifier: MIT
// askr send: one command, and its answer as a line of JSON; of all nodes, or in parts, as several lines.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/output.hpp"

#include <askr/client.hpp>
#include <askr/value.hpp>

#include <future>
#include <memory>

namespace askr::cli {
namespace {

value as_json(const node_answer& answer) {
  value row{{"node", answer.node}, {"id", answer.id.to_string()}};
  if (answer.outcome) {
    row["value"] = answer.outcome->as<value>();
    return row;
  }
  row["error"] = answer.outcome.error().detail;
  row["code"] = std::string(to_string(answer.outcome.code()));
  if (answer.maybe_executed) row["maybeExecuted"] = true;
  return row;
}

/// One line for each node; an error if any has failed.
int print_all(const global_options& global, const std::vector<node_answer>& answers) {
  int status = exit_done;
  for (const auto& each : answers) {
    if (!each.outcome) status = exit_error;
    if (global.json) {
      print_json(as_json(each));
    } else if (each.outcome) {
      print_line(printable(each.node) + " " + as_json_line(*each.outcome));
    } else {
      print_error(printable(each.node) + ": " + each.outcome.error().message(), {});
    }
  }
  return status;
}

payload print_parts(client& asking, const send_arguments& arguments, payload data, const send_options& how) {
  const auto outcome = std::make_shared<std::promise<result<payload>>>();
  asking.stream(
      arguments.command, std::move(data), how, [](payload_view part) { print_line(as_json_line(payload(part))); },
      [outcome](result<payload> ended) { outcome->set_value(std::move(ended)); });
  auto ended = outcome->get_future().get();
  if (!ended) throw failure(ended.error());
  return std::move(ended).value();
}

}  // namespace

int run_send(const global_options& global, const send_arguments& arguments) {
  auto data = read_json_argument(arguments.data);
  client asking(client_for(global));
  asking.connect();
  const send_options how{.to = arguments.to,
                         .timeout = arguments.timeout,
                         .idempotent = arguments.idempotent,
                         .balance = balance_from_string(arguments.balance).value_or(balance::p2c),
                         .key = arguments.key};
  if (arguments.all) return print_all(global, asking.send_all(arguments.command, std::move(data), how).get());
  const auto answer = arguments.stream ? print_parts(asking, arguments, std::move(data), how)
                                       : asking.send(arguments.command, std::move(data), how).get();
  print_line(as_json_line(answer));
  return exit_done;
}

}  // namespace askr::cli
