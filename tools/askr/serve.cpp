// SPDX-License-Identifier: MIT
// askr serve: any program that reads and writes JSON becomes a service.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/output.hpp"
#include "tools/askr/program.hpp"
#include "tools/askr/stop_signal.hpp"

#include <askr/client.hpp>
#include <askr/value.hpp>

#include <atomic>
#include <csignal>

namespace askr::cli {
namespace {

/// What the program wrote: JSON if it is that, else the text without its last line end.
payload as_answer(std::string output) {
  if (output.empty()) return {};
  if (const auto read = from_json(output)) return payload::from(*read);
  if (output.ends_with('\n')) output.pop_back();
  return payload::from(output);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

result<payload> answer_with(const serve_arguments& arguments, const command& asked, const std::atomic<bool>& stop) {
  const auto input = asked.data.to_json();
  if (!input) return input.error();
  auto ran = run_program(arguments.program, *input + "\n", asked.deadline, stop);
  if (!ran) {
    print_error(ran.error());
    return ran.error();
  }
  if (ran->status == 0) return as_answer(std::move(ran->output));
  auto why = first_line(ran->errors);
  if (why.empty()) why = arguments.program[0] + " ended with status " + std::to_string(ran->status);
  print_error(error{errc::handler_failed, why});
  return error{errc::handler_failed, std::move(why)};
}

void say_serving(const global_options& global, const serve_arguments& arguments, const client& connected) {
  if (global.json) {
    return print_json(value{{"event", "serving"},
                            {"command", arguments.command},
                            {"node", connected.node_name()},
                            {"url", connected.url()}});
  }
  print_line("serving " + arguments.command + " at " + printable(connected.node_name()));
}

}  // namespace

int run_serve(const global_options& global, const serve_arguments& arguments) {
  stop_signal stop;
  std::signal(SIGPIPE, SIG_IGN);  // A program may end before it has read its input.
  std::atomic<bool> stopping = false;
  auto options = lasting_client_for(global);
  options.workers = arguments.jobs;
  client serving(std::move(options));
  serving.on(arguments.command,
             blocking([&](const command& asked) { return answer_with(arguments, asked, stopping); }));
  serving.connect();
  serving.ready().get();
  say_serving(global, arguments, serving);
  stop.wait();
  stopping = true;
  serving.close();
  return exit_done;
}

}  // namespace askr::cli
