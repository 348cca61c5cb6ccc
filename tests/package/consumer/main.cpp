// SPDX-License-Identifier: MIT
// The smallest program that needs all of the package: public headers, the library's code, its public definitions (Asio
// is declared here and implemented in the library), and the libraries behind it.
#include <askr/askr.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace {

bool timer_fires() {
  asio::io_context context;
  bool fired = false;
  asio::steady_timer timer(context, std::chrono::milliseconds(1));
  timer.async_wait([&](std::error_code) { fired = true; });
  context.run();
  return fired;
}

std::string ask_a_node() {
  askr::node node{{.name = "consumer", .port = 0, .beacon = false, .secret = "a workspace secret for the package test"}};
  node.on("greet", [](const askr::command& asked) { return "hello " + asked.as<std::string>(); });
  node.start();
  return node.send("greet", std::string("package")).get().as<std::string>();
}

}  // namespace

int main() try {
  if (!timer_fires() || ask_a_node() != "hello package") return 1;
  std::printf("askr %s\n", askr::version);
} catch (const std::exception& error) {
  std::printf("consumer: %s\n", error.what());
  return 1;
}
