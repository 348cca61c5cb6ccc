// SPDX-License-Identifier: MIT
// node-askr's server.js: a node that tells the time, once (`fetch`) or every second (`start`, `stop`).
#include "examples/arguments.hpp"

#include <askr/askr.hpp>

#include <atomic>
#include <csignal>
#include <thread>

int main(int count, char** words) {
  const examples::arguments given(count, words);
  const auto stop = examples::block_stop_signals();
  askr::node_options options{.name = given.text("--name", "agent"), .workspace = given.text("--workspace", "global")};
  options.port = static_cast<std::uint16_t>(given.number("--port", 8800));
  options.log = examples::log_to_stderr;

  askr::node agent(std::move(options));
  std::atomic<bool> ticking = false;
  std::atomic<bool> running = true;

  agent.on("fetch", [] { return examples::now_ms(); });
  agent.on("start", [&] { ticking = true; });
  agent.on("stop", [&] { ticking = false; });
  agent.start();
  examples::say_ready(agent, given.has("--json"));

  std::thread clock([&, interval = std::chrono::milliseconds(given.number("--interval-ms", 1000))] {
    while (running) {
      std::this_thread::sleep_for(interval);
      if (ticking) agent.emit("FETCHED_TIME", examples::now_ms());
    }
  });

  examples::wait_for(stop);
  running = false;
  clock.join();
}
