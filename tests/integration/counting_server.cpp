// SPDX-License-Identifier: MIT
// A node whose handlers note each command that they run in a file, before they answer: what chaos.py counts afterwards.
#include "examples/arguments.hpp"

#include <askr/askr.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <string>

int main(int count, char** words) {
  const examples::arguments given(count, words);
  const auto stop = examples::block_stop_signals();
  askr::node_options options{.name = given.text("--name", "server"), .workspace = given.text("--workspace", "global")};
  options.port = static_cast<std::uint16_t>(given.number("--port", 8800));
  options.log = examples::log_to_stderr;
  const int notes = open(given.text("--notes", "notes").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (notes < 0) return 1;

  askr::node node(std::move(options));
  const auto note = [notes](const char* what, std::int64_t number) {
    const auto line = what + std::to_string(number) + "\n";
    if (write(notes, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
    return number;
  };
  node.on("once", [note](std::int64_t number) { return note("once ", number); });
  node.on("often", [note](std::int64_t number) { return note("often ", number); });
  node.start();
  examples::say_ready(node, given.has("--json"));
  examples::wait_for(stop);
}
