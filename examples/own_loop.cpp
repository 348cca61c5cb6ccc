// SPDX-License-Identifier: MIT
// A node and a client on your own io_context: one thread, your executor, and coroutines that wait for commands.
#include <askr/askr.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>

namespace {

asio::awaitable<void> talk(askr::node& node, askr::client& client) {
  const auto greeting = co_await node.async_send("greet", askr::payload::from("node"), {}, asio::use_awaitable);
  std::cout << greeting.as<std::string>() << '\n';
  co_await client.async_connect(asio::use_awaitable);
  const auto same = co_await client.async_send("greet", askr::payload::from("client"), {}, asio::use_awaitable);
  std::cout << same.as<std::string>() << '\n';
}

}  // namespace

int main() try {
  asio::io_context loop(1);
  askr::node node({.name = "looper", .workspace = "example-loop", .port = 0, .beacon = false}, loop);
  node.on("greet", [](const std::string& name) { return "hello, " + name; });
  node.start();
  askr::client client({.url = node.url()}, loop);

  std::exception_ptr failed;
  asio::co_spawn(loop, talk(node, client), [&](std::exception_ptr thrown) {
    failed = thrown;
    client.close();
    node.stop();  // Nothing is left to do then, so run() returns.
  });
  loop.run();
  if (failed) std::rethrow_exception(failed);
} catch (const std::exception& why) {
  std::cerr << why.what() << '\n';
  return 1;
}
